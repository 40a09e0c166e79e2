//! With `Types::Exact` a number arrives as the type that was encoded, or not at all.

use joblib_array::Array;
use joblib_encoding::{MessageSource, Result, Types, decode, to_vec};
use serde::Serialize;
use serde::de::DeserializeOwned;

fn exact<T: DeserializeOwned>(value: &impl Serialize) -> Result<T> {
    decode(&mut MessageSource::new(&to_vec(value)?), Types::Exact)
}

#[test]
fn a_float_is_not_made_of_another_number() {
    assert_eq!(exact::<f64>(&1.5).unwrap(), 1.5);
    assert_eq!(exact::<f32>(&1.5_f32).unwrap(), 1.5);
    for error in [exact::<f64>(&1_u8).unwrap_err(), exact::<f64>(&1.5_f32).unwrap_err()] {
        assert!(error.is_wrong_type() && error.to_string().contains("exactly f64"), "{error}");
    }
    assert!(exact::<f32>(&1.5).unwrap_err().is_wrong_type());
}

#[test]
fn the_elements_of_a_long_sequence_are_not_widened() {
    let numbers = vec![1_i32; 1000];
    assert_eq!(exact::<Vec<i32>>(&numbers).unwrap(), numbers);
    assert!(exact::<Vec<i64>>(&numbers).unwrap_err().is_wrong_type());
    assert!(exact::<Vec<f64>>(&numbers).unwrap_err().is_wrong_type());
}

#[test]
fn arrays_and_sequences_are_two_things() {
    let array = Array::from(vec![1.5; 10]);
    assert_eq!(exact::<Array<f64>>(&array).unwrap(), array);
    assert!(exact::<Vec<f64>>(&array).unwrap_err().is_wrong_type());
    assert!(exact::<Vec<f64>>(&Array::from(vec![1.5; 1000])).unwrap_err().is_wrong_type());
    assert!(exact::<Array<f64>>(&vec![1.5; 10]).unwrap_err().is_wrong_type());
    assert!(exact::<Array<f64>>(&vec![1.5; 1000]).unwrap_err().is_wrong_type());
}
