//! Pickles made to harm: nothing is run, nothing exhausts memory or time, and every error says where.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use joblib_persist::pickle::{self, Limits, Value};
use joblib_tests::python::{self, Release};

/// Loads bytes that must be refused at once: the time is bounded generously, for what takes it would take hours.
fn refused(bytes: &[u8]) -> joblib_persist::Error {
    let start = Instant::now();
    let error: joblib_persist::Error =
        pickle::from_slice::<Value>(bytes).expect_err("the pickle is refused").into();
    assert!(start.elapsed() < Duration::from_secs(30), "it took {:?}: {error}", start.elapsed());
    assert!(error.offset().is_some(), "no offset: {error:?}");
    error
}

#[test]
fn pickles_that_call_os_system_eval_and_exec_load_as_data_and_run_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let marker = folder.path().join("marker");
    let script = r#"
import os, pickle, sys, joblib
folder, marker = sys.argv[1:3]
class Call:
    def __init__(self, function, *args): self.call = function, args
    def __reduce__(self): return self.call
write = f"open({marker!r}, 'w').close()"
calls = {"os.system": Call(os.system, f"touch {marker}"), "eval": Call(eval, write), "exec": Call(exec, write),
         "open": Call(open, marker, "w"), "import": Call(__import__, "this"), "putenv": Call(os.putenv, "A", "B")}
for protocol in range(6):
    for name, call in calls.items():
        with open(f"{folder}/{name}.{protocol}.pkl", "wb") as f: pickle.dump([call, {"deep": (call,)}], f, protocol)
joblib.dump(calls["exec"], f"{folder}/joblib.joblib")
# That the pickles would do harm in Python:
for name in ["os.system", "eval", "exec", "open"]:
    for protocol in range(6):
        with open(f"{folder}/{name}.{protocol}.pkl", "rb") as f: pickle.load(f)
        os.remove(marker)
"#;
    python::run(
        Release::Today,
        script,
        &[folder.path().to_str().expect("a path"), marker.to_str().expect("a path")],
    );
    let mut loaded = 0;
    for entry in std::fs::read_dir(folder.path()).expect("the folder") {
        let path = entry.expect("an entry").path();
        let value: Value = joblib_persist::load(&path).unwrap_or_else(|error| panic!("{error:?}"));
        let call = value.items().map_or(&value, |items| &items[0]);
        let Value::Object(object) = call else { panic!("{}: {value:?}", path.display()) };
        assert!(!object.class.is_empty() && !object.args.is_empty(), "{object:?}");
        // A typed load is refused or gives data, too.
        let _ = joblib_persist::load::<Vec<HashMap<String, String>>>(&path);
        loaded += 1;
    }
    assert_eq!(loaded, 37);
    assert!(!marker.exists(), "something ran");
}

#[test]
fn a_billion_laughs_is_an_error_in_milliseconds() {
    // Each list holds the one before it ten times.
    let mut bytes = b"\x80\x04]\x94".to_vec();
    for level in 0..30_u8 {
        bytes.extend_from_slice(b"](");
        for _ in 0..10 {
            bytes.extend_from_slice(&[b'h', level]);
        }
        bytes.extend_from_slice(b"e\x94");
    }
    bytes.push(b'.');
    let error = refused(&bytes);
    assert!(error.is_limit(), "{error:?}");
    let error = pickle::from_slice::<Vec<serde_json::Value>>(&bytes).expect_err("refused as JSON, too");
    assert!(error.is_limit(), "{error:?}");
}

#[test]
fn a_long_text_repeated_without_end_is_an_error() {
    let mut bytes = b"\x80\x04X\x00\x00\x01\x00".to_vec();
    bytes.extend_from_slice(&vec![b'x'; 65536]);
    bytes.extend_from_slice(b"\x940](");
    for _ in 0..200_000 {
        bytes.extend_from_slice(b"h\x00");
    }
    bytes.extend_from_slice(b"e.");
    assert!(refused(&bytes).is_limit());
}

