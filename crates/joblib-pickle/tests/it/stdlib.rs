//! Python's own types in other dress: the module `array`, classes made of dates, dtypes that stand alone.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use joblib_array::Array;
use joblib_pickle::{Value, from_slice};
use serde::Deserialize;

use crate::shapes::load;

/// Protocols from 3 on have another form of arrays than those before.
const FILES: [&str; 4] =
    ["kinds_stdlib", "protocol0_kinds_stdlib", "protocol2_kinds_stdlib", "protocol5_kinds_stdlib"];

#[test]
fn arrays_of_the_standard_library_are_arrays_and_their_characters_text() {
    #[derive(Deserialize)]
    struct Arrays {
        #[serde(rename = "arrays_of_extremes")]
        extremes: (Vec<i8>, Array<i64>, Array<u64>),
        #[serde(rename = "arrays_of_floats")]
        floats: (Array<f32>, Array<f64>, Vec<f64>),
        #[serde(rename = "arrays_of_characters")]
        characters: Vec<String>,
    }

    for name in FILES {
        let Arrays { extremes, floats, characters } = load(name).unwrap();
        assert_eq!(extremes.0, [-128, 127], "{name}");
        assert_eq!((extremes.1.as_slice()[0], extremes.2.as_slice()[0]), (i64::MIN, u64::MAX), "{name}");
        assert_eq!(floats.0.as_slice(), [0.5, -1.5], "{name}");
        assert_eq!((floats.1.as_slice()[0], floats.2.len()), (1e300, 0), "{name}");
        assert_eq!(characters, ["aé日", ""], "{name}");
    }
}

#[test]
fn a_class_made_of_datetime_is_a_date_and_time() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Parts {
        year: i32,
        month: u8,
        day: u8,
    }

    #[derive(Deserialize)]
    struct Moments {
        moments: (String, SystemTime, f64, Parts, String),
    }

    for name in FILES {
        let (text, time, seconds, day, clock) = load::<Moments>(name).unwrap().moments;
        assert_eq!((text.as_str(), clock.as_str()), ("2024-07-01T12:30:15.250000", "23:59:58"), "{name}");
        assert_eq!(time, SystemTime::UNIX_EPOCH + Duration::from_hours(477_732), "{name}");
        assert_eq!(seconds, 1_719_846_000.0, "{name}");
        assert_eq!(day, Parts { year: 2024, month: 2, day: 29 }, "{name}");
        let value: Value = load(name).unwrap();
        assert_eq!(value["moments"].items().unwrap()[3].type_name(), "pickle_kinds.Day", "{name}");
    }
}

#[test]
fn a_class_made_of_bytes_is_not_taken_for_a_date() {
    let day = b"\x80\x02cshop\nKey\n\x8e\x04\x00\x00\x00\x00\x00\x00\x00\x07\xe8\x02\x1d\x85\x81.";
    assert_eq!(from_slice::<Vec<u8>>(day).unwrap(), [7, 0xe8, 2, 29]);
    let value: Value = from_slice(day).unwrap();
    let Value::Object(object) = &value else { panic!("{value:?}") };
    assert_eq!((object.class.as_str(), object.args.len()), ("shop.Key", 1));
}

#[test]
fn dtypes_are_text() {
    #[derive(Deserialize)]
    struct Dtypes {
        dtypes_of_pandas: Vec<String>,
        dtypes_of_a_frame: Vec<String>,
    }

    let dtypes: Dtypes = load("kinds_stdlib").unwrap();
    assert_eq!(
        dtypes.dtypes_of_pandas[5..8],
        ["period[M]", "datetime64[ns, UTC]", "datetime64[ns, Europe/Paris]"]
    );
    assert_eq!(dtypes.dtypes_of_a_frame, ["int64", "float64", "Int64", "datetime64[us]"]);
}

#[test]
fn an_array_of_a_dtype_that_is_not_known_leaves_the_rest_of_the_file() {
    #[derive(Debug, Deserialize)]
    struct Rest {
        n: i64,
    }

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "it does not load")]
    struct All {
        w: Array<f64>,
    }

    let pickle =
        b"(dVn\nI3\nsVw\ncnumpy._core.numeric\n_frombuffer\n(C\x04abcdcshop\nMoneyDType\n(tR(I4\ntVC\ntRs.";
    assert_eq!(from_slice::<Rest>(pickle).unwrap().n, 3);
    let value: Value = from_slice(pickle).unwrap();
    let Value::Object(array) = &value["w"] else { panic!("{value:?}") };
    assert!(format!("{array:?}").contains("shop.MoneyDType"), "{array:?}");
    let error = from_slice::<All>(pickle).unwrap_err().to_string();
    assert!(error.contains('w'), "{error}");
}

#[test]
fn a_sparse_matrix_that_is_a_dict_keeps_its_entries() {
    let pickle = b"\x80\x02cscipy.sparse._dok\ndok_matrix\n)\x81(K\x00K\x01\x86G?\xf8\x00\x00\x00\x00\x00\x00u}X\x06\x00\x00\x00_shapeK\x02K\x03\x86sb.";
    let value: Value = from_slice(pickle).unwrap();
    let Value::Object(matrix) = &value else { panic!("{value:?}") };
    assert_eq!(matrix.entries[0].1.as_f64(), Some(1.5));
    assert_eq!(matrix.attributes[0].1.items().map(<[_]>::len), Some(2));
    let entries: BTreeMap<(u32, u32), f64> = from_slice(pickle).unwrap();
    assert_eq!(entries, BTreeMap::from([((0, 1), 1.5)]));
}

