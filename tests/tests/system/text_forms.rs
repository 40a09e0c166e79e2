//! Each type that is made from text can be printed, and what is printed makes the same value.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use joblib::array::{DType, MmapMode, Order};
use joblib::hash::{Algorithm, Digest, hash};
use joblib::memory::{ByteSize, Policy};
use joblib::parallel::{Backend, BatchSize, PreDispatch, Prefer};
use joblib::persist::Compress;

/// Prints each value, reads it back, and returns the texts.
#[track_caller]
fn round_trip<T: Display + FromStr<Err: Debug> + PartialEq + Debug>(
    values: impl IntoIterator<Item = T>,
) -> Vec<String> {
    let pass = |value: T| {
        let text = value.to_string();
        assert_eq!(text.parse::<T>().unwrap(), value, "{text:?}");
        text
    };
    values.into_iter().map(pass).collect()
}

#[test]
fn what_is_printed_is_read_as_the_same_value() {
    assert_eq!(
        round_trip([Policy::LeastRecentlyUsed, Policy::CostAware]),
        ["least-recently-used", "cost-aware"]
    );
    assert_eq!(round_trip([7, 3 << 10, 3 << 19].map(ByteSize::from)), ["7B", "3.0K", "1.5M"]);
    assert_eq!(
        round_trip([true.into(), 3.into(), "xz".into(), Compress::from(("xz", 6))]),
        ["true", "3", "xz", "xz:6"]
    );
    assert_eq!(
        round_trip([PreDispatch::All, 3.into(), "2*n_jobs".into(), "3".into()]),
        ["all", "3", "2*n_jobs", "3"]
    );
    assert_eq!(round_trip([BatchSize::Auto, BatchSize::Fixed(16)]), ["auto", "16"]);
    assert_eq!(round_trip([Prefer::Threads, Prefer::Processes]), ["threads", "processes"]);
    assert_eq!(
        round_trip(["sequential", "threading", "loky", "multiprocessing", "mine"].map(Backend::from)),
        ["sequential", "threading", "loky", "multiprocessing", "mine"]
    );
    round_trip(["r", "r+", "w+", "c"].map(|mode| mode.parse::<MmapMode>().unwrap()));
    round_trip(["C", "F"].map(|order| order.parse::<Order>().unwrap()));
    round_trip(["float64", "uint8", "complex128"].map(|dtype| dtype.parse::<DType>().unwrap()));
    round_trip(["blake3", "xxh3", "sha256", "sha1", "md5"].map(|name| name.parse::<Algorithm>().unwrap()));
    round_trip::<Digest>([hash(&1.5).unwrap()]);
}
