//! A corpus of values through every door by which a value leaves its process: it comes back equal.

#![allow(clippy::needless_pass_by_value, reason = "each call makes its value where it is written")]
#![allow(clippy::zero_sized_map_values, reason = "such maps are values too")]

mod doors;
mod foreign;
mod hosts;
mod values;

use std::fmt::Debug;

use joblib_parallel::Value;

/// Passes `value` through every door.
#[track_caller]
fn same<T: Value + Clone + PartialEq + Debug + Sync>(value: T) {
    for (door, back) in doors::all(&value) {
        match back {
            Ok(back) => assert_eq!(back, value, "through {door}"),
            Err(error) => panic!("{door} refuses {value:?}: {error}"),
        }
    }
}

/// Passes `value` through every door that encodes; each has to refuse it with a text that contains `reason`.
#[track_caller]
fn refused<T: Value + Clone + PartialEq + Debug + Sync>(value: T, reason: &str) {
    for (door, back) in doors::that_encode(&value) {
        let error = back.err().unwrap_or_else(|| panic!("{door} takes the value"));
        assert!(error.contains(reason), "{door}: {error}");
    }
}
