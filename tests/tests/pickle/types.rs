//! Python's values as Rust types, and Rust's values as Python's: the program of `docs/guide/python.md` and more.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use joblib_array::{Array, MmapMode, Order};
use joblib_persist::{LoadOptions, PythonDumpOptions, dump_python, load, pickle};
use joblib_tests::python::{self, Release};
use num_complex::Complex;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

/// What `joblib.dump(EXPRESSION)` wrote, by today's Python and by the older one.
struct Dumped {
    expression: &'static str,
    paths: Vec<PathBuf>,
    _folder: Rc<TempDir>,
}

impl Dumped {
    /// What each of the two Pythons wrote, as `T`.
    fn load<T: DeserializeOwned>(&self) -> impl Iterator<Item = T> {
        self.paths.iter().map(|path| {
            load(path).unwrap_or_else(|error| panic!("{}, {}: {error:?}", self.expression, path.display()))
        })
    }
}

/// Dumps each of these expressions: all of them in one process of each Python, which takes up to a second to start.
fn dumped<const N: usize>(imports: &str, expressions: [&'static str; N]) -> [Dumped; N] {
    let folder = Rc::new(tempfile::tempdir().expect("a folder"));
    let path = |release: Release, i: usize| folder.path().join(format!("{i}-{release:?}.joblib"));
    for release in Release::ALL {
        let dumps = expressions.iter().enumerate().map(|(i, expression)| {
            format!("joblib.dump({expression}, {:?})\n", path(release, i).to_str().expect("a path"))
        });
        let script = format!("import joblib\nimport numpy as np\n{imports}\n{}", dumps.collect::<String>());
        python::run(release, &script, &[]);
    }
    std::array::from_fn(|i| Dumped {
        expression: expressions[i],
        paths: Release::ALL.map(|release| path(release, i)).to_vec(),
        _folder: Rc::clone(&folder),
    })
}

#[derive(Debug, Deserialize)]
struct Model {
    name: String,
    alpha: f64,
    weights: Array<f64>,
    folds: Vec<Fold>,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Fold {
    train: u64,
    test: u64,
}

#[test]
fn the_guides_model_loads_and_is_mapped() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("model.joblib");
    let script = r#"
import joblib, numpy as np, sys
joblib.dump(
    {"name": "ridge", "alpha": 0.5, "weights": np.arange(2000.0), "folds": [{"train": 80, "test": 20}]},
    sys.argv[1],
)
"#;
    python::run(Release::Today, script, &[path.to_str().expect("a path")]);
    let model: Model = load(&path).expect("it loads");
    assert_eq!((model.name.as_str(), model.alpha), ("ridge", 0.5));
    assert_eq!(model.folds, [Fold { train: 80, test: 20 }]);
    assert_eq!(model.weights.as_slice()[1998..], [1998.0, 1999.0]);
    let model: Model = LoadOptions::new().mmap_mode(MmapMode::Read).load(&path).expect("it maps");
    assert!(model.weights.is_mapped());
    assert_eq!(model.weights.as_slice()[1998..], [1998.0, 1999.0]);
}

#[test]
fn values_of_pythons_library_become_rusts() {
    let [timedelta, datetime, decimals, uuids, path, ranges, complex, integers, containers] = dumped(
        "import collections, datetime as dt, decimal, fractions, pathlib, uuid",
        [
            "dt.timedelta(days=1, microseconds=5)",
            "dt.datetime(1970, 1, 2, tzinfo=dt.timezone.utc)",
            "(decimal.Decimal('1.5'), fractions.Fraction(1, 3), fractions.Fraction(1, 4))",
            "(uuid.UUID(int=7), uuid.UUID(int=7))",
            "pathlib.PurePosixPath('/usr/lib')",
            "(range(5, 0, -2), range(2, 9))",
            "1+2j",
            "(2**64-1, -2**127, 2**128-1, 2**200)",
            "({1, 2}, {5: 'x'}, None)",
        ],
    );
    for value in timedelta.load::<Duration>() {
        assert_eq!(value, Duration::new(86_400, 5_000));
    }
    for value in datetime.load::<SystemTime>() {
        assert_eq!(value, SystemTime::UNIX_EPOCH + Duration::from_hours(24));
    }
    for value in decimals.load::<(f64, String, f64)>() {
        assert_eq!(value, (1.5, "1/3".to_owned(), 0.25));
    }
    for value in uuids.load::<(u128, String)>() {
        assert_eq!(value, (7, "00000000-0000-0000-0000-000000000007".to_owned()));
    }
    for value in path.load::<PathBuf>() {
        assert_eq!(value, PathBuf::from("/usr/lib"));
    }
    for value in ranges.load::<(Vec<i64>, std::ops::Range<u32>)>() {
        assert_eq!(value, (vec![5, 3, 1], 2..9));
    }
    for value in complex.load::<Complex<f64>>() {
        assert_eq!(value, Complex::new(1.0, 2.0));
    }
    for value in integers.load::<(u64, i128, u128, String)>() {
        assert_eq!((value.0, value.1, value.2), (u64::MAX, i128::MIN, u128::MAX));
        assert_eq!(value.3, "1606938044258990275541962092341162602522202993782792835301376");
    }
    for value in containers.load::<(HashSet<i32>, BTreeMap<i64, String>, Option<u8>)>() {
        assert_eq!(value, (HashSet::from([1, 2]), BTreeMap::from([(5, "x".to_owned())]), None));
    }
}

#[test]
fn an_integer_that_does_not_fit_is_a_type_error_that_says_where() {
    for result in Release::ALL.map(|release| {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("value.pkl");
        let script = "import pickle, sys; pickle.dump({'a': [1, 2, 300]}, open(sys.argv[1], 'wb'))";
        python::run(release, script, &[path.to_str().expect("a path")]);
        load::<HashMap<String, Vec<u8>>>(&path)
    }) {
        let error = result.expect_err("300 is no u8");
        assert!(error.is_wrong_type(), "{error:?}");
        assert!(error.to_string().contains(".a[2]"), "{error}");
    }
}

#[test]
fn arrays_become_vecs_and_arrays_of_any_order() {
    let [orders, texts, masked, lists] = dumped(
        "",
        [
            "(np.asfortranarray(np.arange(6, dtype='i4').reshape(2, 3)), np.asfortranarray(np.arange(6, dtype='i4').reshape(2, 3)), np.arange(3, dtype='>f8'), np.arange(3, dtype='f4'))",
            "(np.array(['é', 'b']), np.array([b'a', b'bc']), np.array(['2020-01-02', 'NaT'], 'M8[D]'))",
            "np.ma.array([1, 2, 3], mask=[0, 1, 0])",
            "([[1, 2], [3, 4]], [1, 2.5])",
        ],
    );
    for value in orders.load::<(Array<i32>, Vec<Vec<i32>>, Array<f64>, Vec<f64>)>() {
        assert_eq!(value.0.order(), Order::F);
        assert_eq!(value.0[[1, 2]], 5);
        assert_eq!(value.1, [[0, 1, 2], [3, 4, 5]]);
        assert_eq!(value.2.as_slice(), [0.0, 1.0, 2.0]);
        assert_eq!(value.3, [0.0, 1.0, 2.0]);
    }
    for value in texts.load::<(Vec<String>, Vec<String>, Vec<Option<String>>)>() {
        assert_eq!(value.0, ["é", "b"]);
        assert_eq!(value.1, ["a", "bc"]);
        assert_eq!(value.2, [Some("2020-01-02".to_owned()), None]);
    }
    for value in masked.load::<Vec<Option<i64>>>() {
        assert_eq!(value, [Some(1), None, Some(3)]);
    }
    for value in lists.load::<(Array<i64>, Array<f64>)>() {
        assert_eq!((value.0.shape(), value.0.as_slice()), (&[2, 2][..], &[1, 2, 3, 4][..]));
        assert_eq!(value.1.as_slice(), [1.0, 2.5]);
    }
}

#[derive(Debug, PartialEq, Deserialize)]
struct Row {
    id: i64,
    score: f64,
    name: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Columns {
    id: Array<i64>,
    score: Vec<f64>,
    name: Vec<Option<String>>,
    index: Vec<i64>,
}

#[test]
fn tables_become_columns_rows_and_maps() {
    let [records, frame, numbers] = dumped(
        "import pandas as pd",
        [
            "np.array([(1, 0.5, 'a'), (2, 1.5, 'b')], [('id', 'i8'), ('score', 'f8'), ('name', 'U3')])",
            "pd.DataFrame({'id': [1, 2], 'score': [0.5, 1.5], 'name': ['a', None]})",
            "pd.DataFrame({'x': [1, 2], 'y': [0.5, 1.5]})",
        ],
    );
    for rows in records.load::<Vec<Row>>() {
        assert_eq!(rows[1], Row { id: 2, score: 1.5, name: Some("b".to_owned()) });
    }
    for rows in frame.load::<Vec<Row>>() {
        assert_eq!(rows[1], Row { id: 2, score: 1.5, name: None });
    }
    for columns in frame.load::<Columns>() {
        assert_eq!(columns.id.as_slice(), [1, 2]);
        assert_eq!(columns.score, [0.5, 1.5]);
        assert_eq!(columns.name, [Some("a".to_owned()), None]);
        assert_eq!(columns.index, [0, 1]);
    }
    for columns in numbers.load::<BTreeMap<String, Vec<f64>>>() {
        assert_eq!(columns["x"], [1.0, 2.0]);
        assert_eq!(columns["y"], [0.5, 1.5]);
    }
}

#[derive(Debug, Deserialize)]
struct Regression {
    coef_: Array<f64>,
    intercept_: f64,
    fit_intercept: bool,
}

#[test]
fn a_fitted_estimator_is_a_struct_of_its_attributes() {
    let [model_file] = dumped(
        "from sklearn.linear_model import LinearRegression",
        ["LinearRegression().fit(np.arange(4.).reshape(-1, 1), [1., 3., 5., 7.])"],
    );
    for model in model_file.load::<Regression>() {
        assert_eq!(model.coef_.shape(), [1]);
        assert!((model.coef_.as_slice()[0] - 2.0).abs() < 1e-9);
        assert!((model.intercept_ - 1.0).abs() < 1e-9);
        assert!(model.fit_intercept);
    }
}

#[derive(Debug, PartialEq, Deserialize)]
enum Color {
    #[serde(rename = "1")]
    Red,
    #[serde(rename = "green")]
    Green,
}

#[test]
fn members_of_enums_are_variants_by_value() {
    let script = "import enum, pickle, sys, types\nsys.modules['shop'] = shop = types.ModuleType('shop')\nC = shop.C = enum.Enum('C', {'RED': 1, 'GREEN': 'green'}, module='shop')\nsys.stdout.write(pickle.dumps([C.RED, C.GREEN]).hex())";
    for release in Release::ALL {
        let hex = python::run(release, script, &[]);
        let bytes: Vec<u8> = (0..hex.len() / 2)
            .map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).expect("hex"))
            .collect();
        assert_eq!(pickle::from_slice::<Vec<Color>>(&bytes).expect("it loads"), [Color::Red, Color::Green]);
    }
}

