//! Files for numpy: what was written is what comes back, with its dtype.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use joblib_array::{Array, Order};
use joblib_pickle::{NdArray, Value, from_slice, write_npy, write_npz};

fn npy(value: &Value) -> Vec<u8> {
    let mut file = Vec::new();
    write_npy(value, &mut file).unwrap();
    file
}

#[test]
fn every_array_of_the_corpus_comes_back_from_its_file() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let mut count = 0;
    for name in ["kinds_numpy", "kinds_ml_dtypes", "array_records", "array_to_records"] {
        let value: Value = from_slice(&fs::read(folder.join(name).with_extension("pkl")).unwrap()).unwrap();
        let mut arrays = Vec::new();
        gather(&value, &mut arrays);
        for array in arrays {
            let mut file = Vec::new();
            match write_npy(&Value::Array(array.clone()), &mut file) {
                Ok(()) => {}
                // Objects, and fields that numpy's own files can't hold.
                Err(error) => {
                    let told = error.to_string();
                    let expected =
                        ["out of order", "no form", "missing value", "type tuple", "and text together"];
                    assert!(
                        expected.iter().any(|part| told.contains(part)),
                        "{name}: {} {told}",
                        array.dtype()
                    );
                    continue;
                }
            }
            let back: Value = from_slice(&file).unwrap();
            let back = back.as_array().unwrap();
            assert_eq!(back.shape(), array.shape());
            for (back, element) in back.elements().zip(array.elements()) {
                let both_nan = |value: &Value| value.as_f64().is_some_and(f64::is_nan);
                assert!(
                    back == element || both_nan(&back) && both_nan(&element),
                    "{}: {back:?} {element:?}",
                    array.dtype()
                );
            }
            count += 1;
        }
    }
    assert!(count > 40, "{count} arrays");
}

fn gather<'v>(value: &'v Value, to: &mut Vec<&'v NdArray>) {
    match value {
        Value::Array(array) => to.push(array),
        Value::List(items) | Value::Tuple(items) => items.iter().for_each(|item| gather(item, to)),
        Value::Dict(entries) => entries.iter().for_each(|(_, item)| gather(item, to)),
        Value::Object(object) => object.attributes.iter().for_each(|(_, item)| gather(item, to)),
        _ => {}
    }
}

#[test]
fn orders_of_memory_and_lists_are_arrays_as_numpy_makes_them() {
    let fortran = Array::from_vec(vec![1_i16, 2, 3, 4, 5, 6], &[2, 3]).unwrap();
    let (buffer, ..) = fortran.into_buffer();
    let fortran = Array::<i16>::from_buffer(buffer, vec![3, 2], Order::F).unwrap();
    let back: Array<i16> = from_slice(&npy(&Value::Array(fortran.clone().into()))).unwrap();
    assert_eq!((back.order(), back[[2, 1]], back.shape()), (Order::F, fortran[[2, 1]], fortran.shape()));

    let rows = Value::List(vec![Value::Array(fortran.clone().into()); 2]);
    assert!(write_npy(&rows, Vec::new()).unwrap_err().to_string().contains("Fortran"));
    let texts = Value::List(vec![Value::Str("a".into()), Value::Str("bé日".into())]);
    assert_eq!(from_slice::<Vec<String>>(&npy(&texts)).unwrap(), ["a", "bé日"]);
    assert_eq!(from_slice::<f64>(&npy(&Value::Float(0.5))).unwrap(), 0.5);
    assert!(from_slice::<Vec<f64>>(&npy(&Value::List(vec![]))).unwrap().is_empty());
}

#[test]
fn what_numpy_has_no_array_for_is_an_error_that_says_so() {
    let list = |items: &[Value]| Value::List(items.to_vec());
    for (value, told) in [
        (list(&[Value::Int(1), Value::None]), "missing value"),
        (list(&[Value::Int(1), Value::Str("a".into())]), "numbers and text"),
        (list(&[list(&[Value::Int(1)]), list(&[])]), "different lengths"),
        (list(&[Value::Int(-1), Value::BigInt("18446744073709551615".into())]), "no dtype"),
        (Value::Str("a\0".into()), "ends in a zero"),
    ] {
        let error = write_npy(&value, Vec::new()).unwrap_err();
        assert!(error.to_string().contains(told), "{error}");
    }
    let twice =
        Value::Dict(vec![(Value::Str("a".into()), Value::Int(1)), (Value::Str("a".into()), Value::Int(2))]);
    assert!(write_npz(&twice, false, Vec::new()).unwrap_err().to_string().contains("\"a\""));
}

#[test]
fn archives_hold_each_array_under_its_name() {
    let numbers = Array::from_vec((0..5000).map(f64::from).collect(), &[5000]).unwrap();
    let arrays = Value::Dict(vec![
        (Value::Str("x".into()), Value::Array(numbers.into())),
        (Value::Str("日".into()), Value::List(vec![Value::Bool(true), Value::Bool(false)])),
    ]);
    let mut files = Vec::new();
    for compressed in [false, true] {
        let mut file = Vec::new();
        write_npz(&arrays, compressed, &mut file).unwrap();
        let back: BTreeMap<String, Value> = from_slice(&file).unwrap();
        assert_eq!(back["x"].as_array().unwrap().elements().nth(4999), Some(Value::Float(4999.0)));
        assert_eq!(back["日"].as_array().unwrap().dtype(), "bool");
        files.push(file);
    }
    assert!(files[1].len() < files[0].len());
    // Elements that are stored can be mapped.
    let start = files[0].windows(8).position(|window| window == 1.0_f64.to_le_bytes()).unwrap() - 8;
    assert_eq!(start % 64, 0);
    let mut alone = Vec::new();
    write_npz(&Value::Int(3), false, &mut alone).unwrap();
    assert_eq!(from_slice::<BTreeMap<String, i64>>(&alone).unwrap()["arr_0"], 3);
}
