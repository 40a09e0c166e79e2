//! Every type of Python's that has a Rust form, loaded into that form; from Python and joblib of today and of an older release.

mod numpy;
mod pandas;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use joblib_persist::load;
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