#[test]
fn a_value_that_contains_itself_is_an_error_that_says_so() {
    for bytes in [&b"\x80\x04]\x94h\x00a."[..], b"\x80\x04}\x94\x8c\x01ah\x00s.", b"\x80\x04]\x94h\x00\x85a."]
    {
        let error = refused(bytes);
        assert!(error.to_string().contains("contains itself"), "{error}");
    }
}

#[test]
fn nesting_without_end_is_an_error_whatever_it_is_made_of() {
    for open in ["(", "]("] {
        let mut bytes = open.as_bytes().repeat(100_000);
        bytes.push(b'.');
        refused(&bytes);
    }
    let tuples = [b"N".to_vec(), b"\x85".repeat(1_000_000), b".".to_vec()].concat();
    assert!(refused(&tuples).is_limit());
    let lists = [b"N".to_vec(), b"0".to_vec(), b"]".repeat(1000), b"a".repeat(999), b".".to_vec()].concat();
    assert!(refused(&lists).is_limit());
}

#[test]
fn a_memo_number_out_of_line_costs_no_memory() {
    assert_eq!(
        pickle::from_slice::<i64>(b"K\x07r\xff\xff\xff\xff0j\xff\xff\xff\xff.").expect("it is legal"),
        7
    );
    let mut bytes = b"N".to_vec();
    for number in 0..100_000_u32 {
        bytes.push(b'r');
        bytes.extend_from_slice(&(number.wrapping_mul(40_503) % u32::MAX).to_le_bytes());
    }
    bytes.push(b'.');
    assert_eq!(pickle::from_slice::<Value>(&bytes).expect("sparse numbers are legal"), Value::None);
    let error =
        pickle::from_slice_with::<Value>(&bytes, Limits::new().memo(1000)).expect_err("the limit holds");
    assert!(error.is_limit(), "{error:?}");
}

#[test]
fn lengths_beyond_the_end_are_errors_that_allocate_nothing() {
    for (opcode, bytes) in [
        ("BINUNICODE8", &b"\x8d\xff\xff\xff\xff\xff\xff\xff\x7f."[..]),
        ("BINBYTES8", b"\x8e\xff\xff\xff\xff\xff\xff\xff\xff."),
        ("BYTEARRAY8", b"\x96\x00\x00\x00\x00\x00\x10\x00\x00."),
        ("BINUNICODE", b"X\xff\xff\xff\xff."),
        ("BINBYTES", b"B\xff\xff\xff\x7f."),
        ("LONG4", b"\x8b\xff\xff\xff\x7f."),
        ("FRAME", b"\x95\xff\xff\xff\xff\xff\xff\xff\x7fN."),
        ("BINSTRING", b"T\xff\xff\xff\xff."),
    ] {
        let error = refused(bytes);
        assert!(error.is_corrupt() && error.to_string().contains(opcode), "{error:?}");
    }
}

#[test]
fn an_array_larger_than_its_file_is_an_error() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("array.joblib");
    let script = r#"
import joblib, numpy, sys
joblib.dump(numpy.arange(100.), sys.argv[1])
data = open(sys.argv[1], "rb").read()
assert data.count(b"K\x64\x85") == 1
open(sys.argv[1] + ".large", "wb").write(data.replace(b"K\x64\x85", b"\x8a\x07\xff\xff\xff\xff\xff\xff\x0f\x85"))
open(sys.argv[1] + ".cut", "wb").write(data[:-300])
"#;
    python::run(Release::Today, script, &[path.to_str().expect("a path")]);
    assert_eq!(joblib_persist::load::<Vec<f64>>(&path).expect("the whole file loads").len(), 100);
    for name in ["array.joblib.large", "array.joblib.cut"] {
        let error = joblib_persist::load::<Value>(folder.path().join(name)).expect_err("refused");
        assert!(error.is_corrupt(), "{error:?}");
        assert!(error.offset().is_some() && error.path().is_some(), "{error:?}");
    }
}

