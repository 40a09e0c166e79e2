//! Types of other crates. Those of one crate are one value: each value passes through code of its own, which takes the
//! compiler a second.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use half::{bf16, f16};
use indexmap::{IndexMap, IndexSet};
use nalgebra::{DMatrix, DVector, Matrix2x3, Point3, UnitQuaternion};
use ndarray::ShapeBuilder;
use num_bigint::{BigInt, BigUint};
use ordered_float::{NotNan, OrderedFloat};
use rust_decimal::Decimal;
use smallvec::SmallVec;
use url::Url;
use uuid::Uuid;

use std::collections::BTreeMap;

use joblib_array::Array;
use serde::{Deserialize, Serialize};

use super::same;

#[test]
fn dates_and_times_of_chrono_are_kept() {
    let date = NaiveDate::from_ymd_opt(-5, 2, 28).unwrap();
    let time = NaiveTime::from_hms_nano_opt(23, 59, 59, 1_999_999_999).unwrap();
    same((
        (date, time, date.and_time(time)),
        Some(NaiveDateTime::MIN),
        DateTime::<Utc>::from_timestamp(1_700_000_000, 123_456_789).unwrap(),
        "2024-02-29T12:00:00.5+05:30".parse::<DateTime<FixedOffset>>().unwrap(),
        vec![TimeDelta::nanoseconds(-1), TimeDelta::MAX],
        chrono::Weekday::Sun,
    ));
}

#[test]
fn dates_and_times_of_time_are_kept() {
    let moment = time::OffsetDateTime::from_unix_timestamp_nanos(1_700_000_000_123_456_789).unwrap();
    let moments = [moment, moment.to_offset(time::UtcOffset::from_hms(5, 30, 15).unwrap())];
    same((moments, moment.date(), moment.time(), time::Duration::new(-3, -5), time::Month::May));
}

#[test]
fn dates_and_times_of_jiff_are_kept() {
    same((
        jiff::Timestamp::new(1_700_000_000, 123_456_789).unwrap(),
        "2024-02-29T12:00:00.5".parse::<jiff::civil::DateTime>().unwrap(),
        "-PT36H0.5S".parse::<jiff::SignedDuration>().unwrap(),
        "2024-07-01T12:00:00+02:00[+02:00]".parse::<jiff::Zoned>().unwrap(),
    ));
}

#[test]
fn names_versions_and_addresses_are_kept() {
    same((
        vec![Uuid::nil(), Uuid::from_u128(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef)],
        "https://user@example.org:8080/a%20b?q=1#f".parse::<Url>().unwrap(),
        "1.2.3-rc.1+build.5".parse::<semver::Version>().unwrap(),
        ">=1, <2".parse::<semver::VersionReq>().unwrap(),
    ));
}

#[test]
fn numbers_of_other_crates_keep_every_digit() {
    let decimals = ["-0.00", "79228162514264337593543950335", "1.10"];
    same((
        decimals.map(|text| text.parse::<Decimal>().unwrap()),
        (BigInt::from(-7).pow(200), BigUint::default(), BigUint::from(u128::MAX) * 2_u8),
        (OrderedFloat(f64::NAN), OrderedFloat(-0.0_f32), NotNan::new(f64::INFINITY).unwrap()),
        vec![f16::from_f32(1.5), f16::NEG_INFINITY, f16::MIN_POSITIVE_SUBNORMAL],
        bf16::from_f32(-2.5),
    ));
}

#[test]
fn containers_of_other_crates_keep_order_and_content() {
    same((
        IndexMap::<String, Vec<u8>>::from_iter([("z".into(), vec![1]), ("a".into(), vec![])]),
        IndexSet::<(i8, char)>::from_iter([(2, 'b'), (1, 'a')]),
        SmallVec::<[u16; 2]>::from_slice(&[1, 2, 3]),
        bytes::Bytes::from_static(b"\0\xff"),
        bytes::BytesMut::from(&[7; 5000][..]),
    ));
}

#[test]
fn matrices_of_nalgebra_are_kept() {
    same((
        DMatrix::from_fn(30, 40, |i, j| (i * 100 + j) as f64),
        (DVector::from_element(3, 0.5_f32), Matrix2x3::new(1, 2, 3, 4, 5, 6)),
        (Point3::new(1.0, 2.0, 3.0), UnitQuaternion::from_euler_angles(0.1, 0.2, 0.3)),
    ));
}

#[test]
fn arrays_of_ndarray_keep_their_shape_and_elements() {
    let rows = ndarray::Array2::from_shape_fn((30, 40), |(i, j)| (i * 100 + j) as f64);
    same((
        (rows.clone(), rows.reversed_axes()),
        ndarray::Array2::from_shape_vec((2, 3).f(), vec![1_u8, 2, 3, 4, 5, 6]).unwrap(),
        ndarray::Array0::from_elem((), 1.5),
        ndarray::Array3::<i64>::zeros((0, 3, 2)).into_dyn(),
    ));
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum TextOrMatrix {
    Text(String),
    Matrix(ndarray::Array2<f64>),
    Both { matrix: ndarray::Array2<f64>, ours: Array<f64> },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
enum Tagged {
    Matrix { matrix: ndarray::Array2<f64> },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Flattened {
    name: String,
    #[serde(flatten)]
    rest: BTreeMap<String, TextOrMatrix>,
}

#[test]
fn arrays_of_ndarray_are_kept_in_types_that_serde_reads_ahead() {
    for (rows, columns) in [(2, 3), (30, 40), (0, 4)] {
        let matrix = ndarray::Array2::from_shape_fn((rows, columns), |(i, j)| i as f64 - 0.5 * j as f64);
        let both =
            TextOrMatrix::Both { matrix: matrix.clone(), ours: Array::from_fn(&[2, 600], |at| at[1] as f64) };
        same(TextOrMatrix::Matrix(matrix.clone()));
        same([TextOrMatrix::Matrix(matrix.clone()), TextOrMatrix::Text("a".into()), both.clone()]);
        same(Flattened { name: "a".into(), rest: BTreeMap::from([("b".into(), both)]) });
        same([Tagged::Matrix { matrix }]);
    }
}

/// ndarray's own form has the elements in C order, whichever order the array had: the values are the same.
#[test]
fn the_order_of_an_array_of_ndarray_becomes_c_where_it_is_encoded() {
    let columns = ndarray::Array2::from_shape_vec((2, 3).f(), vec![1_u8, 2, 3, 4, 5, 6]).unwrap();
    assert!(!columns.is_standard_layout());
    for (door, back) in super::doors::that_encode(&columns) {
        assert!(back.unwrap().is_standard_layout(), "{door}");
    }
}
