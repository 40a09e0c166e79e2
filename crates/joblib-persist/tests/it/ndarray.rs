//! Files of arrays of the crate `ndarray` are files of arrays.

use joblib_array::ndarray::{Array1, Array2, s};
use joblib_array::{Array, MmapMode};
use joblib_persist::{DumpOptions, LoadOptions, dump, dump_python, dump_to, load, load_from};
use serde::{Deserialize, Serialize};

fn matrix() -> Array2<f64> {
    Array2::from_shape_fn((300, 40), |(row, column)| row as f64 - 0.25 * column as f64)
}

fn file<T: serde::Serialize + ?Sized>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    dump_to(value, &mut bytes).expect("it is written");
    bytes
}

#[test]
fn a_file_of_an_array_is_loaded_as_one_of_the_other_crate_and_mapped() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("matrix.joblib");
    let ours = Array::from(matrix());
    dump(&matrix(), &path).expect("it is written");
    assert_eq!(load::<Array2<f64>>(&path).expect("it is read"), matrix());
    assert_eq!(load::<Array<f64>>(&path).expect("it is an Array"), ours);
    let options = LoadOptions::new().mmap_mode(MmapMode::Read);
    let mapped: Array<f64> = options.load(&path).expect("it is mapped");
    assert_eq!((mapped.mmap_mode(), &mapped), (Some(MmapMode::Read), &ours));
    assert_eq!(options.load::<Array2<f64>>(&path).expect("it is read all the same"), matrix());

    dump(&ours, &path).expect("an Array is written");
    assert_eq!(load::<Array2<f64>>(&path).expect("it is one of ndarray"), matrix());
    assert!(load::<Array1<f64>>(&path).is_err(), "of two dimensions");
}

#[test]
fn a_file_of_a_view_is_that_of_its_elements_in_c_order() {
    let (matrix, part) = (matrix(), s![..;3, 5..;2]);
    assert_eq!(file(&matrix.view()), file(&matrix));
    assert_eq!(file(&matrix.to_shared()), file(&matrix));
    assert_eq!(file(&matrix.t()), file(&matrix.t().as_standard_layout().to_owned()));
    assert_eq!(file(&matrix.slice(part)), file(&matrix.slice(part).to_owned()));
    assert_eq!(file(&(1, &matrix)), file(&(1, matrix.view())));
}

#[test]
fn a_compressed_file_of_an_array_is_no_larger_than_that_of_an_array_of_ours() {
    for compressor in ["zlib", "lz4", "xz", "zstd"] {
        let options = DumpOptions::new().compress(compressor);
        let (mut theirs, mut ours) = (Vec::new(), Vec::new());
        if options.dump_to(&matrix(), &mut theirs).is_err() {
            // Not a compressor of this build.
            continue;
        }
        options.dump_to(&Array::from(matrix()), &mut ours).expect("an Array is written");
        assert!(theirs.len() <= ours.len() + 8, "{compressor}: {} and {} bytes", theirs.len(), ours.len());
        assert_eq!(load_from::<Array2<f64>, _>(&theirs[..]).expect("it is read"), matrix());
    }
}

#[test]
fn an_array_of_a_file_of_python_that_serde_reads_ahead_is_one_of_ours_and_else_an_error_that_says_so() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(untagged)]
    enum TextOr<M> {
        Text(String),
        Matrix(M),
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Flat<M> {
        name: String,
        #[serde(flatten)]
        rest: Rest<M>,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Rest<M> {
        matrix: M,
    }

    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("matrix.joblib");
    let refused = |message: String| {
        assert!(message.contains("an `Array` of joblib can stand there"), "{message}");
        assert!(message.contains("the crate ndarray"), "{message}");
    };
    for matrix in [matrix(), Array2::from_elem((2, 3), 0.5)] {
        let ours = Array::from(matrix.clone());
        dump_python(&(TextOr::Matrix(&matrix), TextOr::<()>::Text("a".to_owned())), &path).expect("written");
        let untagged: (TextOr<Array<f64>>, TextOr<Array<f64>>) = load(&path).expect("untagged");
        assert_eq!(untagged, (TextOr::Matrix(ours.clone()), TextOr::Text("a".to_owned())));
        refused(load::<Vec<TextOr<Array2<f64>>>>(&path).unwrap_err().to_string());

        let flat = Flat { name: "a".to_owned(), rest: Rest { matrix: ours } };
        dump_python(&Flat { name: "a".to_owned(), rest: Rest { matrix } }, &path).expect("it is written");
        assert_eq!(load::<Flat<Array<f64>>>(&path).expect("flattened"), flat);
        refused(load::<Flat<Array2<f64>>>(&path).unwrap_err().to_string());
    }
}
