//! Damage is found, and described: what, in which file, where.

use std::collections::HashMap;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use joblib_array::{Array, MmapMode};
use joblib_persist::{
    DumpOptions, LoadOptions, Reader, Writer, dump, dump_python, load, load_from, pickle, verify,
};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Model {
    name: String,
    weights: Array<f64>,
    counts: Vec<u32>,
    notes: Vec<Option<String>>,
}

fn model() -> Model {
    Model {
        name: "ridge".into(),
        weights: Array::from_fn(&[30, 10], |index| (index[0] * index[1]) as f64),
        counts: (0..400).collect(),
        notes: vec![Some("a note".into()), None, Some("another".into())],
    }
}

pub(crate) struct Folder(pub(crate) tempfile::TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn holding(&self, name: &str, bytes: &[u8]) -> PathBuf {
        fs::write(self.path(name), bytes).unwrap();
        self.path(name)
    }
}

fn bytes_of(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap()
}

#[test]
fn every_flipped_bit_of_a_file_is_found_and_none_gives_another_value() {
    let folder = Folder::new();
    for name in ["plain", "small.gz"] {
        let path = folder.path(name);
        dump(&model(), &path).unwrap();
        let good = bytes_of(&path);
        let mut silent = 0;
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1 << (at % 8);
            let path = folder.holding("bad", &bad);
            match load::<Model>(&path) {
                // A few bits of gzip's header mean nothing: its time, its system, unused flags.
                Ok(value) => {
                    assert_eq!(value, model(), "byte {at} of {name}");
                    silent += 1;
                }
                Err(error) => {
                    assert_eq!(error.path(), Some(path.as_path()));
                    assert!(!error.is_wrong_type(), "byte {at} of {name}: {error}");
                }
            }
        }
        assert!(silent <= if name == "plain" { 0 } else { 100 }, "{silent} flips of {name} were not found");
    }
}

#[test]
fn verify_finds_every_flipped_bit_even_where_load_maps_or_skips() {
    let folder = Folder::new();
    let path = folder.path("model");
    dump(&model(), &path).unwrap();
    let good = bytes_of(&path);
    assert_eq!(verify(&path).unwrap().bytes, good.len() as u64);
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 0x10;
        let error = verify(folder.holding("bad", &bad)).unwrap_err();
        assert!(error.is_corrupt() || error.is_foreign(), "byte {at}: {error}");
        assert!(error.to_string().contains("bad"), "byte {at}: {error}");
    }
}

#[test]
fn a_cut_tail_is_an_error_at_every_length() {
    let folder = Folder::new();
    for name in ["plain", "packed.gz", "packed.xz", "packed.z"] {
        let path = folder.path(name);
        dump(&model(), &path).unwrap();
        let good = bytes_of(&path);
        for len in 0..good.len() {
            let path = folder.holding("cut", &good[..len]);
            let error = load::<Model>(&path).unwrap_err();
            assert!(error.is_corrupt() || error.is_foreign(), "{len} bytes of {name}: {error}");
            let mapped = LoadOptions::new().mmap_mode(MmapMode::Read).load::<Model>(&path);
            assert!(mapped.is_err(), "{len} bytes of {name}");
        }
    }
}

#[test]
fn an_empty_file_a_foreign_file_and_a_missing_one_are_told_apart() {
    let folder = Folder::new();
    let error = load::<f64>(folder.holding("empty", b"")).unwrap_err();
    assert!(error.is_corrupt(), "{error}");
    let error = load::<f64>(folder.holding("text", b"alpha,beta\n1,2\n")).unwrap_err();
    assert!(error.is_foreign(), "{error}");
    let error = load::<f64>(folder.path("none")).unwrap_err();
    assert!(error.is_not_found(), "{error}");
    assert!(std::error::Error::source(&error).is_some());
    let error = dump(&1, folder.path("no/folder")).unwrap_err();
    assert!(error.is_not_found(), "{error}");
}

