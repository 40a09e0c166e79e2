//! Arrays and scalars of numpy, and the sparse matrices of scipy.

use std::collections::BTreeMap;

use half::f16;
use joblib_array::{Array, MmapMode};
use joblib_persist::LoadOptions;
use joblib_tests::python::{self, Release};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{each, saved};

#[derive(Deserialize)]
struct Numpy {
    scalars: (f64, f32, i8, u64, bool, String, Vec<u8>),
    scalar_complex: (f32, f32),
    zero: Array<f64>,
    zero_number: f64,
    empty: Array<i32>,
    empty_rows: Vec<Vec<f64>>,
    bools: Array<bool>,
    cube: Vec<Vec<Vec<u16>>>,
    half: Vec<f32>,
    bytes: Vec<u8>,
    times: Array<i64>,
    seconds: Vec<Option<f64>>,
    spans: Vec<f64>,
    texts: Vec<Vec<String>>,
    objects: Vec<Object>,
    masked: Masked,
    shared: (Array<f64>, Array<f64>),
    ndarray: ndarray::Array2<f64>,
    ndarray_fortran: ndarray::ArrayD<i64>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(untagged)]
enum Object {
    Int(i64),
    Text(String),
    Numbers(Vec<f64>),
    None,
}

#[derive(Deserialize)]
struct Masked {
    data: Array<i64>,
    mask: Array<bool>,
}

