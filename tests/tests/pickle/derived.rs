//! Values whose class is made of one that is known: nothing of them is lost, and a type asks for what it wants.

use std::collections::{BTreeMap, BTreeSet};

use joblib_array::Array;
use joblib_persist::pickle::Value;
use serde::Deserialize;

use crate::typed::each;

#[derive(Deserialize)]
struct Table {
    a: Array<i64>,
    t: Vec<String>,
}

#[derive(Deserialize)]
struct Row {
    a: i64,
    t: String,
}

#[test]
fn a_subclass_of_a_frame_is_a_table_with_what_it_adds_beside_it() {
    let script = r#"
import sys, types, pandas as pd
shop = sys.modules["shop"] = types.ModuleType("shop")
class GeoFrame(pd.DataFrame):
    _metadata = ["crs"]
    @property
    def _constructor(self): return GeoFrame
class Prices(pd.Series): pass
for c in [GeoFrame, Prices]: c.__module__ = "shop"; setattr(shop, c.__name__, c)
frame = GeoFrame({"a": [1, 2], "t": ["x", "y"]})
frame.crs = "EPSG:4326"
frame.attrs["unit"] = "m"
value = (frame, frame, frame, Prices([1.5, 2.5], index=["p", "q"], name="price"))
"#;
    each::<(Table, Vec<Row>, Value, Vec<f64>)>(script, |(table, rows, frame, prices)| {
        assert_eq!((table.a.as_slice(), table.t), (&[1, 2][..], vec!["x".to_owned(), "y".to_owned()]));
        assert_eq!((rows[1].a, rows[1].t.as_str()), (2, "y"));
        assert_eq!(frame.type_name(), "shop.GeoFrame");
        assert_eq!(frame["a"].as_array().expect("an array").shape(), [2]);
        let Value::Object(object) = &frame else { panic!("{frame:?}") };
        let noted = object.state.as_ref().expect("what is noted beside the frame");
        assert_eq!((noted["crs"].as_str(), noted["unit"].as_str()), (Some("EPSG:4326"), Some("m")));
        assert_eq!(prices, [1.5, 2.5]);
    });
}

#[derive(Deserialize)]
struct Subclasses {
    text: String,
    int: i64,
    float: f64,
    bytes: Vec<u8>,
    tuple: (i64, String),
    set: BTreeSet<i64>,
    list: Vec<i64>,
    dict: BTreeMap<String, i64>,
    error: (String, i64),
    path: Noted,
}

#[derive(Deserialize)]
struct Noted {
    note: String,
}

#[test]
fn a_subclass_of_a_plain_type_is_that_value_or_its_attributes() {
    let script = r#"
import sys, types
shop = sys.modules["shop"] = types.ModuleType("shop")
def noted(base, *args):
    name = "Noted" + base.__name__.capitalize()
    cls = type(name, (base,), {"__module__": "shop"})
    setattr(shop, name, cls)
    made = cls(*args)
    made.note = "n"
    return made
text = noted(str, "x")
value = {"text": text, "int": noted(int, 2**40), "float": noted(float, 1.5), "bytes": noted(bytes, b"ab"),
         "tuple": noted(tuple, (1, "a")), "set": noted(set, [3, 1]), "list": noted(list, [1, 2]), "dict": noted(dict, {"a": 1}),
         "error": ValueError("bad", 3), "path": text}
"#;
    each::<Subclasses>(script, |value| {
        assert_eq!((value.text.as_str(), value.int, value.float), ("x", 1 << 40, 1.5));
        assert_eq!((value.bytes, value.tuple), (b"ab".to_vec(), (1, "a".to_owned())));
        assert_eq!((value.set, value.list), (BTreeSet::from([1, 3]), vec![1, 2]));
        assert_eq!(value.dict, BTreeMap::from([("a".to_owned(), 1)]));
        assert_eq!((value.error, value.path.note.as_str()), (("bad".to_owned(), 3), "n"));
    });
}

#[derive(Debug, PartialEq, Deserialize)]
struct Item {
    name: String,
    price: f64,
}

#[test]
fn a_dataclass_with_slots_is_a_struct_frozen_or_not() {
    let script = r#"
import dataclasses, sys, types
shop = sys.modules["shop"] = types.ModuleType("shop")
def made(name, **options):
    cls = dataclasses.make_dataclass(name, [("name", str), ("price", float)], **options)
    cls.__module__ = "shop"
    setattr(shop, name, cls)
    return cls("tea", 2.5)
value = [made("Plain"), made("Frozen", frozen=True), made("Slots", slots=True), made("Both", frozen=True, slots=True)]
"#;
    each::<Vec<Item>>(script, |items| {
        assert_eq!(items.len(), 4);
        for item in items {
            assert_eq!(item, Item { name: "tea".to_owned(), price: 2.5 });
        }
    });
}

#[derive(Deserialize)]
struct Spans {
    text: String,
    seconds: f64,
    duration: std::time::Duration,
    micros: i64,
    array: Value,
    fine: Value,
}