#[derive(Serialize)]
struct Scores {
    name: String,
    values: Vec<f64>,
    flags: Vec<bool>,
    short: Vec<i32>,
    matrix: Array<i32>,
    fortran: Array<f32>,
    complex: Array<Complex<f64>>,
    by_pair: BTreeMap<(u8, String), Option<i64>>,
    shapes: Vec<Shape>,
    large: u128,
    text: String,
    tuple: (i64, char),
}

#[derive(Serialize)]
enum Shape {
    Point,
    Circle(f64),
    Box { width: u8, height: u8 },
    Line(i8, i16),
}

#[test]
fn python_reads_what_dump_python_wrote_mapped_and_compressed() {
    let folder = tempfile::tempdir().expect("a folder");
    let (c_order, shape) = (vec![0.0_f32, 1.0, 2.0, 3.0, 4.0, 5.0], [2, 3]);
    let fortran = Array::from_vec(c_order, &shape).expect("a shape");
    let (buffer, _, _) = fortran.into_buffer();
    let scores = Scores {
        name: "été".to_owned(),
        values: (0..5000).map(f64::from).collect(),
        flags: (0..2000).map(|i| i % 3 == 0).collect(),
        short: vec![1, -2, 70_000],
        matrix: Array::from_vec((0..6).collect(), &[2, 3]).expect("a shape"),
        fortran: Array::from_buffer(buffer, vec![2, 3], Order::F).expect("a shape"),
        complex: Array::from_vec(vec![Complex::new(1.0, -2.0)], &[1]).expect("a shape"),
        by_pair: BTreeMap::from([((1, "a".to_owned()), None), ((2, "b".to_owned()), Some(i64::MIN))]),
        shapes: vec![
            Shape::Point,
            Shape::Circle(1.5),
            Shape::Box { width: 1, height: 2 },
            Shape::Line(-1, 300),
        ],
        large: u128::MAX,
        text: "x".repeat(100_000),
        tuple: (-1, 'é'),
    };
    let check = r#"
import sys, joblib, numpy as np
for path in sys.argv[1:]:
    mapped = path.endswith(".joblib")
    s = joblib.load(path, mmap_mode="r" if mapped else None)
    assert s["name"] == "été" and s["short"] == [1, -2, 70000] and type(s["short"]) is list
    assert isinstance(s["values"], np.memmap) == mapped
    assert s["values"].dtype == np.float64 and (s["values"] == np.arange(5000.)).all()
    if mapped: assert s["values"].ctypes.data % 16 == 0
    assert s["flags"].dtype == bool and s["flags"][:4].tolist() == [True, False, False, True]
    assert s["matrix"].dtype == np.int32 and s["matrix"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert s["fortran"].flags.f_contiguous and s["fortran"].tolist() == [[0, 2, 4], [1, 3, 5]]
    assert s["complex"].tolist() == [1-2j]
    assert s["by_pair"] == {(1, "a"): None, (2, "b"): -2**63}
    assert s["shapes"] == ["Point", {"Circle": 1.5}, {"Box": {"width": 1, "height": 2}}, {"Line": (-1, 300)}]
    assert s["large"] == 2**128 - 1 and s["text"] == "x" * 100000 and s["tuple"] == (-1, "é")
"#;
    let paths: Vec<String> = ["joblib", "z", "gz", "xz"]
        .iter()
        .map(|extension| {
            folder.path().join(format!("scores.{extension}")).to_str().expect("a path").to_owned()
        })
        .collect();
    for path in &paths {
        dump_python(&scores, path).expect("it is written");
    }
    let arguments: Vec<&str> = paths.iter().map(String::as_str).collect();
    for release in Release::ALL {
        python::run(release, check, &arguments);
    }
}

#[test]
fn an_array_of_ndarray_is_a_numpy_array_in_python_and_comes_back() {
    type Value =
        (ndarray::Array2<f64>, BTreeMap<String, Option<ndarray::ArrayD<u8>>>, ndarray::Array1<String>);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("value.joblib");
    let matrix = ndarray::array![[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]];
    let bytes = ndarray::Array3::<u8>::zeros((0, 2, 1)).into_dyn();
    let texts = ndarray::array!["a".to_owned(), "b".to_owned()];
    let value: Value = (matrix, BTreeMap::from([("bytes".to_owned(), Some(bytes))]), texts);
    dump_python(&value, &path).expect("it is written");
    let script = r#"
import sys, joblib, numpy as np
matrix, named, texts = joblib.load(sys.argv[1], mmap_mode="r")
assert isinstance(matrix, np.memmap) and matrix.dtype == np.float64
assert matrix.tolist() == [[0, 1, 2], [3, 4, 5]]
assert named["bytes"].shape == (0, 2, 1) and named["bytes"].dtype == np.uint8
assert texts == {"v": 1, "dim": (2,), "data": ["a", "b"]}, texts
"#;
    for release in Release::ALL {
        python::run(release, script, &[path.to_str().expect("a path")]);
    }
    assert_eq!(load::<Value>(&path).expect("it is read"), value);
    let view = folder.path().join("view.pkl");
    dump_python(&value.0.t(), &view).expect("a view is written");
    let transposed: Array<f64> = load(&view).expect("it is read");
    assert_eq!(
        (transposed.shape(), transposed.as_slice()),
        (&[3, 2][..], &[0.0, 3.0, 1.0, 4.0, 2.0, 5.0][..])
    );
}

#[test]
fn a_file_without_arrays_is_a_plain_pickle() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("plain.pkl");
    let value: Vec<(u32, Vec<f64>)> = (0..3000).map(|i| (i, vec![f64::from(i); 2])).collect();
    PythonDumpOptions::new().array_len(usize::MAX).dump(&(value, vec![0_u8; 5000]), &path).expect("written");
    let script = "import pickle, sys\nv, z = pickle.load(open(sys.argv[1], 'rb'))\nassert v == [(i, [float(i)] * 2) for i in range(3000)] and z == [0] * 5000";
    for release in Release::ALL {
        python::run(release, script, &[path.to_str().expect("a path")]);
    }
}

