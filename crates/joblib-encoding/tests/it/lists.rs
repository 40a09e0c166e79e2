//! A list is encoded as its elements are one by one, and a `Vec` is the same whichever way its elements come.

use std::collections::BTreeMap;
use std::fmt::{self, Debug};
use std::marker::PhantomData;

use joblib_encoding::{MessageSource, Types, decode, from_slice, to_vec};
use proptest::prelude::*;
use serde::de::{DeserializeOwned, SeqAccess, Visitor};
use serde::ser::{SerializeSeq, Serializer};
use serde::{Deserialize, Deserializer, Serialize};

/// A list that is given to serde, and taken from it, element by element, as types of one's own do.
#[derive(Debug, Clone, PartialEq)]
struct OneByOne<T>(Vec<T>);

impl<T: Serialize> Serialize for OneByOne<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.0.len()))?;
        for element in &self.0 {
            list.serialize_element(element)?;
        }
        list.end()
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneByOne<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Elements<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Elements<T> {
            type Value = Vec<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Vec<T>, A::Error> {
                std::iter::from_fn(|| sequence.next_element().transpose()).collect()
            }
        }

        deserializer.deserialize_seq(Elements(PhantomData)).map(Self)
    }
}

/// Everywhere that a list can stand.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Places<L> {
    field: L,
    some: Option<(u8, L)>,
    lists: Vec<L>,
    named: BTreeMap<String, L>,
    after: f32,
}

fn in_all_places<L: Clone>(list: &L) -> Places<L> {
    let list = || list.clone();
    Places {
        field: list(),
        some: Some((1, list())),
        lists: vec![list(), list()],
        named: BTreeMap::from([("x".to_owned(), list())]),
        after: 1.0,
    }
}

fn exact<T: DeserializeOwned>(bytes: &[u8]) -> T {
    decode(&mut MessageSource::new(bytes), Types::Exact).expect("decodes exactly")
}

fn check<T>(list: &Vec<T>) -> Result<(), TestCaseError>
where
    T: Serialize + DeserializeOwned + Clone + PartialEq + Debug,
{
    let one_by_one = OneByOne(list.clone());
    let expected = to_vec(&in_all_places(&one_by_one)).expect("encodes one by one");
    prop_assert!(to_vec(&in_all_places(list)).expect("encodes a vector") == expected);
    prop_assert!(to_vec(&in_all_places(&&list[..])).expect("encodes a slice") == expected);
    prop_assert!(from_slice::<Places<Vec<T>>>(&expected).expect("decodes") == in_all_places(list));
    prop_assert!(exact::<Places<Vec<T>>>(&expected) == in_all_places(list));
    prop_assert!(exact::<Places<OneByOne<T>>>(&expected) == in_all_places(&one_by_one));
    let boxed: Places<Box<[T]>> = exact(&expected);
    prop_assert!(*boxed.field == list[..]);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn a_list_is_encoded_and_decoded_as_its_elements_one_by_one(
        numbers in proptest::collection::vec(-1e300..1e300_f64, 0..6000),
        bytes in proptest::collection::vec(any::<u8>(), 0..70_000),
        texts in proptest::collection::vec(".{0,40}", 0..40),
        points in proptest::collection::vec(any::<[i16; 3]>(), 0..100),
        pairs in proptest::collection::vec((".{0,4}", -1.0..1.0), 0..100),
    ) {
        check(&numbers.iter().map(|&number: &f64| number as f32).collect())?;
        check(&numbers.iter().map(|&number: &f64| number as i64).collect())?;
        check(&numbers.iter().map(|&number: &f64| number as i32).collect())?;
        check(&numbers.iter().map(|&number: &f64| number as u16).collect())?;
        check(&numbers.iter().map(|&number: &f64| number.to_bits() as usize).collect())?;
        check(&numbers.iter().map(|&number: &f64| number.to_bits() as isize).collect())?;
        check(&numbers.iter().map(|&number: &f64| number > 0.0).collect())?;
        check(&numbers.iter().map(|&number: &f64| (number > 0.0).then_some(number)).collect())?;
        check(&numbers.iter().map(|number: &f64| u128::from(number.to_bits())).collect())?;
        check(&numbers.chunks(200).map(<[f64]>::to_vec).collect())?;
        check(&numbers)?;
        check(&bytes.iter().map(|&byte: &u8| byte as i8).collect())?;
        check(&bytes.iter().map(|&byte: &u8| char::from(byte)).collect())?;
        check(&bytes)?;
        check(&texts)?;
        check(&points)?;
        check(&pairs)?;
    }
}

#[test]
fn a_list_whose_numbers_are_of_another_type_is_converted_or_refused_as_one_by_one() {
    let bytes = to_vec(&(0..5000).collect::<Vec<u32>>()).expect("encodes");
    let wide: Vec<u64> = from_slice(&bytes).expect("u32 fits u64");
    assert_eq!(wide, (0..5000).collect::<Vec<_>>());
    let floats: Vec<f64> = from_slice(&bytes).expect("integers are floats too");
    assert_eq!(floats[4999], 4999.0);
    assert!(from_slice::<Vec<u8>>(&bytes).is_err());
    assert!(from_slice::<Vec<String>>(&bytes).is_err());
    let exact = |bytes: &[u8]| decode::<Vec<u64>>(&mut MessageSource::new(bytes), Types::Exact);
    let error = exact(&bytes).expect_err("another type").to_string();
    assert!(error.contains("uint64") && error.contains("uint32"), "{error}");
}

#[test]
fn a_visitor_of_ones_own_sees_the_elements() {
    fn doubled<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f64>, D::Error> {
        OneByOne::<f64>::deserialize(deserializer).map(|list| list.0.iter().map(|x| 2.0 * x).collect())
    }

    #[derive(Deserialize)]
    struct Doubled(#[serde(deserialize_with = "doubled")] Vec<f64>);

    let bytes = to_vec(&vec![1.5; 1000]).expect("encodes");
    assert_eq!(from_slice::<Doubled>(&bytes).expect("decodes").0, [3.0; 1000]);
}

#[test]
fn a_bool_that_is_neither_is_an_error() {
    let mut bytes = to_vec(&vec![true; 5000]).expect("encodes");
    let last = bytes.len() - 1;
    bytes[last] = 2;
    let error = from_slice::<Vec<bool>>(&bytes).expect_err("not a bool").to_string();
    assert!(error.contains('2'), "{error}");
}
