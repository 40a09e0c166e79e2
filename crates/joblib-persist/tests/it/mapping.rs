//! Arrays of a file as memory: numpy's four modes.

use std::path::{Path, PathBuf};

use joblib_array::{Array, MmapMode, Order};
use joblib_persist::{DumpOptions, LoadOptions, Reader, Writer, dump, load, verify};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Fitted {
    name: String,
    coefficients: Array<f64>,
    layers: Vec<Array<f32>>,
    flags: Array<bool>,
    seen: Vec<u64>,
}

fn fitted() -> Fitted {
    Fitted {
        name: "mlp".into(),
        coefficients: Array::from_fn(&[50, 20], |index| (index[0] * 20 + index[1]) as f64),
        layers: (1..4).map(|i| Array::from_fn(&[i * 300], |index| index[0] as f32)).collect(),
        flags: Array::from_fn(&[2000], |index| index[0] % 3 == 0),
        seen: (0..1000).collect(),
    }
}

fn saved(folder: &tempfile::TempDir) -> PathBuf {
    let path = folder.path().join("fitted");
    dump(&fitted(), &path).unwrap();
    path
}

fn map<T: serde::de::DeserializeOwned>(path: &Path, mode: MmapMode) -> T {
    LoadOptions::new().mmap_mode(mode).load(path).unwrap()
}

#[test]
fn every_array_of_a_value_is_mapped_and_starts_at_a_64_byte_boundary() {
    let folder = tempfile::tempdir().unwrap();
    let path = saved(&folder);
    let value: Fitted = map(&path, MmapMode::Read);
    assert_eq!(value, fitted());
    assert!(value.coefficients.is_mapped() && value.layers.iter().all(Array::is_mapped));
    assert_eq!(value.coefficients.as_slice().as_ptr().addr() % 64, 0);
    assert!(value.layers.iter().all(|layer| layer.as_slice().as_ptr().addr() % 64 == 0));
    // The bytes of a mapping can change, and a `bool` may only be 0 or 1.
    assert!(!value.flags.is_mapped());
}

#[test]
fn a_mapped_array_is_held_against_its_checksum_when_that_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large");
    // Large enough for several threads to check it, small enough for one.
    for len in [2_000_000, 1_000] {
        dump(&Array::from_fn(&[len], |index| index[0] as f64), &path).unwrap();
        let options = LoadOptions::new().mmap_mode(MmapMode::Read).verify_mapped(true);
        assert!(options.load::<Array<f64>>(&path).unwrap().is_mapped());

        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() * 2 / 3;
        bytes[middle] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        let error = options.load::<Array<f64>>(&path).unwrap_err();
        assert!(error.is_corrupt() && error.offset().is_some(), "{error}");
        let unchecked = options.clone().verify_mapped(false);
        assert!(unchecked.load::<Array<f64>>(&path).is_ok(), "mapping alone reads nothing");
    }
}

#[test]
fn writing_through_r_is_a_clear_error() {
    let folder = tempfile::tempdir().unwrap();
    let mut value: Fitted = map(&saved(&folder), MmapMode::Read);
    let error = value.coefficients.as_mut_slice().unwrap_err();
    assert!(error.to_string().contains("r+"), "{error}");
}

#[test]
fn writes_through_r_plus_reach_the_file_and_loading_it_does_not_call_them_damage() {
    for mode in [MmapMode::ReadWrite, MmapMode::Write] {
        let folder = tempfile::tempdir().unwrap();
        let path = saved(&folder);
        let mut value: Fitted = map(&path, mode);
        value.coefficients.as_mut_slice().unwrap()[7] = -1.0;
        value.layers[1].as_mut_slice().unwrap()[0] = -2.0;
        drop(value);
        let mut expected = fitted();
        expected.coefficients.make_mut()[7] = -1.0;
        expected.layers[1].make_mut()[0] = -2.0;
        assert_eq!(load::<Fitted>(&path).unwrap(), expected);
        assert_eq!(map::<Fitted>(&path, MmapMode::Read), expected);
        assert_eq!(verify(&path).unwrap().unchecked, 4);
    }
}

#[test]
fn writes_through_c_stay_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let path = saved(&folder);
    let mut value: Fitted = map(&path, MmapMode::CopyOnWrite);
    value.coefficients.as_mut_slice().unwrap().fill(0.0);
    drop(value);
    assert_eq!(load::<Fitted>(&path).unwrap(), fitted());
    assert_eq!(verify(&path).unwrap().unchecked, 0);
}

#[test]
fn a_vec_that_was_saved_maps_as_an_array() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vec");
    dump(&(0..5000).map(f64::from).collect::<Vec<_>>(), &path).unwrap();
    let array: Array<f64> = map(&path, MmapMode::Read);
    assert!(array.is_mapped() && array.shape() == [5000]);
}

#[test]
fn a_mapped_array_keeps_its_order_and_outlives_the_file_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fortran");
    let array = Array::from_fn(&[60, 40], |index| index[0] as i16);
    let fortran = Array::<i16>::from_buffer(array.buffer().clone(), vec![40, 60], Order::F).unwrap();
    dump(&fortran, &path).unwrap();
    let mapped: Array<i16> = map(&path, MmapMode::Read);
    assert_eq!(mapped.order(), Order::F);
    dump(&"something else", &path).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(mapped, fortran);
}

#[test]
fn several_values_of_one_file_are_mapped() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("entry");
    let mut writer = Writer::create(&path, &DumpOptions::new()).unwrap();
    writer.write("metadata").unwrap();
    writer.write(&fitted()).unwrap();
    writer.finish().unwrap();
    let mut reader = Reader::open(&path, &LoadOptions::new().mmap_mode(MmapMode::Read)).unwrap();
    assert_eq!(reader.next::<String>().unwrap().as_deref(), Some("metadata"));
    let value: Fitted = reader.next().unwrap().unwrap();
    assert!(value.coefficients.is_mapped());
    assert_eq!(value, fitted());
}

#[test]
fn arrays_of_a_compressed_file_are_loaded_into_memory() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fitted.gz");
    dump(&fitted(), &path).unwrap();
    let value: Fitted = map(&path, MmapMode::Read);
    assert_eq!(value, fitted());
    assert!(!value.coefficients.is_mapped());
}

#[test]
fn a_file_that_may_not_be_written_can_be_mapped_for_reading_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("missing");
    let error = LoadOptions::new().mmap_mode(MmapMode::ReadWrite).load::<Fitted>(&path).unwrap_err();
    assert!(error.is_not_found() && error.to_string().contains("writing"), "{error}");
    assert!(!path.exists());
}
