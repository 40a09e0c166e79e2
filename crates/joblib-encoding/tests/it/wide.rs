//! Integers of 128 bits, which serde's buffer does not have.

use std::fmt::Debug;

use joblib_encoding::{from_slice, to_vec};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Inner<T> {
    big: T,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Flat<T> {
    #[serde(flatten)]
    inner: Inner<T>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound(deserialize = "T: Deserialize<'de>"))]
struct MaybeFlat<T> {
    #[serde(flatten)]
    inner: Option<Inner<T>>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Untagged<T> {
    Big(T),
    Near(f64),
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind")]
enum Tagged<T> {
    Big { big: T },
}

fn refused<T: Serialize + DeserializeOwned + Debug>(value: &T) {
    let bytes = to_vec(value).expect("encodes");
    let error = from_slice::<T>(&bytes).expect_err("is not given as something else").to_string();
    assert!(error.contains("a 128-bit integer inside of a flattened field"), "{error}");
}

fn refused_in_each<T: Serialize + DeserializeOwned + Debug + Copy>(big: T) {
    refused(&Flat { inner: Inner { big } });
    refused(&MaybeFlat { inner: Some(Inner { big }) });
    refused(&Untagged::Big(big));
    refused(&Tagged::Big { big });
}

#[test]
fn where_serde_reads_ahead_they_are_refused_whatever_their_value() {
    [0, 5, u128::from(u64::MAX), u128::MAX].into_iter().for_each(refused_in_each);
    [0, 5, -5, i128::MIN].into_iter().for_each(refused_in_each);
    // What is beside them passes.
    let beside = MaybeFlat { inner: None::<Inner<u128>> };
    assert_eq!(from_slice::<MaybeFlat<u128>>(&to_vec(&beside).unwrap()).unwrap(), beside);
    let near = Untagged::<u128>::Near(0.5);
    assert_eq!(from_slice::<Untagged<u128>>(&to_vec(&near).unwrap()).unwrap(), near);
}

#[test]
fn a_field_may_become_wide_and_narrow_again_as_far_as_its_value_fits() {
    for value in [0, 5, u64::MAX] {
        assert_eq!(from_slice::<u128>(&to_vec(&value).unwrap()).unwrap(), value.into());
        assert_eq!(from_slice::<u64>(&to_vec(&u128::from(value)).unwrap()).unwrap(), value);
    }
    for value in [i64::MIN, -5, 5] {
        assert_eq!(from_slice::<i128>(&to_vec(&value).unwrap()).unwrap(), value.into());
        assert_eq!(from_slice::<(i64,)>(&to_vec(&(i128::from(value),)).unwrap()).unwrap(), (value,));
    }
    assert!(from_slice::<u64>(&to_vec(&u128::MAX).unwrap()).is_err());
    assert!(from_slice::<u8>(&to_vec(&300_u128).unwrap()).is_err());
}
