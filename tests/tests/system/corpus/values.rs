//! The values.

#![expect(clippy::option_option, reason = "every door keeps both levels apart")]

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::time::{Duration, UNIX_EPOCH};

use joblib_array::{Array, Order};
use num_complex::Complex;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{refused, same};

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
    #[serde(rename = "x", alias = "y")]
    c: u8,
    #[serde(skip)]
    cache: u8,
    #[serde(default, skip_serializing)]
    unwritten: u8,
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

/// Equal where every bit is.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Bits(f32, f64, Vec<f32>);

impl PartialEq for Bits {
    fn eq(&self, other: &Self) -> bool {
        let bits = |of: &Bits| -> (u32, u64, Vec<u32>) {
            (of.0.to_bits(), of.1.to_bits(), of.2.iter().map(|x| x.to_bits()).collect())
        };
        bits(self) == bits(other)
    }
}

#[test]
fn options_of_options_and_of_units_stay_apart() {
    same([None::<Option<()>>, Some(None), Some(Some(()))]);
    same([None::<()>, Some(())]);
    same([None, Some(None), Some(Some(None)), Some(Some(Some(Unit)))]);
    same([Some(Newtype(None)), Some(Newtype(Some(0))), None]);
    same([Some(serde_json::Value::Null), None, Some(json!({"a": [null, 1.5], "b": {"c": -1}}))]);
    same((Some(None::<Vec<()>>), Some(Some(vec![(), ()]))));
    same(Some(None::<u8>));
    same(Some(()));
    same(Some(serde_json::Value::Null));
}

#[test]
fn skipped_and_defaulted_fields_find_their_places() {
    same([Range { low: None, high: Some(2) }, Range { low: Some(1), high: None }]);
    same(Range { low: None, high: None });
    let skips = |b| Skips { a: 1, b, c: 3, cache: 0, unwritten: 0 };
    same([skips(0), skips(9)]);
}

#[test]
fn every_representation_of_an_enum_is_kept() {
    same(External::all());
    same(Internal::all());
    same(Adjacent::all());
    for value in External::all() {
        same(value);
    }
    for value in Internal::all() {
        same(value);
    }
    for value in Adjacent::all() {
        same(value);
    }
    same([Some(Adjacent::Empty), None]);
    same([Ok::<u8, String>(1), Err("no".into())]);
    same((Level::Low, Level::High(0), Unit, Newtype(None), Pair(-1, "p".into())));
}

#[test]
fn untagged_and_flattened_types_are_kept() {
    let named = Untagged::Named { name: "w".into(), weights: Array::zeros(&[2, 0, 3]) };
    let all = [
        named.clone(),
        Untagged::Named { name: String::new(), weights: Array::zeros(&[30, 40]) },
        Untagged::Numbers(vec![1.5; 3]),
        Untagged::Numbers(vec![2.5; 3000]),
        Untagged::Address(Ipv6Addr::LOCALHOST.into()),
        Untagged::Text("text".into()),
        Untagged::Maybe(Some(None)),
    ];
    for value in all.clone() {
        same(value);
    }
    same(all);
    same(Flat {
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
    same(BTreeMap::from(
        [((1_u8, Level::Low), "a"), ((1, Level::High(2)), "b")].map(|(k, v)| (k, v.to_owned())),
    ));
    same(BTreeMap::from([(Some(1), 1.0), (None, 2.0)]));
    same(BTreeMap::from([(vec![1_u8, 2], ()), (vec![], ())]));
    same(BTreeMap::from([('x', i128::MIN), ('𝄞', i128::MAX)]));
    same(HashMap::from([(true, 1), (false, 0)]));
    same(HashMap::from([(Pair2(1, 2), Array::<i32>::zeros(&[500]))]));
    same(BTreeSet::from([Level::High(1), Level::Low]));
    same(HashSet::from([(1_u8, 'a'), (2, 'b')]));
    same(BTreeMap::<u8, u8>::new());
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Pair2(u8, u8);

#[test]
fn numbers_keep_every_bit() {
    same((u128::MAX, i128::MIN, u64::MAX, i64::MIN, u128::from(u64::MAX) + 1, -1_i128));
    same((u8::MAX, i8::MIN, u16::MAX, i16::MIN, u32::MAX, i32::MIN, usize::MAX, isize::MIN));
    let (single, double) = (f32::from_bits(0x7fa0_1234), f64::from_bits(0xfff4_0000_0000_5678));
    same(Bits(single, double, vec![single; 1000]));
    same(Bits(-0.0, -0.0, vec![f32::MIN_POSITIVE / 2.0, f32::INFINITY]));
    same((f64::MAX, f64::MIN_POSITIVE, 0.1_f32, 0.1_f64));
    same((Complex::new(1.0, -0.0), vec![Complex::new(0.5_f32, 2.0); 1000]));
}

#[test]
fn the_types_of_the_standard_library_are_kept() {
    same((Duration::new(3, 5), PathBuf::from("a/ü"), 'ß', (), Cow::<str>::Owned("c".into())));
    same((1..5, VecDeque::from([1, 2]), [0_u8; 32], std::num::NonZeroU8::MIN));
    same([IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::UNSPECIFIED)]);
    same((UNIX_EPOCH + Duration::new(1, 999_999_999), Box::new(1.5), Box::new([1_i16, 2])));
    same((vec![(); 3], vec![Vec::<u8>::new()], String::new(), [(); 2]));
    same(((1, (2, (3, (4,)))), [[1_u8; 3]; 3], Box::<str>::from("boxed"), Box::<[u8]>::from([1, 2])));
}

#[test]
fn long_texts_bytes_and_sequences_are_kept() {
    same(("x".repeat(100_000), vec![7_u8; 100_000], vec!["é".to_owned(); 70_000]));
    same((0..20_000).map(|i| (i, Some(i).filter(|i| i % 3 == 0))).collect::<BTreeMap<_, _>>());
    same(vec![vec![0.5; 200]; 200]);
    same(vec![true; 5000]);
    same((0..5000_i64).collect::<Vec<_>>());
    same(vec![Some(1_u16); 3000]);
}

#[test]
fn arrays_keep_shape_and_order_in_every_place() {
    let matrix = |order| {
        let array = Array::from_vec((0..600).map(f64::from).collect(), &[20, 30]).unwrap();
        let (buffer, shape, _) = array.into_buffer();
        Array::<f64>::from_buffer(buffer, shape, order).unwrap()
    };
    for order in [Order::C, Order::F] {
        let array = matrix(order);
        same(array.clone());
        same(vec![Some(array.clone()), None]);
        same((array.to_c_order().rows(2..5), "beside".to_owned(), array.clone()));
        same(BTreeMap::from([("x".to_owned(), array)]));
    }
    same(Array::<f64>::zeros(&[]));
    same(Array::<u8>::zeros(&[0]));
    same(Array::<i64>::zeros(&[3, 0, 2]));
    same(Array::<bool>::zeros(&[1000]));
    same(Array::<Complex<f64>>::zeros(&[2, 400]));
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Link(Option<Box<Link>>);

fn chain(length: usize) -> Link {
    (0..length).fold(Link(None), |inner, _| Link(Some(Box::new(inner))))
}

#[test]
fn a_value_that_nests_too_deep_is_refused_at_every_door_by_name() {
    same(chain(200));
    refused(chain(2000), "deeper than 512 levels");
}