#[test]
fn spans_and_dates_keep_what_is_finer_than_python_has() {
    let script = r#"
import numpy as np, pandas as pd
nano = pd.Timedelta(1, "ns")
value = {"text": pd.Timedelta("1 days 00:00:02.000003004"), "seconds": nano, "duration": nano, "micros": pd.Timedelta(5, "us"),
         "array": np.array([1_000_000_001, -1], "m8[ns]"),
         "fine": (np.array([7, -1], "M8[ps]"), np.array([1001, 2000], "m8[ps]"))}
"#;
    each::<Spans>(script, |value| {
        assert_eq!(value.text, "1 day, 0:00:02.000003004");
        assert_eq!((value.seconds, value.duration.as_nanos(), value.micros), (1e-9, 1, 5));
        let texts = |value: &Value| -> Vec<String> {
            let elements = value.as_array().expect("an array").elements();
            elements.map(|element| element.as_str().expect("a text").to_owned()).collect()
        };
        assert_eq!(texts(&value.array), ["0:00:01.000000001", "-1 day, 23:59:59.999999999"]);
        let Value::Tuple(fine) = &value.fine else { panic!("{:?}", value.fine) };
        assert_eq!(texts(&fine[0]), ["1970-01-01T00:00:00.000000000007", "1969-12-31T23:59:59.999999999999"]);
        assert_eq!(texts(&fine[1]), ["1001 ps", "0:00:00.000000002"]);
    });
    let script = "import pandas as pd\nvalue = pd.Timedelta(1, 'ns')";
    for release in joblib_tests::python::Release::ALL {
        let (_folder, [path, _]) = crate::typed::saved(release, script);
        let error = joblib_persist::load::<i64>(&path).expect_err("it is not a whole number");
        assert!(error.to_string().contains("microseconds"), "{error}");
    }
}

#[test]
fn zones_that_have_one_offset_by_definition_have_it_in_the_text() {
    let script = r#"
import datetime as dt, zoneinfo
from dateutil import tz
noon = dt.datetime(2024, 7, 1, 12)
zones = [zoneinfo.ZoneInfo("UTC"), zoneinfo.ZoneInfo("Etc/GMT+5"), zoneinfo.ZoneInfo("Etc/GMT-14"), zoneinfo.ZoneInfo("Asia/Tokyo")]
# Daylight saving time between the first Sunday of April and the last one of October, and the hour that is there twice.
rule = tz.tzrange("EST", -18000, "EDT")
zones += [rule, tz.tzstr("EST5EDT")]
value = [noon.replace(tzinfo=zone) for zone in zones]
for month, day, hour in [(1, 15, 0), (4, 7, 1), (4, 7, 3), (10, 27, 0), (10, 27, 1), (10, 27, 2)]:
    value += [dt.datetime(2024, month, day, hour, fold=fold, tzinfo=rule) for fold in (0, 1)]
south = tz.tzstr("AEST-10AEDT,M10.1.0,M4.1.0/3")
value += [dt.datetime(2024, month, 1, tzinfo=south) for month in (1, 7, 12)]
value = [value, [str(v.isoformat()) for v in value]]
"#;
    each::<(Vec<String>, Vec<String>)>(script, |(found, expected)| {
        assert_eq!(found[3], "2024-07-01T12:00:00[Asia/Tokyo]");
        let differing: Vec<_> =
            found.iter().zip(&expected).enumerate().filter(|(index, (a, b))| *index != 3 && a != b).collect();
        assert!(differing.is_empty(), "{differing:?}");
    });
}

#[derive(Deserialize)]
struct Times {
    n: i64,
    at: Value,
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "it is not made")]
struct Texts {
    at: String,
}

#[test]
fn a_local_zone_whose_rules_are_not_in_the_file_is_an_error_that_says_so() {
    let script = r#"
import os, time, datetime as dt
os.environ["TZ"] = "Europe/Paris"
time.tzset()
from dateutil import tz
value = {"n": 1, "at": dt.datetime(2024, 7, 1, 12, tzinfo=tz.tzlocal())}
"#;
    each::<Times>(script, |value| {
        assert_eq!((value.n, value.at.type_name()), (1, "datetime.datetime"));
    });
    for release in joblib_tests::python::Release::ALL {
        let (_folder, [path, _]) = crate::typed::saved(release, script);
        let error = joblib_persist::load::<Texts>(&path).expect_err("no offset is known");
        assert!(error.to_string().contains("dateutil.tz.tz.tzlocal"), "{error}");
        assert!(error.to_string().contains("astimezone"), "{error}");
    }
}

#[derive(Deserialize)]
struct Masked {
    data: Vec<(i64, f64)>,
    mask: Vec<(bool, bool)>,
}

#[test]
fn masked_records_are_masked_arrays_of_a_structured_dtype() {
    let script = r#"
import numpy.ma.mrecords as mrecords
value = mrecords.fromarrays([[1, 2], [3.0, 4.0]], names="a,b")
value.mask[0] = (False, True)
value._mask[0] = (False, True)
"#;
    each::<Masked>(script, |value| {
        assert_eq!(value.data, [(1, 3.0), (2, 4.0)]);
        assert_eq!(value.mask, [(false, true), (false, false)]);
    });
}