#[test]
fn every_truncation_of_a_pickle_is_an_error() {
    let script = "import pickle, sys, datetime; sys.stdout.write(pickle.dumps({'a': [1, 2.5, 'x' * 300, (None, True)], 'b': {1, 2}, 'c': datetime.date(2020, 1, 1), 'd': 2**70, 'e': b'\\xff' * 20}, int(sys.argv[1])).hex())";
    for protocol in 0..6 {
        let hex = python::run(Release::Today, script, &[&protocol.to_string()]);
        let bytes: Vec<u8> = (0..hex.len() / 2)
            .map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).expect("hex"))
            .collect();
        assert!(pickle::from_slice::<Value>(&bytes).is_ok());
        for len in 0..bytes.len() {
            let error = refused(&bytes[..len]);
            assert!(error.is_corrupt(), "{len}: {error:?}");
        }
    }
}

#[test]
fn errors_name_the_opcode_and_its_offset() {
    for (bytes, offset, opcode) in [
        (&b"\x80\x04K\x01a."[..], 4, "APPEND"),
        (b"]h\x05.", 1, "BINGET"),
        (b"N0R.", 2, "REDUCE"),
        (b"}K\x01s.", 3, "SETITEM"),
        (b"Ie\n.", 0, "INT"),
        (b"N\x97.", 1, "NEXT_BUFFER"),
        (b"N\x82\x01.", 1, "EXT1"),
        (b"\x80\x09N.", 0, "PROTO"),
        (b"(.", 1, "STOP"),
        (b"\x95\x02\x00\x00\x00\x00\x00\x00\x00X\x01\x00\x00\x00a.", 9, "BINUNICODE"),
    ] {
        let error = refused(bytes);
        assert_eq!(error.offset(), Some(offset), "{error:?}");
        assert!(error.to_string().contains(opcode), "{error:?}");
    }
    assert!(refused(b"N\xee.").to_string().contains("0xee"));
}

#[test]
fn buffers_outside_of_the_pickle_are_refused_with_the_way_out() {
    let script = "import pickle, sys, numpy; sys.stdout.write(pickle.dumps(numpy.arange(3.), 5, buffer_callback=lambda b: False).hex())";
    let hex = python::run(Release::Today, script, &[]);
    let bytes: Vec<u8> =
        (0..hex.len() / 2).map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).expect("hex")).collect();
    let error = refused(&bytes);
    assert!(error.is_foreign() && error.to_string().contains("buffer_callback"), "{error:?}");
}

#[test]
fn limits_are_settable() {
    let text = b"X\x05\x00\x00\x00abcde.";
    assert!(pickle::from_slice_with::<String>(text, Limits::new().string(5)).is_ok());
    assert!(
        pickle::from_slice_with::<String>(text, Limits::new().string(4)).expect_err("too long").is_limit()
    );
    let numbers = [b"](".to_vec(), b"K\x01".repeat(100_000), b"e.".to_vec()].concat();
    assert!(pickle::from_slice_with::<Vec<u8>>(&numbers, Limits::new().total(100 << 20)).is_ok());
    assert!(
        pickle::from_slice_with::<Vec<u8>>(&numbers, Limits::new().total(1 << 16))
            .expect_err("too much")
            .is_limit()
    );
    let range = b"cbuiltins\nrange\nK\x00J\xff\xff\xff\x7fK\x01\x87R.";
    assert!(pickle::from_slice::<Vec<i64>>(range).expect_err("two billion numbers").is_limit());
}

#[test]
fn arrays_without_bytes_can_not_be_any_size() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = r#"
import pickle, sys, numpy
data = pickle.dumps(numpy.zeros((3, 0)), 2)
assert data.count(b"K\x03K\x00\x86") == 1
open(sys.argv[1], "wb").write(data.replace(b"K\x03K\x00\x86", b"J\xff\xff\xff\x7fK\x00\x86"))
"#;
    let path = folder.path().join("empty.pkl");
    python::run(Release::Today, script, &[path.to_str().expect("a path")]);
    let error = joblib_persist::load::<Vec<Vec<f64>>>(&path).expect_err("two billion rows");
    assert!(error.is_limit(), "{error:?}");
}
