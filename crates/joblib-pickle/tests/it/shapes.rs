//! Tables as the types that people give them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use joblib_array::Array;
use joblib_pickle::{Error, Texts, Value, from_slice};
use serde::Deserialize;
use serde::de::DeserializeOwned;

pub(crate) fn load<T: DeserializeOwned>(name: &str) -> Result<T, Error> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name).with_extension("pkl");
    from_slice(&fs::read(path).unwrap())
}

#[test]
fn rows_have_the_named_levels_of_the_index() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Row {
        k: String,
        b: i64,
        x: f64,
        y: f64,
    }

    let rows: Vec<Row> = load("index_multi").unwrap();
    assert_eq!(rows[1], Row { k: "a".into(), b: 2, x: 1.5, y: 2.0 });
    let without: Vec<(f64, f64)> = load("index_multi").unwrap();
    assert_eq!(without[2], (2.5, 4.0));
}

#[test]
fn a_struct_of_columns_takes_the_index_as_tuples_or_level_by_level() {
    #[derive(Deserialize)]
    struct Columns {
        index: Vec<(String, i64)>,
        x: Array<f64>,
    }

    #[derive(Deserialize)]
    struct Levels {
        k: Vec<String>,
        b: Vec<u8>,
    }

    let columns: Columns = load("index_multi").unwrap();
    assert_eq!(columns.index[2], ("b".to_owned(), 3));
    assert_eq!(columns.x.as_slice(), [0.5, 1.5, 2.5]);
    let levels: Levels = load("index_multi").unwrap();
    assert_eq!((levels.k[0].as_str(), levels.b.as_slice()), ("a", &[1, 2, 3][..]));
}

#[test]
fn labels_are_text_numbers_or_tuples_as_they_are_asked_for() {
    let text: BTreeMap<String, Vec<i64>> = load("labels_bool").unwrap();
    assert_eq!(text.keys().collect::<Vec<_>>(), ["false", "true"]);
    let truth: BTreeMap<bool, Vec<i64>> = load("labels_bool").unwrap();
    assert_eq!(truth[&true], [1]);
    let periods: BTreeMap<String, Vec<i64>> = load("labels_period").unwrap();
    assert_eq!(periods["2024-02"], [2]);
    let floats: BTreeMap<String, Vec<i64>> = load("labels_float").unwrap();
    assert_eq!(floats.keys().collect::<Vec<_>>(), ["0.1", "1.0"]);
    let pairs: BTreeMap<(String, String), Vec<Option<f64>>> =
        load::<BTreeMap<_, _>>("labels_multi_plain").unwrap();
    assert_eq!(pairs[&("x".to_owned(), "mean".to_owned())], [Some(1.0), Some(2.5)]);
}

#[test]
fn labels_that_would_be_one_key_are_an_error_that_names_them() {
    for error in [
        load::<BTreeMap<String, Vec<i64>>>("labels_twice").unwrap_err(),
        load::<Vec<BTreeMap<String, i64>>>("labels_twice").unwrap_err(),
    ] {
        assert!(
            error.is_wrong_type() && error.to_string().contains(r#"two columns are called "a""#),
            "{error}"
        );
    }
    assert!(load::<Value>("labels_twice").is_ok());
    assert_eq!(load::<Vec<(i64, i64)>>("labels_twice").unwrap(), [(1, 2)]);
}

#[test]
fn intervals_are_text_pairs_or_structs() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Interval {
        left: f64,
        right: f64,
        closed: String,
    }

    #[derive(Deserialize)]
    struct Row<T> {
        x: f64,
        bin: Option<T>,
    }

    let text: Vec<Row<String>> = load("column_cut").unwrap();
    assert_eq!((text[0].x, text[0].bin.as_deref()), (1.0, Some("(0.999, 1.333]")));
    assert!(text[2].bin.is_none());
    let pairs: Vec<Row<(f64, f64)>> = load("column_cut").unwrap();
    assert_eq!(pairs[1].bin, Some((1.667, 2.0)));
    let structs: Vec<Row<Interval>> = load("column_cut").unwrap();
    assert_eq!(structs[1].bin, Some(Interval { left: 1.667, right: 2.0, closed: "right".into() }));
}

