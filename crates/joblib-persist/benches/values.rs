//! The encoder and the decoder: values of many small parts, long runs of numbers, and arrays.
//!
//! `cargo bench -p joblib-persist --bench values`

use joblib_array::Array;
use joblib_persist::{DumpOptions, load_from};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

fn main() {
    divan::main();
}

#[derive(Serialize, Deserialize)]
struct Record {
    name: String,
    number: i64,
    measured: Option<f64>,
    tags: Vec<String>,
}

fn records() -> Vec<Record> {
    (0..20_000)
        .map(|number| Record {
            name: format!("record {number}"),
            number,
            measured: (number % 3 > 0).then_some(number as f64 / 7.0),
            tags: vec!["one".into(), "two".into()],
        })
        .collect()
}

fn columns() -> Vec<Vec<f64>> {
    (0..20).map(|column| (0..50_000).map(|row| f64::from(column * row)).collect()).collect()
}

fn array() -> Array<f64> {
    Array::from_fn(&[1000, 1000], |at| (at[0] * at[1]) as f64)
}

fn encoded<T: Serialize>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    DumpOptions::new().dump_to(value, &mut bytes).expect("a vector takes everything");
    bytes
}

fn encode<T: Serialize>(bencher: divan::Bencher<'_, '_>, value: &T) {
    let bytes = encoded(value);
    let mut target = Vec::with_capacity(bytes.len());
    bencher.counter(divan::counter::BytesCount::new(bytes.len())).bench_local(|| {
        target.clear();
        DumpOptions::new().dump_to(value, &mut target)
    });
}

fn decode<T: Serialize + DeserializeOwned>(bencher: divan::Bencher<'_, '_>, value: &T) {
    let bytes = encoded(value);
    bencher
        .counter(divan::counter::BytesCount::new(bytes.len()))
        .bench_local(|| load_from::<T, _>(&bytes[..]));
}

#[divan::bench]
fn encode_records(bencher: divan::Bencher<'_, '_>) {
    encode(bencher, &records());
}

#[divan::bench]
fn decode_records(bencher: divan::Bencher<'_, '_>) {
    decode(bencher, &records());
}

#[divan::bench]
fn encode_columns(bencher: divan::Bencher<'_, '_>) {
    encode(bencher, &columns());
}

#[divan::bench]
fn decode_columns(bencher: divan::Bencher<'_, '_>) {
    decode(bencher, &columns());
}

#[divan::bench]
fn encode_array(bencher: divan::Bencher<'_, '_>) {
    encode(bencher, &array());
}

#[divan::bench]
fn decode_array(bencher: divan::Bencher<'_, '_>) {
    decode(bencher, &array());
}
