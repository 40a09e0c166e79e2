//! Every type of Python's that has a Rust form, loaded into that form; from Python and joblib of today and of an older release.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use half::f16;
use joblib_array::{Array, MmapMode};
use joblib_persist::{LoadOptions, load};
use joblib_tests::python::{self, Release};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tempfile::TempDir;

/// Runs a script that makes `value`, and saves it with `joblib.dump` and with `pickle.dump`.
pub(crate) fn saved(release: Release, script: &str) -> (TempDir, [String; 2]) {
    let folder = tempfile::tempdir().expect("a folder");
    let paths = ["value.joblib", "value.pkl"]
        .map(|name| folder.path().join(name).to_str().expect("a path").to_owned());
    let save = "\nimport sys, joblib, pickle\njoblib.dump(value, sys.argv[1])\nwith open(sys.argv[2], 'wb') as f: pickle.dump(value, f)";
    python::run(release, &format!("{script}{save}"), &[&paths[0], &paths[1]]);
    (folder, paths)
}

/// Hands what the script's `value` loads as to `check`, for each release and each way to save it.
pub(crate) fn each<T: DeserializeOwned>(script: &str, check: impl Fn(T)) {
    for release in Release::ALL {
        let (_folder, paths) = saved(release, script);
        for path in paths {
            check(load(&path).unwrap_or_else(|error| panic!("{release:?}, {path}: {error:?}")));
        }
    }
}