#[test]
fn a_column_that_is_not_known_is_an_error_only_where_it_is_asked_for() {
    #[derive(Deserialize)]
    struct Known {
        n: Vec<i64>,
    }

    assert_eq!(load::<Known>("column_extension").unwrap().n, [1, 2]);
    let error = load::<BTreeMap<String, Vec<i64>>>("column_extension").unwrap_err();
    assert!(error.is_wrong_type() && error.to_string().contains("does not know"), "{error}");
    let value: Value = load("column_extension").unwrap();
    assert_eq!(value["n"].as_array().unwrap().len(), 2);
    assert!(value["o"].type_name().ends_with("MoneyArray"), "{}", value["o"].type_name());
}

#[test]
fn a_small_float_is_widened() {
    #[derive(Deserialize)]
    struct Weights {
        w: Array<f32>,
        n: i64,
    }

    let weights: Weights = load("array_bfloat16").unwrap();
    assert_eq!((weights.w.as_slice(), weights.n), (&[1.0, -2.5, 0.0][..], 3));
}

#[test]
fn a_bfloat16_gives_its_bits_to_the_type_of_the_crate_half() {
    /// Deserializes as `half::bf16` does.
    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename = "bf16")]
    struct Bits(u16);

    #[derive(Deserialize)]
    struct Weights {
        w: Vec<Option<Bits>>,
    }

    let weights: Weights = load("array_bfloat16").unwrap();
    assert_eq!(weights.w, [0x3f80, 0xc020, 0].map(|bits| Some(Bits(bits))));
}

#[test]
fn records_are_structs_and_tuples() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Record {
        id: i32,
        v: f64,
        t: String,
    }

    assert_eq!(load::<Vec<Record>>("array_records").unwrap(), [Record { id: 1, v: 2.5, t: "x".into() }]);
    let objects: Vec<(i64, Value)> = load("array_object_field").unwrap();
    assert_eq!((objects[0].0, objects[0].1.as_str()), (1, Some("a")));
    assert_eq!(objects[1].1.items().map(<[_]>::len), Some(1));
}

#[test]
fn a_pydantic_model_is_its_fields() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Product {
        name: String,
        price: f64,
    }

    assert_eq!(load::<Vec<Product>>("class_pydantic").unwrap(), [Product { name: "a".into(), price: 1.0 }]);
}

#[test]
fn the_zones_of_dateutil_and_pytz_are_known() {
    let times: Vec<String> = load("zones").unwrap();
    assert_eq!(
        times,
        [
            "2024-07-01T12:00:00+00:00",
            "2024-07-01T12:00:00+01:00",
            "2024-07-01T12:00:00[Europe/Paris]",
            "2024-07-01T12:00:00+01:30",
        ]
    );
    let times: Vec<String> = load("zones_more").unwrap();
    assert_eq!(
        times,
        [
            "2024-07-01T12:00:00[Asia/Tokyo]",
            "2024-07-01T12:00:00+00:00",
            "2024-07-01T12:00:00-04:00",
            "2024-07-01T12:00:00-03:00",
            "2024-07-01T12:00:00+02:00",
            // What a Timestamp keeps is the moment in UTC.
            "2024-07-01T03:00:00+00:00",
        ]
    );
}

#[test]
fn a_map_of_arrow_is_a_map_or_a_list_of_pairs() {
    type Pairs = Vec<(String, i64)>;

    #[derive(Deserialize)]
    struct Columns {
        m: Vec<Option<BTreeMap<String, i64>>>,
    }

    let columns: Columns = load("arrow_map").unwrap();
    assert_eq!(columns.m[0].as_ref().unwrap()["l"], 2);
    assert_eq!(columns.m[1..], [None, Some(BTreeMap::new())]);
    let rows: Vec<(Option<Pairs>,)> = load("arrow_map").unwrap();
    assert_eq!(rows[0].0, Some(vec![("k".to_owned(), 1), ("l".to_owned(), 2)]));
}