#[test]
fn a_path_that_no_file_can_have_is_not_called_damage() {
    let path = "name\0with a NUL byte";
    let errors = [
        dump(&1, path).unwrap_err(),
        dump_python(&1, path).unwrap_err(),
        load::<i32>(path).unwrap_err(),
        verify(path).unwrap_err(),
    ];
    for error in errors {
        assert!(!error.is_corrupt(), "{error:?}");
        assert_eq!(error.io_kind(), Some(io::ErrorKind::InvalidInput), "{error:?}");
        assert_eq!(error.path(), Some(Path::new(path)));
    }
}

#[test]
fn a_newer_version_is_named_and_not_called_damage() {
    let folder = Folder::new();
    let path = folder.path("new");
    dump(&1, &path).unwrap();
    let mut bytes = bytes_of(&path);
    bytes[8] = 2;
    let check = crc_fast::checksum(crc_fast::CrcAlgorithm::Crc64Nvme, &bytes[..12]) as u32;
    bytes[12..16].copy_from_slice(&check.to_le_bytes());
    let error = load::<i32>(folder.holding("new", &bytes)).unwrap_err();
    assert!(error.is_foreign() && error.to_string().contains("version 2"), "{error}");
}

#[test]
fn a_wrong_type_says_what_was_expected_and_found_and_where() {
    let folder = Folder::new();
    let path = folder.path("model");
    dump(&("text", 1.5, Array::<f32>::zeros(&[40, 40])), &path).unwrap();

    let error = load::<(String, u8, Array<f32>)>(&path).unwrap_err();
    assert!(error.is_wrong_type(), "{error}");
    assert_eq!(error.offset(), Some(16 + 24 + 1 + 5));
    let text = error.to_string();
    assert!(text.contains("model") && text.contains("floating point `1.5`, expected u8"), "{text}");

    let error = load::<(String, f64, Array<f64>)>(&path).unwrap_err();
    assert!(error.is_wrong_type(), "{error}");
    assert!(
        error
            .to_string()
            .contains("expected an array of float64, found an array of float32 of shape [40, 40]"),
        "{error}"
    );

    let error = load::<(String, f64)>(&path).unwrap_err();
    assert!(error.is_wrong_type() && error.to_string().contains("1 more elements"), "{error}");
}

#[test]
fn what_follows_the_last_value_is_an_error_for_who_reads_on() {
    let folder = Folder::new();
    let path = folder.path("two");
    let mut writer = Writer::create(&path, &DumpOptions::new()).unwrap();
    writer.write(&1).unwrap();
    writer.write(&vec![1.0; 500]).unwrap();
    writer.finish().unwrap();
    assert_eq!(verify(&path).unwrap().objects, 2);
    let mut bytes = bytes_of(&path);
    bytes.extend_from_slice(b"more");
    let path = folder.holding("more", &bytes);
    assert!(verify(&path).unwrap_err().is_corrupt());
    let mut reader = Reader::open(&path, &LoadOptions::new()).unwrap();
    assert_eq!(reader.next::<i32>().unwrap(), Some(1));
    assert_eq!(reader.next::<Vec<f64>>().unwrap(), Some(vec![1.0; 500]));
    assert!(reader.next::<i32>().unwrap_err().is_corrupt());
    assert!(reader.next::<i32>().is_err(), "after an error there is nothing to read");
}

#[test]
fn sections_in_another_order_are_found_though_each_is_sound() {
    let folder = Folder::new();
    let path = folder.path("arrays");
    let array = |value: f64| Array::from_vec(vec![value; 200], &[200]).unwrap();
    dump(&vec![array(1.0), array(2.0)], &path).unwrap();
    let bytes = bytes_of(&path);
    let blocks: Vec<usize> = (0..bytes.len() - 1608)
        .filter(|&at| {
            bytes[at..].starts_with(&1.0_f64.to_le_bytes()) || bytes[at..].starts_with(&2.0_f64.to_le_bytes())
        })
        .collect();
    let (first, second) = (blocks[0], blocks[200]);
    let mut swapped = bytes.clone();
    // Headers and payloads with their checksums, 32 bytes of header before each.
    let len = 1600 + 8;
    swapped[first..first + len].copy_from_slice(&bytes[second..second + len]);
    swapped[second..second + len].copy_from_slice(&bytes[first..first + len]);
    for (header, other) in [(first, second), (second, first)] {
        let padding = |at: usize| {
            (0..64).find(|&p| bytes[at - p - 32] == 2 && bytes[at - p - 32 + 5] == p as u8).unwrap()
        };
        let (to, from) = (header - padding(header) - 32, other - padding(other) - 32);
        swapped[to..to + 32].copy_from_slice(&bytes[from..from + 32]);
    }
    assert!(load::<Vec<Array<f64>>>(folder.holding("swapped", &swapped)).is_err());
}

