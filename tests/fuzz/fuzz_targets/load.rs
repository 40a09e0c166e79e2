//! Any bytes at all as a file of the native format, through every way in: an error or a value, never a panic, a hang or memory
//! that the input does not explain. What loads can be hashed and saved, and is the same again.

#![no_main]

mod fitting;

use std::collections::BTreeMap;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use joblib_array::{Array, MmapMode};
use joblib_persist::pickle::{Limits, Value};
use joblib_persist::{DumpOptions, LoadOptions, NativeReader, Reader};
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
    Array(Array<f32>),
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

#[derive(Deserialize)]
#[allow(dead_code)]
struct Flat {
    name: Option<String>,
    #[serde(flatten)]
    rest: BTreeMap<String, Any>,
}

/// The file of this process: each of those that fuzz at the same time has its own.
static FILE: LazyLock<PathBuf> =
    LazyLock::new(|| std::env::temp_dir().join(format!("joblib-fuzz-{}", std::process::id())));

fn options() -> LoadOptions {
    LoadOptions::new()
        .max_decompressed_bytes(1 << 24)
        .max_decompressor_memory(1 << 26)
        .pickle_limits(Limits::new().total(64 << 20).repeats(1 << 18))
}

/// All values of a stream as one type, of ours and of any format.
fn read<T: DeserializeOwned>(bytes: &[u8]) {
    let options = options();
    if let Ok(mut reader) = NativeReader::new(bytes, &options) {
        while let Ok(Some(_)) = reader.next::<T>() {}
    }
    if let Ok(mut reader) = NativeReader::new(bytes, &options) {
        reader = reader.exact_types();
        while let Ok(Some(_)) = reader.next::<T>() {}
    }
    let _ = options.load_from::<T, _>(bytes);
}

/// As one of several types.
fn typed(bytes: &[u8], choice: u8) {
    match choice % 9 {
        0 => read::<IgnoredAny>(bytes),
        1 => read::<Any>(bytes),
        2 => read::<Form>(bytes),
        3 => read::<Flat>(bytes),
        4 => read::<Array<f64>>(bytes),
        5 => read::<Vec<Vec<f32>>>(bytes),
        6 => read::<(Array<u8>, String, Option<u128>)>(bytes),
        7 => read::<BTreeMap<String, Vec<Form>>>(bytes),
        _ => read::<Vec<Option<char>>>(bytes),
    }
}

/// What `joblib inspect`, `hash` and `convert` do.
fn values(bytes: &[u8]) {
    let Ok(mut reader) = Reader::new(bytes, &options()) else { return };
    while let Ok(Some(value)) = reader.next::<Value>() {
        let digest = joblib_hash::hash(&value).expect("what was loaded can be hashed");
        let mut saved = Vec::new();
        joblib_persist::dump_to(&value, &mut saved).expect("what was loaded can be saved");
        let again: Value = joblib_persist::load_from(Cursor::new(&saved)).expect("what was saved loads");
        assert_eq!(digest, joblib_hash::hash(&again).expect("it hashed before"), "it is the same again");
    }
}

/// What a path can do that a stream can't: mapping, for reading and for writing, and `verify`.
fn file(bytes: &[u8], path: &Path) {
    std::fs::write(path, bytes).expect("the folder for temporary files can be written to");
    let sound = joblib_persist::verify(path).is_ok();
    let read = Reader::open(path, &options().verify_mapped(true)).is_ok_and(|mut reader| loop {
        match reader.next::<IgnoredAny>() {
            Ok(Some(_)) => {}
            end => break end.is_ok(),
        }
    });
    assert!(!sound || read || bytes.len() > 1 << 16, "what is sound can be read");
    for mode in [MmapMode::Read, MmapMode::CopyOnWrite, MmapMode::ReadWrite] {
        let options = options().mmap_mode(mode);
        let _ = options.load::<Array<f64>>(path);
        let _ = options.load::<Form>(path);
        if let Ok(mut reader) = Reader::open(path, &options) {
            while let Ok(Some(_)) = reader.next::<Any>() {}
        }
    }
}

/// The same inside of a compressor, behind whose own checksum no mutation comes either.
fn compressed(bytes: &[u8]) {
    let mut saved = Vec::new();
    let name = ["zlib", "gzip", "bz2", "xz", "lzma", "lz4", "zstd"][bytes.len() % 7];
    let written = DumpOptions::new().compress((name, 1)).dump_to(&(1, "ends"), &mut saved);
    written.expect("memory can be written to");
    let at = usize::from(bytes.first().copied().unwrap_or(0)) % saved.len();
    saved[at] ^= bytes.get(1).copied().unwrap_or(1);
    read::<(i32, String)>(&saved);
}

fuzz_target!(|bytes: &[u8]| {
    // What is done with an input follows from it, so that one that fails will fail again. All of it at once would be slow.
    let [way, choice, ..] = fitting::checksum(bytes);
    let fixed = if way % 4 == 0 { bytes.to_vec() } else { fitting::with_checksums(bytes) };
    match way / 4 % 16 {
        0 => compressed(bytes),
        1 => file(&fixed, &FILE),
        2..=5 => values(&fixed),
        _ => typed(&fixed, choice),
    }
});
