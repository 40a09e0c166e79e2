//! Any bytes at all, loaded as several types: an error or a value, never a panic, a hang or memory that the input does
//! not explain. A prefix byte chooses whether checksums are made to fit, without which nothing deep is ever reached.

#![no_main]

mod fitting;

use std::collections::BTreeMap;

use joblib_array::Array;
use joblib_persist::{LoadOptions, Reader};
use libfuzzer_sys::fuzz_target;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Any {
    Unit,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    Wide(u128),
    List(Vec<Any>),
    Map(BTreeMap<String, Any>),
}

#[derive(Deserialize)]
#[allow(dead_code)]
enum Form {
    Unit,
    New(Option<Option<Box<Form>>>),
    Tuple(u8, String),
    Struct { array: Array<f64>, rows: Vec<Vec<i32>>, bools: Array<bool> },
}

const LIMIT: u64 = 1 << 24;

fn read<T: DeserializeOwned>(bytes: &[u8]) {
    let options = LoadOptions::new().max_decompressed_bytes(LIMIT);
    if let Ok(mut reader) = Reader::new(bytes, &options) {
        while let Ok(Some(_)) = reader.next::<T>() {}
    }
    let _ = options.load_from::<T, _>(bytes);
}

fuzz_target!(|bytes: &[u8]| {
    let Some((&mode, bytes)) = bytes.split_first() else { return };
    let fixed;
    let bytes = if mode & 0x80 == 0 {
        bytes
    } else {
        fixed = fitting::with_checksums(bytes);
        &fixed
    };
    match mode & 7 {
        0 => read::<IgnoredAny>(bytes),
        1 => read::<Any>(bytes),
        2 => read::<Form>(bytes),
        3 => read::<Array<f64>>(bytes),
        4 => read::<Vec<Vec<f32>>>(bytes),
        5 => read::<(Array<u8>, String, Option<u128>)>(bytes),
        6 => read::<BTreeMap<String, Vec<Form>>>(bytes),
        _ => read::<Vec<Option<char>>>(bytes),
    }
});
