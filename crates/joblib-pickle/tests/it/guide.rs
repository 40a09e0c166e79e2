//! The tables of the guide's page on Python: each row is held to files of the corpus, or to what is written.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use joblib_array::Array;
use joblib_pickle::{Value, from_slice, to_vec};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::shapes::load;

fn text(path: &str) -> String {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The rows of the table with that head, each as its first cell.
fn rows(document: &str, head: &str) -> Vec<String> {
    let mut lines = document.lines().skip_while(|line| !line.ends_with(head)).skip(2);
    let mut rows = Vec::new();
    while let Some(row) = lines.next().and_then(|line| line.trim_start_matches("/// ").strip_prefix("| ")) {
        rows.push(row.split_once(" | ").expect("a row has two cells").0.to_owned());
    }
    rows
}

/// A column of a file of the corpus whose columns all are of that type.
fn column<T: DeserializeOwned>(file: &str, name: &str) -> Vec<T> {
    load::<BTreeMap<String, Vec<T>>>(file).unwrap().remove(name).unwrap()
}

type Check = (&'static str, fn());

const READ: &[Check] = &[
    ("`DataFrame`, `pyarrow.Table`, `RecordBatch`", || {
        let columns: BTreeMap<String, Vec<f64>> = load("arrow_labels").unwrap();
        assert_eq!(columns["x"], [0.5, 1.5]);
        assert_eq!(load::<Vec<(i64, f64)>>("arrow_labels").unwrap()[1], (2, 1.5));
        assert!(load::<Value>("arrow_table").is_ok() && load::<Value>("arrow_record_batch").is_ok());
    }),
    ("labels of columns", || {
        assert!(load::<BTreeMap<bool, Value>>("labels_bool").unwrap().contains_key(&true));
        assert!(
            load::<BTreeMap<String, Value>>("labels_dates")
                .unwrap()
                .keys()
                .all(|day| day.starts_with("2024-01-0"))
        );
        assert!(load::<BTreeMap<(String, String), Value>>("labels_multi_plain").is_ok());
    }),
    ("index with names", || {
        assert!(load::<BTreeMap<String, Value>>("index_named").unwrap().contains_key("k"));
    }),
    ("any index", || {
        #[derive(Deserialize)]
        struct Indexed<T> {
            index: Vec<T>,
        }
        assert_eq!(load::<Indexed<String>>("index_unnamed_text").unwrap().index, ["p", "q"]);
        assert_eq!(
            load::<Indexed<(String, i64)>>("index_unnamed_multi").unwrap().index[1],
            ("q".to_owned(), 2)
        );
    }),
    ("`attrs`", || {
        let Value::Object(frame) = load::<Value>("attrs").unwrap() else { panic!("a frame") };
        assert_eq!(frame.state.unwrap()["n"].as_i64(), Some(3));
    }),
    ("a subclass of a table, such as `GeoDataFrame`", || {
        assert_eq!(load::<Vec<(i64, String)>>("table_subclass").unwrap()[1], (2, "y".to_owned()));
        let Value::Object(frame) = load::<Value>("table_subclass").unwrap() else { panic!("a frame") };
        assert_eq!(frame.state.unwrap()["crs"].as_str(), Some("EPSG:4326"));
    }),
    ("numbers, `bool`, nullable ones", || {
        type Row = (Option<i64>, Option<f64>, Option<bool>);
        let rows: Vec<Row> = load("column_nullable").unwrap();
        assert_eq!(rows, [(Some(1), None, Some(true)), (None, Some(0.5), None)]);
    }),
    ("text: objects, `string`, Arrow-backed `str`", || {
        assert_eq!(column::<Option<String>>("arrow_string_dtype", "p"), [Some("a".to_owned()), None]);
        assert_eq!(load::<Vec<(Option<String>, i64)>>("arrow_text").unwrap()[0], (Some("é".to_owned()), 1));
    }),
    ("`datetime64`, with a zone (in UTC), `timedelta64`, Arrow's `timestamp`, `date32`, `duration`", || {
        assert_eq!(
            column::<Option<String>>("column_zoned", "t")[0].as_deref(),
            Some("2024-07-01T10:00:00.000000+00:00")
        );
        assert_eq!(column::<Option<String>>("arrow_times", "d")[0].as_deref(), Some("2024-02-29"));
    }),
    ("`Categorical`, Arrow's `dictionary`", || {
        assert_eq!(column::<Option<f64>>("column_categories_numbers", "c"), [Some(1.5), None, Some(2.5)]);
        assert_eq!(column::<Option<String>>("arrow_dictionary", "c")[3].as_deref(), Some("a"));
    }),
    ("`Interval`, `pandas.cut`", || {
        assert_eq!(load::<Vec<(i64, (i64, i64))>>("column_interval").unwrap()[1], (2, (1, 2)));
        assert_eq!(load::<Vec<(i64, String)>>("column_interval").unwrap()[0].1, "[0, 1]");
    }),
    ("`Period`", || assert_eq!(column::<String>("column_period", "p")[1], "2024-01-02")),
    ("`SparseArray`", || assert_eq!(column::<f64>("column_sparse", "s"), [0.0, 0.0, 1.5, 0.0])),
    ("Arrow's `list`, `list_view`, `struct`, `map`", || {
        assert_eq!(column::<Option<Vec<i64>>>("arrow_lists", "l"), [Some(vec![1, 2]), None, Some(vec![])]);
        assert!(column::<Option<BTreeMap<String, i64>>>("arrow_map", "m")[1].is_none());
        let group: BTreeMap<String, Value> = load("kinds_arrow").unwrap();
        assert_eq!(group["list_view"]["l"].items().unwrap()[0].items().unwrap()[1].as_i64(), Some(2));
    }),
    ("Arrow's `decimal128`, `time64`, `binary`, `string_view`", || {
        assert_eq!(column::<Option<String>>("arrow_decimal", "d")[1].as_deref(), Some("12.30"));
        assert_eq!(
            column::<Option<String>>("arrow_views", "t")[2].as_deref(),
            Some("longer than twelve bytes")
        );
    }),
    ("Arrow's unions, run-end encoded arrays, scalars", || {
        assert_eq!(column::<Option<String>>("arrow_runs", "r")[3].as_deref(), Some("b"));
        assert_eq!(load::<(i64, String, Option<i64>)>("arrow_scalars").unwrap(), (3, "x".to_owned(), None));
        let group: BTreeMap<String, Value> = load("kinds_arrow").unwrap();
        assert_eq!(group["union_dense"]["u"].items().unwrap()[1].as_str(), Some("a"));
    }),
    ("Arrow's extension types", || {
        let group: BTreeMap<String, Value> = load("kinds_arrow").unwrap();
        let uuid = &group["ext_uuid"]["u"].items().unwrap()[0];
        assert_eq!(uuid.as_str(), Some("01010101-0101-0101-0101-010101010101"));
        assert_eq!(group["ext_bool8"]["u"].items().unwrap()[0].as_bool(), Some(true));
    }),
    ("masked array", || {
        #[derive(Deserialize)]
        struct Group {
            masked_f: Vec<Option<f64>>,
        }
        assert_eq!(load::<Group>("kinds_numpy").unwrap().masked_f, [None, Some(2.5)]);
    }),
    ("record array, structured dtype, also with objects", || {
        assert_eq!(load::<Vec<(i32, f64, String)>>("array_records").unwrap()[0], (1, 2.5, "x".to_owned()));
        assert_eq!(load::<Vec<(i32, Value)>>("array_object_field").unwrap().len(), 2);
    }),
    ("`StringDType`", || {
        #[derive(Deserialize)]
        struct Strings {
            t: Vec<String>,
        }
        assert_eq!(load::<Strings>("array_strings").unwrap().t[1], "bé");
    }),
    ("`bfloat16`, `float8`, `int4` of `ml_dtypes`", || {
        #[derive(Deserialize)]
        struct Group {
            int4: (Vec<i8>, Array<u8>),
        }
        assert_eq!(load::<Group>("kinds_ml_dtypes").unwrap().int4.0, [1, -8, 7]);
        assert_eq!(load::<(Array<f32>, Vec<f32>)>("array_float8").unwrap().1, [1.0, 57344.0]);
    }),
    ("a file of `numpy.save`", || {
        let mut file = Vec::new();
        joblib_pickle::write_npy(&Value::List(vec![Value::Int(1)]), &mut file).unwrap();
        assert_eq!(from_slice::<Array<i64>>(&file).unwrap().as_slice(), [1]);
    }),
    ("a file of `numpy.savez` or `savez_compressed`", || {
        let mut file = Vec::new();
        let arrays = Value::Dict(vec![(Value::Str("a".into()), Value::List(vec![Value::Int(1)]))]);
        joblib_pickle::write_npz(&arrays, true, &mut file).unwrap();
        assert_eq!(from_slice::<BTreeMap<String, Vec<i64>>>(&file).unwrap()["a"], [1]);
    }),
    ("dtypes alone, as in `DataFrame.dtypes`", || {
        #[derive(Deserialize)]
        struct Dtypes {
            dtypes_of_a_frame: Vec<String>,
            categories: (Categories,),
        }
        #[derive(Deserialize)]
        struct Categories {
            categories: Vec<String>,
            ordered: bool,
        }
        let found: Dtypes = load("kinds_stdlib").unwrap();
        assert_eq!(found.dtypes_of_a_frame[1..3], ["float64", "Int64"]);
        assert!(found.categories.0.ordered && found.categories.0.categories == ["a", "b"]);
    }),
    ("an array of an unknown dtype", || {
        let pickle =
            b"(dVn\nI3\nsVw\ncnumpy._core.numeric\n_frombuffer\n(C\x04abcdcshop\nMoney\n(tR(I4\ntVC\ntRs.";
        let value: Value = from_slice(pickle).unwrap();
        assert!(value["n"].as_i64() == Some(3) && format!("{:?}", value["w"]).contains("shop.Money"));
    }),
    ("an unknown extension type", || {
        assert!(load::<Value>("column_extension").unwrap()["o"].type_name().ends_with("MoneyArray"));
        assert!(load::<BTreeMap<String, Vec<i64>>>("column_extension").is_err());
    }),
];

/// The class that Python has a value as.
fn class<T: Serialize + ?Sized>(value: &T) -> String {
    from_slice::<Value>(&to_vec(value).unwrap()).unwrap().type_name().to_owned()
}

#[derive(Serialize)]
struct Unit;

#[derive(Serialize)]
enum Shape {
    Point,
    Circle(f64),
}

const WRITTEN: &[Check] = &[
    ("struct, map, enum variant with content (`{variant: content}`)", || {
        assert_eq!(
            (class(&BTreeMap::from([(1, 2)])), class(&Shape::Circle(1.0))),
            ("dict".into(), "dict".into())
        );
    }),
    ("sequence", || assert_eq!(class(&vec![1, 2]), "list")),
    ("sequence of at least `array_len` `bool`s, integers up to 64 bits or floats", || {
        assert_eq!(
            (class(&vec![0.5; 1024]), class(&vec![true; 1023])),
            ("numpy.ndarray".into(), "list".into())
        );
    }),
    ("`joblib_array::Array`", || {
        assert_eq!(class(&Array::from_vec(vec![1_i8], &[1]).unwrap()), "numpy.ndarray");
    }),
    ("tuple, fixed-size array", || {
        assert_eq!((class(&(1, 2)), class(&[1; 3])), ("tuple".into(), "tuple".into()));
    }),
    ("`bool`, integers, floats, `char` and strings, bytes", || {
        let classes = [class(&true), class(&1_u8), class(&0.5), class(&'a'), class("a")];
        assert_eq!(classes, ["bool", "int", "float", "str", "str"]);
    }),
    ("`None`, `()`, unit struct", || {
        assert_eq!([class(&None::<i32>), class(&()), class(&Unit)], ["NoneType"; 3]);
    }),
    ("unit variant", || assert_eq!(class(&Shape::Point), "str")),
    ("dates and times of `chrono`, `time` and `jiff`, `SystemTime`", || {
        assert_eq!(class(&std::time::SystemTime::UNIX_EPOCH), "datetime.datetime");
    }),
    ("`Duration` of std and `time`, `TimeDelta`, `SignedDuration`", || {
        assert_eq!(class(&std::time::Duration::from_secs(1)), "datetime.timedelta");
    }),
    ("`uuid::Uuid`, `rust_decimal::Decimal`, `Path` and `PathBuf`", || {
        assert!(class(Path::new("a")).starts_with("pathlib."));
    }),
    ("other types with a human-readable form, such as `IpAddr`", || {
        assert_eq!(class(&std::net::Ipv4Addr::LOCALHOST), "str");
    }),
];

fn hold(rows: &[String], checks: &[Check]) {
    let checked: Vec<&str> = checks.iter().map(|(row, _)| *row).collect();
    assert_eq!(rows, checked, "the table of the guide and the checks of its rows differ");
    for (_, check) in checks {
        check();
    }
}

#[test]
fn each_row_of_what_loads_from_python_is_held_to_a_file_of_python() {
    hold(&rows(&text("../../docs/guide/python.md"), "| pandas, pyarrow, numpy | loads as |"), READ);
}

#[test]
fn each_row_of_what_is_written_for_python_is_held_to_what_is_written() {
    let guide = text("../../docs/guide/python.md");
    let written = rows(&guide, "| Rust | Python |");
    hold(&written, WRITTEN);
    let documented = rows(&text("src/write/options.rs"), "| Rust | Python |");
    let documented: Vec<String> =
        documented.iter().map(|row| row.replace("[`array_len`](Self::array_len)", "`array_len`")).collect();
    assert_eq!(documented, written, "WriteOptions has the same table");
}
