//! Any bytes as a pickle: an error or a value, never a panic, and never more memory than the limits allow.

#![no_main]

use std::collections::BTreeMap;

use joblib_array::Array;
use joblib_persist::pickle::{self, Limits, Value};
use libfuzzer_sys::fuzz_target;
use serde::Deserialize;

#[derive(Deserialize)]
#[allow(dead_code)]
struct Record {
    id: Option<i64>,
    name: Option<String>,
    score: Option<f64>,
    when: Option<std::time::SystemTime>,
    span: Option<std::time::Duration>,
    values: Option<Vec<Option<f64>>>,
    matrix: Option<Array<f64>>,
    kind: Option<Kind>,
}

#[derive(Deserialize)]
#[allow(dead_code)]
enum Kind {
    Plain,
    One(i64),
    Two(i64, String),
    Named { x: f64 },
}

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits::new().total(64 << 20).repeats(1 << 20);
    if let Ok(value) = pickle::from_slice_with::<Value>(bytes, limits) {
        // What was read can be written and read again.
        let written = pickle::to_vec(&value);
        if let Ok(written) = written {
            let _ = pickle::from_slice_with::<Value>(&written, limits);
        }
    }
    let _ = pickle::from_slice_with::<Record>(bytes, limits);
    let _ = pickle::from_slice_with::<Vec<Record>>(bytes, limits);
    let _ = pickle::from_slice_with::<BTreeMap<String, Vec<Option<String>>>>(bytes, limits);
    let _ = pickle::from_slice_with::<Array<f64>>(bytes, limits);
    let _ = pickle::from_slice_with::<Vec<Vec<f64>>>(bytes, limits);
    let _ = pickle::from_slice_with::<(Kind, u128, String)>(bytes, limits);
});