#[test]
fn a_limit_on_the_decompressed_size_stops_a_bomb_early() {
    let folder = Folder::new();
    let path = folder.path("bomb.gz");
    dump(&Array::<u8>::zeros(&[200 << 20]), &path).unwrap();
    assert!(bytes_of(&path).len() < 2 << 20);
    let limited = LoadOptions::new().max_decompressed_bytes(1 << 20);
    let error = limited.load::<Array<u8>>(&path).unwrap_err();
    assert!(error.is_limit(), "{error}");
    let error = limited.load::<serde::de::IgnoredAny>(&path).unwrap_err();
    assert!(error.is_limit(), "{error}");
}

#[test]
fn values_nested_too_deep_to_load_are_refused_when_dumped() {
    #[derive(Serialize)]
    struct Nested(Vec<Nested>);
    let mut nested = Nested(vec![]);
    for _ in 0..600 {
        nested = Nested(vec![nested]);
    }
    let folder = Folder::new();
    let error = dump(&nested, folder.path("deep")).unwrap_err();
    assert!(error.to_string().contains("512"), "{error}");
    assert!(!folder.path("deep").exists());
}

#[test]
fn what_dump_python_takes_nests_no_deeper_than_load_reads() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    enum Nested {
        Leaf,
        Numbers(Array<f64>),
        List(Vec<Nested>),
        Pair(Box<(Nested, Nested)>),
        Field { inner: Box<Nested> },
    }
    use Nested::{Field, Leaf, List, Numbers, Pair};
    let wrap: [fn(Nested) -> Nested; 3] = [
        |inner| List(vec![Leaf, inner]),
        |inner| Pair(Box::new((inner, Leaf))),
        |inner| Field { inner: Box::new(inner) },
    ];
    let leaf: [fn() -> Nested; 3] = [|| Leaf, || List(vec![]), || Numbers(Array::zeros(&[3, 2]))];
    let folder = Folder::new();
    let path = folder.path("nested");
    for (wrap, leaf) in wrap.iter().flat_map(|wrap| leaf.iter().map(move |leaf| (wrap, leaf))) {
        let mut taken = 0;
        let error = loop {
            let value = (0..=taken).fold(leaf(), |inner, _| wrap(inner));
            match dump_python(&value, &path) {
                Ok(()) => assert_eq!(load::<Nested>(&path).unwrap(), value),
                Err(error) => break error,
            }
            taken += 1;
        };
        // Each of these is a dict and what it holds.
        assert!((126..=128).contains(&taken), "{taken}");
        assert!(error.to_string().contains("deeper than 256 levels"), "{error}");
        assert!(load::<Nested>(&path).is_ok(), "the old file is kept");
        assert!(load::<pickle::Value>(&path).is_ok());
    }
    assert_eq!(fs::read_dir(folder.0.path()).unwrap().count(), 1);
}