#[test]
fn a_value_keeps_what_class_each_part_is_of() {
    let class = |value: &Value| value.type_name().to_owned();
    let frame: Value = load("labels_multi").unwrap();
    let Value::Object(frame) = frame else { panic!("a frame") };
    assert_eq!(frame.attributes[1].0, Value::Tuple(vec![Value::Str("x".into()), Value::Str("mean".into())]));
    for (name, column, expected) in [
        ("arrow_decimal", "d", "decimal.Decimal"),
        ("arrow_times", "c", "datetime.time"),
        ("column_period", "p", "pandas.Period"),
        ("column_interval", "i", "pandas.Interval"),
    ] {
        let frame: Value = load(name).unwrap();
        assert_eq!(class(&frame[column].items().unwrap()[0]), expected, "{name}");
    }
    let strings: Value = load("array_strings").unwrap();
    assert_eq!(strings["t"].as_array().unwrap().dtype(), "StringDType()");
    let addresses: Value = load("scalar_addresses").unwrap();
    assert_eq!(class(&addresses.items().unwrap()[0]), "ipaddress.IPv4Address");
    let addresses: (std::net::IpAddr, std::net::Ipv6Addr, String) = load("scalar_addresses").unwrap();
    assert_eq!(addresses.0.to_string(), "10.0.0.1");
}

#[test]
fn missing_values_of_arrow_are_none() {
    #[derive(Deserialize)]
    struct Columns {
        name: Vec<Option<String>>,
        n: Vec<i64>,
    }

    let columns: Columns = load("arrow_text").unwrap();
    assert_eq!(columns.name, [Some("é".to_owned()), Some(String::new()), None]);
    assert_eq!(columns.n, [1, 2, 3]);
    let error = load::<BTreeMap<String, Array<i64>>>("arrow_integers").unwrap_err();
    assert!(error.to_string().contains("missing values"), "{error}");
}

#[test]
fn the_second_of_two_times_that_clocks_show_is_not_taken_for_the_first() {
    #[derive(Deserialize)]
    struct Moment {
        hour: u8,
        fold: u8,
    }

    let times: Vec<String> = load("zones_fold").unwrap();
    assert_eq!(
        times,
        [
            "2024-10-27T02:30:00[Europe/Paris]",
            "2024-10-27T02:30:00[Europe/Paris][!fold=1]",
            "2024-10-27T02:30:00[Europe/Paris]",
            "2024-10-27T02:30:00[Europe/Paris][!fold=1]",
            "2024-10-27T02:30:00+00:00",
            "2024-10-27T02:30:00+00:00",
            "2024-10-27T02:30:00",
            "2024-10-27T02:30:00",
        ]
    );
    let moments: Vec<Moment> = load("zones_fold").unwrap();
    assert_eq!((moments[0].fold, moments[1].fold, moments[1].hour), (0, 1, 2));
}

#[test]
fn keys_that_are_one_text_are_an_error_and_stay_apart_as_values() {
    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "what is asked for is an error")]
    struct Maps(BTreeMap<String, i64>, Value, Value);
    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "what is asked for is an error")]
    struct Pairs(Value, BTreeMap<(String, i64), i64>, Value);
    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "what is asked for is an error")]
    struct Numbers(Value, Value, BTreeMap<String, i64>);

    for (error, key) in [
        (load::<Maps>("keys_alike").unwrap_err(), "\"a\""),
        (load::<Pairs>("keys_alike").unwrap_err(), "a 1"),
        (load::<Numbers>("keys_alike").unwrap_err(), "1.5"),
    ] {
        assert!(error.is_wrong_type() && error.to_string().contains(key), "{error}");
    }
    let all: Vec<Value> = load("keys_alike").unwrap();
    assert!(all.iter().all(|map| map.entries().map(<[_]>::len) == Some(2)));
}

