//! Numbers of a pickle that no arithmetic may overflow on: found by fuzzing, and by looking for more of the kind.

use joblib_array::Array;
use joblib_persist::pickle::{self, Value};

/// `numpy._core.numeric._frombuffer(data, dtype, shape, 'C')` in protocol 0, but for the bytes.
fn array(data: &[u8], dtype: &str, shape: &str) -> Vec<u8> {
    let mut bytes = b"cnumpy._core.numeric\n_frombuffer\n(C".to_vec();
    bytes.push(u8::try_from(data.len()).expect("a short array"));
    bytes.extend_from_slice(data);
    bytes.extend_from_slice(format!("cnumpy\ndtype\n{dtype}({shape}tVC\ntR.").as_bytes());
    bytes
}

#[test]
fn times_far_from_any_calendar_are_data() {
    for kind in ["M8", "m8"] {
        for unit in ["Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns", "ps", "fs", "as", "generic"] {
            for factor in [1, -1, 0, i64::MAX, i64::MIN] {
                for count in [0, 1, -1, i64::MAX, i64::MIN + 1, i64::MIN] {
                    // The state holds the unit as ({}, (unit, factor, 1, 1)).
                    let dtype = format!(
                        "(V{kind}\ntR(I4\nV<\nNNNI-1\nI-1\nI0\n(}}(C{}{unit}L{factor}L\nI1\nI1\ntttb",
                        char::from(u8::try_from(unit.len()).expect("short"))
                    );
                    let bytes = array(&count.to_le_bytes(), &dtype, "I1\n");
                    let value: Value = pickle::from_slice(&bytes).unwrap_or_else(|error| panic!("{error:?}"));
                    assert_eq!(value.as_array().expect("an array").elements().count(), 1);
                    let counts: Array<i64> = pickle::from_slice(&bytes).expect("counts are numbers");
                    assert_eq!(counts.as_slice(), [count]);
                    // Whether these have a form is the calendar's business.
                    let _ = pickle::from_slice::<Vec<Option<String>>>(&bytes);
                    let _ = pickle::from_slice::<Vec<Option<f64>>>(&bytes);
                    let _ = pickle::from_slice::<Vec<std::time::SystemTime>>(&bytes);
                    let _ = pickle::from_slice::<Vec<std::time::Duration>>(&bytes);
                }
            }
        }
    }
}

#[test]
fn a_shape_whose_product_overflows_is_an_error_even_when_it_is_empty() {
    for shape in ["L4611686018427387904L\nL4611686018427387904L\nI0\n", "I0\nL4611686018427387904L\nI8\n"] {
        let error = pickle::from_slice::<Value>(&array(b"", "(Vf8\ntR", shape)).expect_err("refused");
        assert!(error.is_corrupt(), "{error:?}");
    }
    // And so in an array within an element: numpy.dtype(('V0', (…))).
    let dtype = "(VV0\ntR(I3\nV|\n(cnumpy\ndtype\n(VV0\ntR(I2\nL4611686018427387904L\nL4611686018427387904L\nttNNI0\nI1\nI0\ntb";
    let error = pickle::from_slice::<Value>(&array(b"", dtype, "I1\n")).expect_err("refused");
    assert!(error.is_corrupt(), "{error:?}");
}

#[test]
fn spans_and_dates_of_any_size_are_data() {
    for days in [i64::MAX, i64::MIN, 0] {
        let bytes = format!("cdatetime\ntimedelta\n(L{days}L\nL{days}L\nL{days}L\ntR.");
        let value: Value = pickle::from_slice(bytes.as_bytes()).expect("it is data");
        assert!(value.as_str().is_some(), "{value:?}");
        let _ = pickle::from_slice::<std::time::Duration>(bytes.as_bytes());
        let _ = pickle::from_slice::<f64>(bytes.as_bytes());
        let _ = pickle::from_slice::<i64>(bytes.as_bytes());
        let bytes = format!("cpandas._libs.tslibs.timestamps\n_unpickle_timestamp\n(L{days}L\nNNI7\ntR.");
        let _ = pickle::from_slice::<Value>(bytes.as_bytes()).expect("it is data");
        let _ = pickle::from_slice::<std::time::SystemTime>(bytes.as_bytes());
    }
}
