//! Files that earlier versions wrote load for ever. `tests/golden/v<format version>/` holds them; they are never written
//! again, only added to: run this test with `JOBLIB_WRITE_GOLDEN=1` after the format's version was raised.

use std::collections::BTreeMap;
use std::path::PathBuf;

use joblib_array::{Array, Order};
use joblib_persist::{DumpOptions, load, verify};
use serde::{Deserialize, Serialize};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Kind {
    Plain,
    Named { name: String },
    Pair(i8, u128),
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Everything {
    text: String,
    wide: (u128, i128, u64, i64, f32, f64, char, bool),
    #[expect(clippy::option_option, reason = "this is what must come back")]
    options: Vec<Option<Option<()>>>,
    kinds: Vec<Kind>,
    map: BTreeMap<i32, Vec<u8>>,
    small: Array<f64>,
    large: Array<f32>,
    column_major: Array<i16>,
    run: Vec<i64>,
    long_text: String,
}

fn everything() -> Everything {
    let square = Array::from_fn(&[40, 40], |index| (index[0] * 100 + index[1]) as i16);
    Everything {
        text: "Fluß".into(),
        wide: (u128::MAX, i128::MIN, u64::MAX, i64::MIN, 0.1, -0.0, '𝄞', true),
        options: vec![None, Some(None), Some(Some(()))],
        kinds: vec![Kind::Plain, Kind::Named { name: "n".into() }, Kind::Pair(-1, 1)],
        map: BTreeMap::from([(-5, vec![1, 2]), (70_000, vec![])]),
        small: Array::from_vec(vec![1.5, -2.5], &[2, 1]).unwrap(),
        large: Array::from_fn(&[20, 30], |index| index[0] as f32 / (index[1] + 1) as f32),
        column_major: Array::from_buffer(square.buffer().clone(), vec![40, 40], Order::F).unwrap(),
        run: (0..1000).map(|i| i * i * 1_000_003).collect(),
        long_text: "0123456789".repeat(7000),
    }
}

const NAMES: [(&str, &str); 8] = [
    ("everything", ""),
    ("everything.z", "zlib"),
    ("everything.gz", "gzip"),
    ("everything.bz2", "bz2"),
    ("everything.xz", "xz"),
    ("everything.lzma", "lzma"),
    ("everything.lz4", "lz4"),
    ("everything.zst", "zstd"),
];

fn folder(version: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(version)
}

#[test]
fn files_of_format_version_1_load() {
    if std::env::var_os("JOBLIB_WRITE_GOLDEN").is_some() {
        std::fs::create_dir_all(folder("v1")).unwrap();
        for (name, compressor) in NAMES {
            let path = folder("v1").join(name);
            if path.exists() {
                continue;
            }
            let options = DumpOptions::new();
            let options = if compressor.is_empty() { options } else { options.compress(compressor) };
            options.dump(&everything(), &path).unwrap();
        }
    }
    let mut seen = 0;
    for entry in std::fs::read_dir(folder("v1")).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(load::<Everything>(&path).unwrap(), everything(), "{}", path.display());
        verify(&path).unwrap();
        seen += 1;
    }
    assert!(seen >= NAMES.len(), "the files of version 1 are missing: {seen} left");
}