#[test]
fn a_level_of_the_index_that_a_column_hides_is_an_error_in_a_map() {
    #[derive(Deserialize)]
    struct Columns {
        x: Vec<i64>,
        index: Vec<String>,
    }

    for error in [
        load::<BTreeMap<String, Value>>("index_like_a_column").unwrap_err(),
        load::<Vec<BTreeMap<String, Value>>>("index_like_a_column").unwrap_err(),
    ] {
        assert!(error.to_string().contains("the index and a column"), "{error}");
    }
    let columns: Columns = load("index_like_a_column").unwrap();
    assert_eq!((columns.x, columns.index), (vec![1, 2], vec!["p".to_owned(), "q".to_owned()]));
    let named: BTreeMap<String, Value> = load("index_named_by_a_number").unwrap();
    assert_eq!(named.keys().collect::<Vec<_>>(), ["0", "1"]);
}

#[test]
fn what_people_note_beside_a_frame_is_kept() {
    let Value::Object(frame) = load::<Value>("attrs").unwrap() else { panic!("a frame") };
    assert_eq!(frame.state.unwrap()["unit"].as_str(), Some("m"));
}

#[test]
fn integers_of_four_bits_are_integers() {
    #[derive(Deserialize)]
    struct Group {
        int4: (Array<i8>, Array<u8>),
    }

    let group: Group = load("kinds_ml_dtypes").unwrap();
    assert_eq!((group.int4.0.as_slice(), group.int4.1.as_slice()), (&[1, -8, 7][..], &[1, 15][..]));
}

#[test]
fn a_column_of_text_loads_in_one_piece_whatever_it_is_kept_in() {
    #[derive(Deserialize)]
    struct Named {
        name: Texts,
    }

    #[derive(Deserialize)]
    struct Categories {
        c: Texts,
    }

    #[derive(Deserialize)]
    struct Strings {
        s: Texts,
        p: Texts,
    }

    let arrow: Named = load("arrow_text").unwrap();
    assert_eq!(arrow.name.iter().collect::<Vec<_>>(), [Some("é"), Some(""), None]);
    assert_eq!((arrow.name.len(), arrow.name.get(3)), (3, None));
    let categories: Categories = load("arrow_dictionary").unwrap();
    assert_eq!(categories.c.iter().collect::<Vec<_>>(), [Some("a"), Some("b"), None, Some("a")]);
    let strings: Strings = load("arrow_string_dtype").unwrap();
    assert_eq!(strings.s, strings.p);
    let sliced: BTreeMap<String, Texts> = load("arrow_sliced").unwrap();
    assert_eq!(sliced["t"].iter().collect::<Vec<_>>(), [Some("bb"), Some("ccc"), None]);
    // Through Python and back.
    let bytes = joblib_pickle::to_vec(&arrow.name).unwrap();
    assert_eq!(from_slice::<Texts>(&bytes).unwrap(), arrow.name);
}

/// pyarrow's pickle of as many chunks of `len` times null.
fn nulls(len: i32, chunks: usize) -> Vec<u8> {
    let kind = b"cpyarrow.lib\ntype_for_alias\n(X\x04\0\0\0nulltR";
    let len = [&b"J"[..], &len.to_le_bytes()].concat();
    let chunk = [b"cpyarrow.lib\n_restore_array\n((", &kind[..], &len, &len, b"K\0]Na]NttR"].concat();
    let chunks = chunk.repeat(chunks);
    [b"\x80\x02cpyarrow.lib\nchunked_array\n(](", &chunks[..], b"e", &kind[..], b"tR."].concat()
}

#[test]
fn columns_of_nothing_cost_what_the_file_can_pay_for() {
    let small: Vec<Option<f64>> = from_slice(&nulls(1000, 2)).unwrap();
    assert!(small.len() == 2000 && small.iter().all(Option::is_none));
    for (len, chunks) in [(i32::MAX, 1), (1 << 24, 64), (i32::MAX, 100)] {
        let bytes = nulls(len, chunks);
        let typed = from_slice::<Vec<Option<f64>>>(&bytes).unwrap_err();
        assert!(typed.is_limit(), "{typed}");
        let any = from_slice::<Value>(&bytes).unwrap_err();
        assert!(any.is_limit(), "{any}");
    }
}
