//! Whatever a value is, it comes back.

#![expect(clippy::option_option, reason = "the encoding keeps both levels apart")]

use std::collections::BTreeMap;

use joblib_array::Array;
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use crate::round_trip;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Value {
    Unit,
    Bool(bool),
    Signed(i128),
    Unsigned(u128),
    Single(f32),
    Double(f64),
    Char(char),
    Text(String),
    Nested(Option<Option<Box<Value>>>),
    List(Vec<Value>),
    Map(BTreeMap<String, Value>),
    Fields {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        first: Option<Box<Value>>,
        second: i64,
    },
    Numbers(Vec<i16>),
    Array(Array<u16>),
    Flat(Flat),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Flat {
    head: u8,
    #[serde(flatten)]
    rest: BTreeMap<String, Any>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Any {
    Array(Array<f64>),
    Integer(i64),
    Text(String),
    Named { x: Option<Option<u8>> },
}

fn array() -> impl Strategy<Value = Array<u16>> {
    (0..40_usize, 0..40_usize).prop_map(|(rows, columns)| Array::from_fn(&[rows, columns], |at| at[0] as u16))
}

fn any_value() -> impl Strategy<Value = Any> {
    prop_oneof![
        (0..30_usize, 0..30_usize).prop_map(|(rows, columns)| Any::Array(Array::zeros(&[rows, columns]))),
        any::<i64>().prop_map(Any::Integer),
        ".*".prop_map(Any::Text),
        proptest::option::of(proptest::option::of(any::<u8>())).prop_map(|x| Any::Named { x }),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Unit),
        any::<bool>().prop_map(Value::Bool),
        any::<i128>().prop_map(Value::Signed),
        any::<u128>().prop_map(Value::Unsigned),
        any::<f32>().prop_map(Value::Single),
        any::<f64>().prop_map(Value::Double),
        any::<char>().prop_map(Value::Char),
        ".*".prop_map(Value::Text),
        proptest::collection::vec(any::<i16>(), 0..1500).prop_map(Value::Numbers),
        array().prop_map(Value::Array),
        (any::<u8>(), proptest::collection::btree_map("[a-g]{2,4}", any_value(), 0..4))
            .prop_map(|(head, rest)| Value::Flat(Flat { head, rest })),
    ];
    leaf.prop_recursive(6, 60, 8, |inner| {
        let boxed = inner.clone().prop_map(Box::new);
        prop_oneof![
            proptest::option::of(proptest::option::of(boxed.clone())).prop_map(Value::Nested),
            proptest::collection::vec(inner.clone(), 0..8).prop_map(Value::List),
            proptest::collection::btree_map(".*", inner, 0..6).prop_map(Value::Map),
            (proptest::option::of(boxed), any::<i64>())
                .prop_map(|(first, second)| Value::Fields { first, second }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_value_comes_back(value in value()) {
        prop_assert_eq!(round_trip(&value), value);
    }
}