#[test]
fn numpys_scalars_and_arrays_become_numbers_vecs_and_arrays() {
    let script = r#"
import numpy as np
shared = np.arange(3.0)
value = {
    "scalars": (np.float64(1.5), np.float32(0.5), np.int8(-1), np.uint64(2**64 - 1), np.bool_(True), np.str_("é"), np.bytes_(b"ab")),
    "scalar_complex": np.complex64(1 + 2j), "zero": np.array(2.5), "zero_number": np.array(2.5), "empty": np.zeros((3, 0), "i4"),
    "empty_rows": np.zeros((2, 0)), "bools": np.array([True, False]),
    "cube": np.asfortranarray(np.arange(8, dtype="u2").reshape(2, 2, 2)), "half": np.array([1.5, 2.5], "f2"),
    "bytes": np.arange(5, dtype="u1"), "times": np.array(["1970-01-01T00:00:01", "NaT"], "M8[ns]"),
    "seconds": np.array(["1970-01-01T00:00:01.500", "NaT"], "M8[ms]"), "spans": np.array([90], "m8[m]"),
    "texts": np.array([["a", "bé"], ["", "c"]]), "objects": np.array([1, "two", None, [3.0]], dtype=object),
    "masked": np.ma.array([1, 2, 3], mask=[0, 1, 0], dtype="i8"), "shared": (shared, shared),
    "ndarray": np.arange(6.0).reshape(2, 3), "ndarray_fortran": np.asfortranarray(np.arange(6, dtype="i8").reshape(2, 3)),
}
"#;
    each::<Numpy>(script, |value| {
        assert_eq!(value.scalars, (1.5, 0.5, -1, u64::MAX, true, "é".to_owned(), b"ab".to_vec()));
        assert_eq!(value.scalar_complex, (1.0, 2.0));
        assert_eq!(
            (value.zero.shape(), value.zero.as_slice(), value.zero_number),
            (&[][..], &[2.5][..], 2.5)
        );
        assert_eq!((value.empty.shape(), value.empty_rows), (&[3, 0][..], vec![vec![], vec![]]));
        assert_eq!(value.bools.as_slice(), [true, false]);
        assert_eq!(value.cube, [[[0, 1], [2, 3]], [[4, 5], [6, 7]]]);
        assert_eq!((value.half, value.bytes), (vec![1.5, 2.5], vec![0, 1, 2, 3, 4]));
        assert_eq!(value.times.as_slice(), [1_000_000_000, i64::MIN]);
        assert_eq!((value.seconds, value.spans), (vec![Some(1.5), None], vec![5400.0]));
        assert_eq!(value.texts, [["a", "bé"], ["", "c"]]);
        let objects =
            [Object::Int(1), Object::Text("two".to_owned()), Object::None, Object::Numbers(vec![3.0])];
        assert_eq!(value.objects, objects);
        assert_eq!(value.masked.data.as_slice(), [1, 2, 3]);
        assert_eq!(value.masked.mask.as_slice(), [false, true, false]);
        assert_eq!(value.shared.0, value.shared.1);
        assert_eq!(value.ndarray, ndarray::array![[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]);
        assert_eq!(value.ndarray_fortran, ndarray::array![[0, 1, 2], [3, 4, 5]].into_dyn());
    });
}

#[test]
fn every_numeric_dtype_in_either_byte_order_and_memory_order_becomes_its_array() {
    fn check<T: joblib_array::Element + DeserializeOwned + PartialEq + std::fmt::Debug>(
        value: &mut BTreeMap<String, Vec<(String, joblib_persist::pickle::Value)>>,
        kind: &str,
        expected: &[T],
    ) {
        for (how, found) in value.remove(kind).expect("the dtype is there") {
            let array =
                found.as_array().expect("an array").to_array::<T>().expect("its dtype").expect("valid");
            assert_eq!(array.shape(), [2, 2], "{kind} {how}");
            assert_eq!(
                [array[[0, 0]], array[[0, 1]], array[[1, 0]], array[[1, 1]]],
                expected,
                "{kind} {how}"
            );
        }
    }
    let script = r#"
import numpy as np
value = {}
for kind in ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f4", "f8", "c8", "c16"]:
    a = np.array([[1, 2], [3, 4]])
    value[kind] = [(order + " " + memory, np.array(a, order + kind, order=memory)) for order in "<>" for memory in "CF"]
"#;
    each::<BTreeMap<String, Vec<(String, joblib_persist::pickle::Value)>>>(script, |mut value| {
        check::<i8>(&mut value, "i1", &[1, 2, 3, 4]);
        check::<i16>(&mut value, "i2", &[1, 2, 3, 4]);
        check::<i32>(&mut value, "i4", &[1, 2, 3, 4]);
        check::<i64>(&mut value, "i8", &[1, 2, 3, 4]);
        check::<u8>(&mut value, "u1", &[1, 2, 3, 4]);
        check::<u16>(&mut value, "u2", &[1, 2, 3, 4]);
        check::<u32>(&mut value, "u4", &[1, 2, 3, 4]);
        check::<u64>(&mut value, "u8", &[1, 2, 3, 4]);
        check::<f32>(&mut value, "f4", &[1.0, 2.0, 3.0, 4.0]);
        check::<f64>(&mut value, "f8", &[1.0, 2.0, 3.0, 4.0]);
        let complex = |re: f64| num_complex::Complex::new(re, 0.0);
        check(&mut value, "c16", &[complex(1.0), complex(2.0), complex(3.0), complex(4.0)]);
        let complex = |re: f32| num_complex::Complex::new(re, 0.0);
        check(&mut value, "c8", &[complex(1.0), complex(2.0), complex(3.0), complex(4.0)]);
        assert!(value.is_empty());
    });
}

#[derive(Deserialize)]
struct Compressed {
    data: Array<f64>,
    indices: Array<i32>,
    indptr: Vec<i32>,
    shape: (usize, usize),
}

#[derive(Deserialize)]
struct Coordinates {
    data: Vec<f64>,
    row: Vec<i32>,
    col: Vec<i32>,
    shape: [usize; 2],
}

#[test]
fn sparse_matrices_become_plain_structs() {
    let script = r"
import scipy.sparse as s
m = [[0, 1.5, 0], [2.5, 0, 0]]
value = (s.csr_matrix(m), s.csc_matrix(m), s.coo_matrix(m))
";
    each::<(Compressed, Compressed, Coordinates)>(script, |(csr, csc, coo)| {
        assert_eq!((csr.data.as_slice(), csr.indices.as_slice()), (&[1.5, 2.5][..], &[1, 0][..]));
        assert_eq!((csr.indptr, csr.shape), (vec![0, 1, 2], (2, 3)));
        assert_eq!((csc.data.as_slice(), csc.indices.as_slice()), (&[2.5, 1.5][..], &[1, 0][..]));
        assert_eq!((csc.indptr, csc.shape), (vec![0, 1, 2, 2], (2, 3)));
        assert_eq!((coo.data, coo.row, coo.col, coo.shape), (vec![1.5, 2.5], vec![0, 1], vec![1, 0], [2, 3]));
    });
}

#[derive(Deserialize)]
struct Arrays {
    a: Array<f64>,
    f: Array<i32>,
    big: Array<i16>,
}

#[test]
fn arrays_of_a_python_file_are_mapped_and_written_through() {
    for release in Release::ALL {
        let script = "import numpy as np\nvalue = {'a': np.arange(10.0), 'f': np.asfortranarray(np.arange(6, dtype='i4').reshape(2, 3)), 'big': np.arange(3, dtype='>i2')}";
        let (_folder, [path, _]) = saved(release, script);
        let options = LoadOptions::new().mmap_mode(MmapMode::ReadWrite);
        let mut arrays: Arrays = options.load(&path).expect("it maps");
        assert!(arrays.a.is_mapped() && arrays.f.is_mapped(), "{release:?}");
        // Another byte order is copied.
        assert!(!arrays.big.is_mapped());
        assert_eq!(arrays.big.as_slice(), [0, 1, 2]);
        assert_eq!(arrays.a.as_slice().as_ptr().addr() % 16, 0);
        arrays.a.as_mut_slice().expect("it is writable")[3] = -1.0;
        drop(arrays);
        let check = "import joblib, sys\nv = joblib.load(sys.argv[1])\nassert v['a'].tolist() == [0, 1, 2, -1] + list(range(4, 10)), v";
        python::run(release, check, &[&path]);
    }
}

#[test]
fn float16_is_the_half_precision_type_wherever_it_stands() {
    #[derive(Deserialize)]
    struct Measured {
        flat: Vec<f16>,
        rows: Vec<Vec<f16>>,
        fortran: Vec<(f16, Option<f16>)>,
        big_endian: [f16; 2],
        records: Vec<Record>,
        scalar: f16,
        maybe: Option<f16>,
        zero_dimensions: f16,
        float: f16,
        list: Vec<f16>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Record {
        h: f16,
        n: i32,
        pair: (f16, f16),
    }

    let script = "
import numpy as np
a = np.array([[1.5, -2.0], [0.25, np.inf]], dtype='float16')
value = {
    'flat': a[0].copy(), 'rows': a, 'fortran': np.asfortranarray(a), 'big_endian': a[0].astype('>f2'),
    'records': np.array([(1.5, 3, (-2.0, 0.25))], dtype=[('h', '<f2'), ('n', '<i4'), ('pair', '>f2', (2,))]),
    'scalar': a[1, 0], 'maybe': np.float16(1.5), 'zero_dimensions': np.array(0.25, dtype='float16'),
    'float': 1.5, 'list': [np.float16(1.5), -2.0],
}";
    let [a, b, c, d] = [1.5, -2.0, 0.25, f32::INFINITY].map(f16::from_f32);
    each(script, |value: Measured| {
        assert_eq!(value.flat, [a, b]);
        assert_eq!(value.rows, [[a, b], [c, d]]);
        assert_eq!(value.fortran, [(a, Some(b)), (c, Some(d))]);
        assert_eq!(value.big_endian, [a, b]);
        assert_eq!(value.records, [Record { h: a, n: 3, pair: (b, c) }]);
        assert_eq!((value.scalar, value.maybe, value.zero_dimensions), (c, Some(a), c));
        assert_eq!((value.float, value.list), (a, vec![a, b]));
    });
}