#[test]
fn a_dict_as_a_key_is_refused_because_python_has_none() {
    let value = BTreeMap::from([(BTreeMap::from([(1, 2)]), 3)]);
    let error = pickle::to_vec(&value).expect_err("refused");
    assert!(error.to_string().contains("key"), "{error}");
}

#[test]
fn files_of_numpy_load_and_map() {
    #[derive(Deserialize)]
    struct Arrays {
        x: Array<f64>,
        labels: Vec<String>,
        objects: Vec<Option<i64>>,
    }

    let folder = tempfile::tempdir().unwrap();
    let script = r#"
import numpy as np, sys
folder = sys.argv[1]
arrays = dict(x=np.arange(4000.0).reshape(2, 2000), labels=np.array(["a", "bé"]), objects=np.array([1, None], dtype=object))
np.save(f"{folder}/x.npy", arrays["x"])
np.savez(f"{folder}/stored.npz", **arrays)
np.savez_compressed(f"{folder}/deflated.npz", **arrays)
"#;
    for release in Release::ALL {
        python::run(release, script, &[folder.path().to_str().unwrap()]);
        let array: Array<f64> = load(folder.path().join("x.npy")).unwrap();
        assert_eq!((array.shape(), array[[1, 1999]]), (&[2, 2000][..], 3999.0));
        let map = LoadOptions::new().mmap_mode(MmapMode::Read);
        assert!(map.load::<Array<f64>>(folder.path().join("x.npy")).unwrap().is_mapped());
        for name in ["stored.npz", "deflated.npz"] {
            let path = folder.path().join(name);
            for options in [LoadOptions::new(), map.clone()] {
                let arrays: Arrays = options.load(&path).unwrap();
                assert_eq!((arrays.x[[1, 1999]], arrays.labels[1].as_str()), (3999.0, "bé"));
                assert_eq!(arrays.objects, [Some(1), None]);
            }
            joblib_persist::verify(&path).unwrap();
            // Each byte of an array counts.
            let mut bytes = std::fs::read(&path).unwrap();
            let middle = bytes.len() / 4;
            bytes[middle] ^= 1;
            std::fs::write(&path, &bytes).unwrap();
            assert!(load::<Arrays>(&path).is_err_and(|error| error.is_corrupt()), "{name}");
            std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
            assert!(load::<Arrays>(&path).is_err_and(|error| error.is_corrupt()), "{name}");
        }
    }
}

