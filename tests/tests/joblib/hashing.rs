//! What joblib's own tests of hashing hold, where `joblib-hash`'s tests do not hold it already.

use std::collections::{BTreeMap, HashMap, HashSet};

use joblib_array::Array;
use joblib_hash::{Algorithm, Unordered, hash};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

fn array(first: f64) -> Array<f64> {
    Array::from_fn(&[10, 10], |at| if at[0] == 0 { first } else { (at[0] * at[1]) as f64 })
}

fn round_trip<T: Serialize + DeserializeOwned>(value: &T) -> T {
    serde_json::from_str(&serde_json::to_string(value).unwrap()).unwrap()
}

#[test]
fn maps_of_arrays_hash_by_the_content_of_the_arrays() {
    let of = |one: &Array<f64>, two: &Array<f64>| {
        hash(&HashMap::from([(1, one.clone()), (2, two.clone())])).unwrap()
    };
    let (first, same, other) = (array(0.5), array(0.5), array(1.5));
    assert_eq!(of(&first, &same), of(&same, &first));
    assert_ne!(of(&first, &same), of(&same, &other));
}

#[test]
fn lists_of_arrays_of_several_lengths_hash_by_content() {
    let ragged = || (0..6).map(|n| (0..n).collect::<Array<i64>>()).collect::<Vec<_>>();
    assert_eq!(hash(&ragged()).unwrap(), hash(&ragged()).unwrap());
    assert_ne!(hash(&ragged()).unwrap(), hash(&ragged()[1..]).unwrap());
}

#[test]
fn maps_and_sets_hash_the_same_after_they_were_stored_and_read_back() {
    let names: Vec<String> = (0..13).map(|i| format!("#s{}__c_maps.nii.gz", 12069 + 97 * i)).collect();
    let map: HashMap<String, Vec<u32>> = names.iter().map(|name| (name.clone(), vec![33])).collect();
    assert_eq!(hash(&map).unwrap(), hash(&round_trip(&map)).unwrap());
    let set: HashSet<String> = names.into_iter().collect();
    assert_eq!(hash(&set).unwrap(), hash(&round_trip(&set)).unwrap());
}

#[test]
fn the_order_of_a_set_does_not_count_even_when_its_values_have_no_order() {
    let forwards = Unordered(vec![0.0, f64::NAN]);
    let backwards = Unordered(vec![f64::NAN, 0.0]);
    assert_eq!(hash(&forwards).unwrap(), hash(&backwards).unwrap());
}

#[test]
fn equal_values_hash_alike_whether_they_share_memory_or_not() {
    #[derive(Clone, Serialize, Deserialize)]
    struct Entry {
        name: String,
    }
    let entry = Entry { name: "foo".to_owned() };
    let pair = |other: Entry| hash(&[entry.clone(), other]).unwrap();
    assert_eq!(pair(entry.clone()), pair(round_trip(&entry)));
    let map = BTreeMap::from([("foo", "bar")]);
    assert_eq!(hash(&[&map, &map]).unwrap(), hash(&[map.clone(), map.clone()]).unwrap());
}

#[test]
fn an_array_without_dimensions_hashes_unlike_one_with_one_element() {
    let point = Array::from_vec(vec![0.0], &[]).unwrap();
    let line = Array::from_vec(vec![0.0], &[1]).unwrap();
    assert_ne!(hash(&point).unwrap(), hash(&line).unwrap());
}

#[test]
fn an_unknown_algorithm_is_an_error_that_lists_those_there_are() {
    let error = "invalid".parse::<Algorithm>().unwrap_err().to_string();
    for expected in ["invalid", "blake3", "sha256", "sha1", "md5"] {
        assert!(error.contains(expected), "{error}");
    }
}
