//! Files of joblib 0.8 to 1.6 (`data/pickle`): arrays in files of their own, in `ZF` containers, unaligned in the stream.

use std::path::{Path, PathBuf};

use joblib_array::{Array, MmapMode};
use joblib_persist::pickle::Value;
use joblib_persist::{LoadOptions, load};

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/pickle")
}

fn files() -> Vec<PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(data())
        .expect("the folder of old files")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| {
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            name.starts_with("joblib_") && !name.contains(".npy")
        })
        .collect();
    files.sort();
    assert!(files.len() >= 56, "found only {files:?}");
    files
}

/// What `create_numpy_pickle.py` of joblib's tests wrote.
type Contents = (Array<i64>, Array<f64>, (i64, String, Value), Vec<u8>, Array<i64>, String);

fn check(path: &Path, contents: &Contents) {
    let (ints, floats, (one, abc, dict), bytes, matrix, text) = contents;
    assert_eq!(ints.as_slice(), [0, 1, 2, 3, 4], "{}", path.display());
    assert_eq!(floats.as_slice(), [0.0, 1.0, 2.0, 3.0, 4.0], "{}", path.display());
    assert_eq!((*one, abc.as_str()), (1, "abc"), "{}", path.display());
    assert_eq!(dict.get("a").and_then(Value::as_i64), Some(1), "{}", path.display());
    assert_eq!(dict.get("b").and_then(Value::as_i64), Some(2), "{}", path.display());
    assert!(bytes.iter().copied().eq(0..=255), "{}", path.display());
    assert_eq!(matrix.shape(), [1, 3], "{}", path.display());
    assert_eq!(matrix.as_slice(), [0, 1, 2], "{}", path.display());
    assert_eq!(text, "C'est l'\u{e9}t\u{e9} !", "{}", path.display());
}

#[test]
fn every_old_file_loads_into_rust_types() {
    for path in files() {
        let contents: Contents = load(&path).unwrap_or_else(|error| panic!("{error:?}"));
        check(&path, &contents);
    }
}

#[test]
fn old_files_load_with_mmap_mode_and_map_what_can_be_mapped() {
    let mut mapped = 0;
    for path in files() {
        let contents: Contents = LoadOptions::new()
            .mmap_mode(MmapMode::Read)
            .load(&path)
            .unwrap_or_else(|error| panic!("{error:?}"));
        mapped += usize::from(contents.0.is_mapped());
        check(&path, &contents);
    }
    // The arrays in `.npy` files, at least, are aligned.
    assert!(mapped >= 2, "only {mapped} files had their first array mapped");
}

#[test]
fn a_pickle_whose_array_file_is_missing_says_which_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let name = "joblib_0.9.2_pickle_py35_np19.pkl";
    let path = folder.path().join(name);
    std::fs::copy(data().join(name), &path).expect("copied");
    let error = load::<Value>(&path).expect_err("the arrays are not there");
    assert!(error.is_not_found(), "{error:?}");
    assert!(error.to_string().contains("joblib_0.9.2_pickle_py35_np19.pkl_01.npy"), "{error}");
}

#[test]
fn an_array_file_may_not_be_outside_of_the_pickles_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let original = std::fs::read(data().join("joblib_0.9.2_pickle_py35_np19.pkl")).expect("the file");
    let name = b"joblib_0.9.2_pickle_py35_np19.pkl_01.npy";
    let outside = b"../blib_0.9.2_pickle_py35_np19.pkl_01.npy";
    let at =
        original.windows(name.len()).position(|window| window == name).expect("the pickle names the file");
    let mut changed = original.clone();
    changed[at..at + name.len()].copy_from_slice(&outside[..name.len()]);
    let path = folder.path().join("changed.pkl");
    std::fs::write(&path, changed).expect("written");
    let error = load::<Value>(&path).expect_err("a path is refused");
    assert!(error.is_corrupt(), "{error:?}");
    assert!(error.to_string().contains("not a file name"), "{error}");
}