#[derive(Deserialize)]
struct Containers {
    none: Option<String>,
    unit: (),
    bytes: Vec<u8>,
    bytearray: Vec<u8>,
    list: Vec<Vec<i32>>,
    tuple: (i8, f32, char),
    frozenset: BTreeSet<String>,
    keys: HashMap<(i64, String), Option<f64>>,
    ordered: BTreeMap<String, u8>,
    ordered_struct: Settings,
    defaults: BTreeMap<String, Vec<i64>>,
    counter: BTreeMap<char, u32>,
    deque: Vec<f64>,
    slice: (Option<i64>, i64, Option<i64>),
    slice_struct: Slice,
    point: (f64, f64),
    named: Point,
    item: Item,
    slotted: BTreeMap<String, i64>,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Settings {
    depth: u8,
    rate: u8,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Slice {
    start: Option<i64>,
    stop: i64,
    step: Option<i64>,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Point {
    x: f64,
    y: f64,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Item {
    name: String,
    price: f64,
    tags: Vec<String>,
}

#[test]
fn containers_and_instances_become_structs_maps_and_tuples() {
    let script = r#"
import collections, dataclasses, sys, types
sys.modules["shop"] = shop = types.ModuleType("shop")
def here(cls):
    cls.__module__ = "shop"
    setattr(shop, cls.__qualname__, cls)
    return cls
Point = here(collections.namedtuple("Point", "x y"))
@here
@dataclasses.dataclass
class Item:
    name: str
    price: float
    tags: list
@here
class Slotted:
    __slots__ = ("a", "b")
slotted = Slotted()
slotted.a, slotted.b = 1, 2
value = {
    "none": None, "unit": None, "bytes": b"\x00\xff", "bytearray": bytearray(b"ab"), "list": [[1], [], [2, 3]],
    "tuple": (-1, 0.5, "é"), "frozenset": frozenset(["a", "b"]), "keys": {(1, "a"): 0.5, (2, "b"): None},
    "ordered": collections.OrderedDict([("b", 1), ("a", 2)]),
    "ordered_struct": collections.OrderedDict([("depth", 3), ("rate", 4)]),
    "defaults": collections.defaultdict(list, {"a": [1, 2]}), "counter": collections.Counter("aab"),
    "deque": collections.deque([1.5, 2.5], 9), "slice": slice(5), "slice_struct": slice(1, 9, 2),
    "point": Point(1.0, 2.0), "named": Point(3.0, 4.0), "item": Item("tea", 2.5, ["hot"]), "slotted": slotted,
}
"#;
    each::<Containers>(script, |value| {
        assert_eq!((value.none, value.unit), (None, ()));
        assert_eq!((value.bytes, value.bytearray), (vec![0, 255], b"ab".to_vec()));
        assert_eq!(value.list, [vec![1], vec![], vec![2, 3]]);
        assert_eq!(value.tuple, (-1, 0.5, 'é'));
        assert_eq!(value.frozenset, BTreeSet::from(["a".to_owned(), "b".to_owned()]));
        assert_eq!(
            value.keys,
            HashMap::from([((1, "a".to_owned()), Some(0.5)), ((2, "b".to_owned()), None)])
        );
        assert_eq!(value.ordered, BTreeMap::from([("a".to_owned(), 2), ("b".to_owned(), 1)]));
        assert_eq!(value.ordered_struct, Settings { depth: 3, rate: 4 });
        assert_eq!(value.defaults["a"], [1, 2]);
        assert_eq!(value.counter, BTreeMap::from([('a', 2), ('b', 1)]));
        assert_eq!(value.deque, [1.5, 2.5]);
        assert_eq!(value.slice, (None, 5, None));
        assert_eq!(value.slice_struct, Slice { start: Some(1), stop: 9, step: Some(2) });
        assert_eq!(value.point, (1.0, 2.0));
        assert_eq!(value.named, Point { x: 3.0, y: 4.0 });
        assert_eq!(value.item, Item { name: "tea".to_owned(), price: 2.5, tags: vec!["hot".to_owned()] });
        assert_eq!(value.slotted, BTreeMap::from([("a".to_owned(), 1), ("b".to_owned(), 2)]));
    });
}

#[derive(Deserialize)]
struct Times {
    datetime: String,
    parts: DateParts,
    epoch: f64,
    date: String,
    time: String,
    delta: f64,
    micros: i64,
    text: String,
}

#[derive(Debug, PartialEq, Deserialize)]
struct DateParts {
    year: i32,
    month: u8,
    day: u8,
    hour: u8,
    utc_offset: Option<i32>,
}

#[test]
fn dates_and_times_become_text_numbers_and_parts() {
    let script = r#"
import datetime as dt
zone = dt.timezone(dt.timedelta(hours=2))
value = {"datetime": dt.datetime(2024, 2, 29, 12, 30, 0, 5), "parts": dt.datetime(2024, 2, 29, 12, tzinfo=zone),
         "epoch": dt.datetime(1970, 1, 1, 2, 0, 1, 500000, tzinfo=zone), "date": dt.date(1969, 12, 31),
         "time": dt.time(1, 2, 3), "delta": dt.timedelta(days=-1, microseconds=500000),
         "micros": dt.timedelta(seconds=-1, microseconds=1), "text": dt.timedelta(days=2, seconds=5)}
"#;
    each::<Times>(script, |value| {
        assert_eq!(value.datetime, "2024-02-29T12:30:00.000005");
        assert_eq!(
            value.parts,
            DateParts { year: 2024, month: 2, day: 29, hour: 12, utc_offset: Some(7200) }
        );
        assert_eq!((value.epoch, value.delta, value.micros), (1.5, -86_399.5, -999_999));
        assert_eq!((value.date.as_str(), value.time.as_str()), ("1969-12-31", "01:02:03"));
        assert_eq!(value.text, "2 days, 0:00:05");
    });
}

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
struct Pandas {
    series: Vec<f64>,
    series_parts: Series,
    index: Vec<i64>,
    labels: Vec<String>,
    days: Vec<String>,
    range: Vec<i64>,
    frame: Table,
    timestamp: std::time::SystemTime,
    timedelta: std::time::Duration,
    missing: Option<i64>,
}

#[derive(Deserialize)]
struct Series {
    name: String,
    index: Vec<String>,
    values: Array<i64>,
}

#[derive(Deserialize)]
struct Table {
    ints: Array<i64>,
    flags: Vec<bool>,
    texts: Vec<Option<String>>,
    kinds: Vec<Option<String>>,
    times: Vec<Option<f64>>,
    zoned: Vec<Option<String>>,
    spans: Vec<Option<f64>>,
    nullable: Vec<Option<i64>>,
    maybe: Vec<Option<bool>>,
}

#[test]
fn series_indexes_and_frames_become_structs_of_columns() {
    let script = r#"
import pandas as pd
times = pd.to_datetime(["1970-01-01 00:00:01.5", None])
value = {
    "series": pd.Series([1.5, 2.5], name="x"), "series_parts": pd.Series([1, 2], index=["a", "b"], name="n"),
    "index": pd.Index([3, 1]), "labels": pd.Index(["p", "q"]), "days": pd.DatetimeIndex(["2020-01-02"]),
    "range": pd.RangeIndex(2, 8, 3),
    "frame": pd.DataFrame({
        "ints": [1, 2], "flags": [True, False], "texts": ["a", None], "kinds": pd.Categorical(["k", None]), "times": times,
        "zoned": times.tz_localize("UTC"), "spans": pd.to_timedelta(["2 s", None]), "nullable": pd.array([1, None], "Int64"),
        "maybe": pd.array([True, None], "boolean"),
    }),
    "timestamp": pd.Timestamp("1970-01-01 00:00:02"), "timedelta": pd.Timedelta("1 s"), "missing": pd.NA,
}
"#;
    each::<Pandas>(script, |value| {
        assert_eq!(value.series, [1.5, 2.5]);
        assert_eq!(value.series_parts.name, "n");
        assert_eq!(
            (value.series_parts.index, value.series_parts.values.as_slice()),
            (vec!["a".to_owned(), "b".to_owned()], &[1, 2][..])
        );
        assert_eq!(
            (value.index, value.labels, value.range),
            (vec![3, 1], vec!["p".to_owned(), "q".to_owned()], vec![2, 5])
        );
        assert!(value.days[0].starts_with("2020-01-02"), "{:?}", value.days);
        assert_eq!((value.frame.ints.as_slice(), value.frame.flags), (&[1, 2][..], vec![true, false]));
        assert_eq!(
            (value.frame.texts, value.frame.kinds),
            (vec![Some("a".to_owned()), None], vec![Some("k".to_owned()), None])
        );
        assert_eq!((value.frame.times, value.frame.spans), (vec![Some(1.5), None], vec![Some(2.0), None]));
        let zoned = value.frame.zoned;
        assert!(
            zoned[0]
                .as_ref()
                .is_some_and(|text| text.starts_with("1970-01-01T00:00:01.5") && text.ends_with("+00:00")),
            "{zoned:?}"
        );
        assert_eq!(zoned[1], None);
        assert_eq!((value.frame.nullable, value.frame.maybe), (vec![Some(1), None], vec![Some(true), None]));
        assert_eq!(value.timestamp, std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(2));
        assert_eq!((value.timedelta, value.missing), (std::time::Duration::from_secs(1), None));
    });
}

#[derive(Deserialize)]
struct Pipeline {
    steps: Vec<(String, joblib_persist::pickle::Value)>,
}

#[derive(Deserialize)]
struct Forest {
    estimators_: Vec<Tree>,
    n_features_in_: usize,
}

#[derive(Deserialize)]
struct Tree {
    max_depth: Option<usize>,
}

#[test]
fn the_fitted_arrays_of_estimators_within_estimators_can_be_reached_by_name() {
    let script = r"
import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
x, y = np.arange(20.0).reshape(10, 2), np.arange(10) % 2
value = (make_pipeline(StandardScaler(), Ridge()).fit(x, y), RandomForestClassifier(3, max_depth=2, random_state=0).fit(x, y))
";
    each::<(Pipeline, Forest)>(script, |(pipeline, forest)| {
        let (name, scaler) = &pipeline.steps[0];
        assert_eq!(name, "standardscaler");
        assert!(scaler.type_name().ends_with("StandardScaler"), "{}", scaler.type_name());
        let mean =
            scaler["mean_"].as_array().expect("an array").to_array::<f64>().expect("floats").expect("valid");
        assert_eq!(mean.as_slice(), [9.0, 10.0]);
        assert_eq!(pipeline.steps[1].1["coef_"].as_array().expect("an array").shape(), [2]);
        assert_eq!((forest.estimators_.len(), forest.n_features_in_), (3, 2));
        assert_eq!(forest.estimators_[0].max_depth, Some(2));
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