#[test]
fn numpy_loads_what_dump_numpy_wrote() {
    #[derive(Serialize)]
    struct Arrays {
        matrix: Array<f32>,
        counts: Vec<u16>,
        rows: Vec<[i64; 2]>,
        labels: Vec<String>,
        one: f64,
    }

    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (matrix, npz, deflated) = (path("matrix.npy"), path("arrays.npz"), path("deflated.npz"));
    let arrays = Arrays {
        matrix: Array::from_vec((0..6_u8).map(f32::from).collect(), &[2, 3]).unwrap(),
        counts: vec![1, 65_535],
        rows: vec![[1, 2], [3, 4], [5, 6]],
        labels: vec!["a".into(), "bé".into()],
        one: 0.5,
    };
    joblib_persist::dump_numpy(&arrays.matrix, &matrix).unwrap();
    joblib_persist::dump_numpy(&arrays, &npz).unwrap();
    joblib_persist::NumpyDumpOptions::new().compressed(true).dump(&arrays, &deflated).unwrap();
    let check = r#"
import sys, numpy as np, zipfile
matrix = np.load(sys.argv[1], mmap_mode="r")
assert matrix.dtype == np.float32 and matrix.tolist() == [[0, 1, 2], [3, 4, 5]]
for path in sys.argv[2:]:
    assert zipfile.ZipFile(path).testzip() is None
    arrays = np.load(path)
    assert sorted(arrays) == ["counts", "labels", "matrix", "one", "rows"], list(arrays)
    assert arrays["matrix"].dtype == np.float32 and arrays["counts"].dtype == np.uint16
    assert arrays["counts"].tolist() == [1, 65535] and arrays["rows"].tolist() == [[1, 2], [3, 4], [5, 6]]
    assert arrays["labels"].tolist() == ["a", "bé"] and arrays["one"].shape == () and arrays["one"] == 0.5
"#;
    for release in Release::ALL {
        python::run(release, check, &[&matrix, &npz, &deflated]);
    }
    let error = joblib_persist::dump_numpy(&vec![Some(1), None], &matrix).unwrap_err();
    assert!(error.to_string().contains("missing value"), "{error}");
    let before: Array<f32> = load(&matrix).unwrap();
    assert_eq!(before.as_slice(), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0], "the file is as before");
}
