//! A list hashes as its elements do one by one, whatever holds it.

use std::collections::HashMap;

use proptest::prelude::*;
use serde::Serialize;
use serde::ser::{SerializeSeq, Serializer};

use super::of;

/// A list that is given to serde element by element, as types of one's own do.
struct OneByOne<'a, T>(&'a [T]);

impl<T: Serialize> Serialize for OneByOne<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.0.len()))?;
        for element in self.0 {
            list.serialize_element(element)?;
        }
        list.end()
    }
}

/// Everywhere that a list can stand.
#[derive(Serialize)]
pub(super) struct Places<L> {
    field: L,
    some: Option<(u8, L)>,
    lists: Vec<L>,
    named: HashMap<&'static str, L>,
    boxed: Box<[L]>,
    after: f32,
}

pub(super) fn in_all_places<L: Clone>(list: &L) -> Places<L> {
    let list = || list.clone();
    Places {
        field: list(),
        some: Some((1, list())),
        lists: vec![list(), list()],
        named: HashMap::from([("x", list())]),
        boxed: Box::new([list()]),
        after: 1.0,
    }
}

impl<T> Clone for OneByOne<'_, T> {
    fn clone(&self) -> Self {
        Self(self.0)
    }
}

/// Checks that a list hashes as its elements do one by one, at the top and inside of a value, whatever holds it.
fn check_list<T: Serialize + Clone>(list: &Vec<T>) -> Result<(), TestCaseError> {
    let one_by_one = OneByOne(list);
    let expected = of(&one_by_one);
    prop_assert_eq!(of(list), expected);
    prop_assert_eq!(of(&&&list[..]), expected);
    prop_assert_eq!(of(&list.clone().into_boxed_slice()), expected);
    prop_assert_eq!(of(&std::sync::Arc::new(list.clone()).as_ref()), expected);
    let expected = of(&in_all_places(&one_by_one));
    prop_assert_eq!(of(&in_all_places(list)), expected);
    prop_assert_eq!(of(&in_all_places(&&list[..])), expected);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn lists_hash_as_their_elements_one_by_one(
        texts in proptest::collection::vec(".{0,40}", 0..40),
        numbers in proptest::collection::vec(any::<f64>(), 0..20_000),
        bytes in proptest::collection::vec(any::<u8>(), 0..40_000),
        flags in proptest::collection::vec(any::<bool>(), 0..100),
        pairs in proptest::collection::vec(any::<(f64, f64)>(), 0..100),
        points in proptest::collection::vec(any::<[f32; 3]>(), 0..100),
        wide in proptest::collection::vec(any::<u128>(), 0..100),
    ) {
        check_list(&texts)?;
        check_list(&texts.iter().map(String::as_str).collect())?;
        check_list(&numbers)?;
        check_list(&numbers.iter().map(|&number| number as f32).collect())?;
        check_list(&numbers.iter().map(|&number| number as i32).collect())?;
        check_list(&numbers.iter().map(|&number| number as usize).collect())?;
        check_list(&numbers.iter().map(|&number| number as isize).collect())?;
        check_list(&numbers.iter().map(|&number| Some(number)).collect())?;
        check_list(&numbers.chunks(100).map(<[f64]>::to_vec).collect())?;
        check_list(&bytes)?;
        check_list(&bytes.iter().map(|&byte| byte as i8).collect())?;
        check_list(&bytes.iter().map(|&byte| char::from(byte)).collect())?;
        check_list(&flags)?;
        check_list(&pairs)?;
        check_list(&points)?;
        check_list(&wide)?;
    }
}

#[test]
fn lists_longer_than_a_piece_hash_as_their_elements_one_by_one() {
    let numbers: Vec<u64> = (0..1_000_003).collect();
    assert_eq!(of(&numbers), of(&OneByOne(&numbers)));
}

#[test]
fn lists_that_end_at_a_whole_run_or_beside_it_hash_as_their_elements_one_by_one() {
    fn check<T: Serialize + Clone>(make: fn(usize) -> T) {
        let whole = (64 << 10) / size_of::<T>();
        for length in [whole - 1, whole, whole + 1, 2 * whole, 3 * whole + 1] {
            check_list(&(0..length).map(make).collect()).unwrap();
        }
    }
    check(|n| n as u8);
    check(|n| n as i8);
    check(|n| n % 3 == 0);
    check(|n| n as u16);
    check(|n| n as f32);
    check(|n| n);
    check(|n| n as u128);
    check(|n| char::from(n as u8));
}