/// `re.compile("a+b", flags)` as Python pickles it.
fn pattern(flags: u8) -> Vec<u8> {
    [&b"\x80\x02cre\n_compile\nX\x03\x00\x00\x00a+bK"[..], &[flags], b"\x86R."].concat()
}

#[test]
fn a_regular_expression_is_text_with_the_flags_that_matter_in_front() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Pattern {
        pattern: String,
        flags: u32,
    }

    // `re.UNICODE`, which every text has, and `re.IGNORECASE` with `re.MULTILINE`.
    let (plain, flagged) = (pattern(32), pattern(32 + 2 + 8));
    assert_eq!(from_slice::<String>(&plain).unwrap(), "a+b");
    assert_eq!(from_slice::<String>(&flagged).unwrap(), "(?im)a+b");
    let parts = Pattern { pattern: "a+b".to_owned(), flags: 42 };
    assert_eq!(from_slice::<Pattern>(&flagged).unwrap(), parts);
    assert_eq!(from_slice::<(String, u32)>(&flagged).unwrap(), ("a+b".to_owned(), 42));
    let value: Value = from_slice(&flagged).unwrap();
    assert_eq!((value.type_name(), value.as_str()), ("re.Pattern", Some("(?im)a+b")));
}

#[test]
fn a_regular_expression_over_bytes_is_what_it_was_called_with() {
    let pickle = b"\x80\x03cre\n_compile\nC\x02a+K\x00\x86R.";
    assert_eq!(from_slice::<(Vec<u8>, u32)>(pickle).unwrap(), (b"a+".to_vec(), 0));
    assert_eq!(from_slice::<Value>(pickle).unwrap().type_name(), "re.Pattern");
}

#[test]
fn a_class_made_of_timedelta_is_what_it_was_called_with_and_no_span_by_chance() {
    // `class Lapse(datetime.timedelta)` of a day, 2 seconds and 3 microseconds.
    let pickle = b"\x80\x02cshop\nLapse\nK\x01K\x02K\x03\x87R.";
    assert_eq!(from_slice::<(i64, i64, i64)>(pickle).unwrap(), (1, 2, 3));
    assert!(from_slice::<Duration>(pickle).is_err());
    assert!(from_slice::<f64>(pickle).is_err());
}

#[test]
fn the_dates_and_times_of_pendulum_are_those_of_python() {
    let text = |pickle: &[u8]| from_slice::<String>(pickle).unwrap();
    let naive =
        b"\x80\x02cpendulum.datetime\nDateTime\n(M\xe8\x07K\x07K\x01K\x0cK\x1eK\x0fJ\x90\xd0\x03\x00NtR.";
    assert_eq!(text(naive), "2024-07-01T12:30:15.250000");
    let named = b"\x80\x02cpendulum.datetime\nDateTime\n(M\xe8\x07K\x07K\x01K\x0cK\x00K\x00K\x00c__builtin__\ngetattr\n\
        cpendulum.tz.timezone\nTimezone\nX\x09\x00\x00\x00_unpickle\x86RX\x0c\x00\x00\x00Europe/ParisK\x01\x86RtR.";
    assert_eq!(text(named), "2024-07-01T12:00:00[Europe/Paris]");
    let fixed = b"\x80\x02cpendulum.datetime\nDateTime\n(M\xe8\x07K\x07K\x01K\x0cK\x00K\x00K\x00\
        cpendulum.tz.timezone\nFixedTimezone\nM\x10\x0eX\x06\x00\x00\x00+01:00\x86RtR.";
    assert_eq!(text(fixed), "2024-07-01T12:00:00+01:00");
    let seconds: SystemTime = from_slice(fixed).unwrap();
    assert_eq!(seconds, SystemTime::UNIX_EPOCH + Duration::from_hours(477_731));
    assert_eq!(
        text(b"\x80\x04\x8c\x0dpendulum.date\x8c\x04Date\x93C\x04\x07\xe8\x02\x1d\x85R."),
        "2024-02-29"
    );
    assert_eq!(text(b"\x80\x02cpendulum.time\nTime\n(K\x01K\x02K\x03K\x04NtR."), "01:02:03.000004");
    let span = b"\x80\x02cpendulum.duration\nDuration\nK\x01K\x02K\x05\x87R.";
    assert_eq!(from_slice::<Duration>(span).unwrap(), Duration::new(86_402, 5000));
    // A month that there is none of.
    let wrong = b"\x80\x02cpendulum.datetime\nDateTime\n(M\xe8\x07K\x0dK\x01K\x0cK\x1eK\x0fK\x00NtR.";
    assert!(from_slice::<Value>(wrong).unwrap().type_name().ends_with("DateTime"));
    assert!(from_slice::<String>(wrong).is_err());
}