#[test]
fn arrays_of_a_shape_that_could_not_be_loaded_are_refused_when_dumped() {
    let folder = Folder::new();
    let path = folder.path("array");
    let refused = |error: joblib_persist::Error, what: &str| {
        assert!(error.to_string().contains(what), "{error}");
        assert_eq!(error.path(), Some(path.as_path()));
        assert_eq!(load::<String>(&path).unwrap(), "old");
        assert_eq!(fs::read_dir(folder.0.path()).unwrap().count(), 1);
    };
    dump("old", &path).unwrap();
    let many = "can't be saved: an array of 65 dimensions: expected at most 64";
    refused(dump(&Array::<f64>::zeros(&[1; 65]), &path).unwrap_err(), many);
    refused(dump(&Array::<u8>::zeros(&[1; 65]), &path).unwrap_err(), many);
    refused(dump_python(&Array::<f64>::zeros(&[1; 65]), &path).unwrap_err(), many);
    for shape in [[usize::MAX, 0, usize::MAX], [3, 0, usize::MAX], [1 << 30, 1 << 33, 0]] {
        let empty = Array::<f64>::zeros(&shape);
        refused(dump(&empty, &path).unwrap_err(), "give the empty array another shape");
        refused(dump_python(&empty, &path).unwrap_err(), "give the empty array another shape");
    }

    for shape in [&[1; 64][..], &[0, 1 << 30, 1 << 20], &[1 << 30, 1 << 20, 0]] {
        let empty = Array::<f64>::zeros(shape);
        dump(&empty, &path).unwrap();
        assert_eq!(load::<Array<f64>>(&path).unwrap(), empty);
        dump_python(&empty, &path).unwrap();
        assert_eq!(load::<Array<f64>>(&path).unwrap(), empty);
        assert!(load::<pickle::Value>(&path).is_ok());
    }
}

#[test]
fn a_wrong_type_in_a_compressed_file_has_its_place_in_the_decompressed_data() {
    let folder = Folder::new();
    for (name, data) in [("plain", ""), ("packed.gz", " of the decompressed data")] {
        let path = folder.path(name);
        dump(&vec![1.5, 2.5], &path).unwrap();
        let error = load::<Vec<String>>(&path).unwrap_err();
        assert!(error.is_wrong_type(), "{error}");
        let expected = format!("{name}: at byte {}{data}: invalid type: ", error.offset().unwrap());
        assert!(error.to_string().contains(&expected), "{error}");

        let path = folder.path(&format!("python-{name}"));
        dump_python(&vec!["low"; 100], &path).unwrap();
        let error = load::<Vec<f64>>(&path).unwrap_err();
        assert!(error.is_wrong_type(), "{error}");
        let expected = format!("{name}: near byte {}{data}: invalid type: ", error.offset().unwrap());
        assert!(error.to_string().contains(&expected), "{error}");
    }
}

#[test]
fn a_wrong_type_in_a_pickle_says_near_which_byte_and_where_in_the_value() {
    type Scores = HashMap<String, Vec<f64>>;
    let short = b"(dVfolds\n(lVlow\nas.";
    let error = pickle::from_slice::<Scores>(short).unwrap_err();
    assert!(error.is_wrong_type(), "{error}");
    let (place, what) = (error.offset().unwrap(), error.to_string());
    assert!(what.starts_with(&format!("near byte {place}: ")) && what.ends_with(", at .folds[0]"), "{what}");
    let outermost = pickle::from_slice::<Vec<f64>>(short).unwrap_err();
    assert!(outermost.is_wrong_type() && outermost.to_string().starts_with("near byte "), "{outermost}");

    let long = [&b"(l"[..], &b"F0.5\na".repeat(10_000), b"Vlow\na."].concat();
    let error = pickle::from_slice::<Vec<f64>>(&long).unwrap_err();
    assert!(error.is_wrong_type() && error.to_string().ends_with(", at [10000]"), "{error}");
    let place = error.offset().unwrap() as usize;
    assert!((long.len() - 1000..long.len()).contains(&place), "{place} is not near the end");
}

#[test]
fn a_source_that_fails_has_its_place_in_the_decompressed_data() {
    struct Broken;

    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("unplugged"))
        }
    }

    let mut packed = Vec::new();
    DumpOptions::new().compress("bz2").dump_to(&vec![7_u64; 2 << 20], &mut packed).unwrap();
    let start = packed.len() * 3 / 4;
    let error = load_from::<Vec<u64>, _>(packed[..start].chain(Broken)).unwrap_err();
    assert!(error.to_string().contains("of the decompressed data: "), "{error}");
    assert!(error.to_string().contains("unplugged"), "{error}");
    assert_eq!(error.io_kind(), Some(io::ErrorKind::Other));
    assert_ne!(error.offset().expect("a place"), start as u64, "not one in the compressed bytes");
}
