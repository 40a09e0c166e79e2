//! Shapes of values that encodings of serde's data model lose.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use joblib_array::Array;
use serde::{Deserialize, Serialize};

use crate::{assert_same, round_trip};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Unit;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Newtype(Option<u8>);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Pair(i8, String);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Range {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    low: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    high: Option<i32>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Skips {
    a: u8,
    #[serde(default = "nine", skip_serializing_if = "is_nine")]
    b: u8,
    c: u8,
    #[serde(skip)]
    cache: u8,
}

fn nine() -> u8 {
    9
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_nine(value: &u8) -> bool {
    *value == 9
}

macro_rules! enums {
    ($($(#[$attribute:meta])* $name:ident;)*) => {$(
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        $(#[$attribute])*
        enum $name {
            Empty,
            Struct { x: f64, y: Option<i64>, text: String },
            One(Range),
            Array { values: Array<f32>, ip: IpAddr },
        }

        impl $name {
            fn all() -> Vec<Self> {
                vec![
                    Self::Empty,
                    Self::Struct { x: -0.0, y: None, text: "é".into() },
                    Self::Struct { x: 1.0, y: Some(i64::MIN), text: String::new() },
                    Self::One(Range { low: None, high: Some(2) }),
                    Self::Array { values: Array::zeros(&[0, 3]), ip: Ipv4Addr::LOCALHOST.into() },
                    Self::Array { values: Array::zeros(&[20, 30]), ip: Ipv6Addr::LOCALHOST.into() },
                ]
            }
        }
    )*};
}

enums! {
    External;
    #[serde(tag = "type")] Internal;
    #[serde(tag = "t", content = "c")] Adjacent;
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Untagged {
    Named { name: String, weights: Array<f64> },
    Numbers(Vec<f64>),
    Address(IpAddr),
    Text(String),
    Maybe(Option<Option<u8>>),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Flat {
    before: u8,
    #[serde(flatten)]
    range: Range,
    #[serde(flatten)]
    inner: Inner,
    #[serde(flatten)]
    rest: BTreeMap<String, Untagged>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Inner {
    image: Array<u8>,
    address: SocketAddr,
    unit: Option<()>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
enum Level {
    Low,
    High(u8),
}

#[test]
fn options_of_options_and_of_units_stay_apart() {
    assert_same([None::<Option<()>>, Some(None), Some(Some(()))]);
    assert_same([None::<()>, Some(())]);
    assert_same([None, Some(None), Some(Some(None)), Some(Some(Some(Unit)))]);
    assert_same([Some(Newtype(None)), Some(Newtype(Some(0))), None]);
    assert_same([Some(serde_json::Value::Null), None, Some(serde_json::json!({"a": [null, 1.5]}))]);
    assert_same((Some(None::<Vec<()>>), Some(Some(vec![(), ()]))));
}

#[test]
fn skipped_and_defaulted_fields_find_their_places() {
    assert_same([Range { low: None, high: Some(2) }, Range { low: Some(1), high: None }]);
    assert_same(Range { low: None, high: None });
    assert_same([Skips { a: 1, b: 0, c: 3, cache: 0 }, Skips { a: 1, b: 9, c: 3, cache: 0 }]);
}

#[test]
fn every_representation_of_an_enum_is_kept() {
    assert_same(External::all());
    assert_same(Internal::all());
    assert_same(Adjacent::all());
    assert_same([Some(Adjacent::Empty), None]);
    assert_same([Ok::<u8, String>(1), Err("no".into())]);
}

#[test]
fn untagged_and_flattened_types_are_kept() {
    let named = Untagged::Named { name: "w".into(), weights: Array::zeros(&[2, 0, 3]) };
    let all = [
        named.clone(),
        Untagged::Numbers(vec![1.5; 3]),
        Untagged::Numbers(vec![2.5; 3000]),
        Untagged::Address(Ipv6Addr::LOCALHOST.into()),
        Untagged::Text("text".into()),
        Untagged::Maybe(Some(None)),
    ];
    assert_same(all);
    assert_same(Flat {
        before: 1,
        range: Range { low: None, high: Some(2) },
        inner: Inner {
            image: Array::from_fn(&[40, 50], |at| (at[0] + at[1]) as u8),
            address: (Ipv4Addr::LOCALHOST, 80).into(),
            unit: Some(()),
        },
        rest: BTreeMap::from([("extra".to_owned(), named)]),
    });
}

#[test]
fn maps_take_keys_of_any_type() {
    assert_same(BTreeMap::from(
        [((1_u8, Level::Low), "a"), ((1, Level::High(2)), "b")].map(|(k, v)| (k, v.to_owned())),
    ));
    assert_same(BTreeMap::from([(Some(1), 1.0), (None, 2.0)]));
    assert_same(BTreeMap::from([(vec![1_u8, 2], ()), (vec![], ())]));
    assert_same(BTreeMap::from([('x', i128::MIN), ('𝄞', i128::MAX)]));
    assert_same(HashMap::from([(true, 1), (false, 0)]));
    assert_same(BTreeSet::from([Level::High(1), Level::Low]));
}

#[test]
fn numbers_keep_every_bit() {
    assert_same((u128::MAX, i128::MIN, u64::MAX, i64::MIN, u128::from(u64::MAX) + 1, -1_i128));
    let (single, double) = (f32::from_bits(0x7fa0_1234), f64::from_bits(0xfff4_0000_0000_5678));
    let back = round_trip(&(single, double, vec![single; 1000], -0.0_f64));
    assert_eq!((back.0.to_bits(), back.1.to_bits()), (single.to_bits(), double.to_bits()));
    assert!(back.2.iter().all(|number| number.to_bits() == single.to_bits()));
    assert!(back.3.is_sign_negative());
}

#[test]
fn the_types_of_the_standard_library_are_kept() {
    assert_same((Duration::new(3, 5), PathBuf::from("a/ü"), 'ß', (), Cow::<str>::Owned("c".into())));
    assert_same((1..5, VecDeque::from([1, 2]), [0_u8; 32], std::num::NonZeroU8::MIN, Pair(-1, "p".into())));
    assert_same([IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::UNSPECIFIED)]);
    let time = std::time::UNIX_EPOCH + Duration::new(1, 999_999_999);
    assert_same((time, Box::new(1.5), Box::new([1_i16, 2]), std::cell::Cell::new(3)));
}

#[test]
fn long_texts_bytes_and_sequences_are_kept() {
    assert_same(("x".repeat(100_000), vec![7_u8; 100_000], vec!["é".to_owned(); 70_000]));
    assert_same((0..200_000).map(|i| (i, Some(i).filter(|i| i % 3 == 0))).collect::<BTreeMap<_, _>>());
    assert_same(vec![vec![0.5; 200]; 200]);
    assert_same(vec![true; 5000]);
}
