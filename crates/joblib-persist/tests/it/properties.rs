//! Any value through every compressor.

use std::collections::BTreeMap;

use joblib_array::Array;
use joblib_persist::compress::by_name;
use joblib_persist::{DumpOptions, load_from};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

const COMPRESSORS: [&str; 7] = ["zlib", "gzip", "bz2", "lzma", "xz", "lz4", "zstd"];

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum Key {
    Unit,
    Number(i64),
    Pair(bool, char),
    Named { text: String },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Tree {
    Unit,
    Wide(u128),
    Float(f32),
    Text(String),
    #[expect(clippy::option_option, reason = "this is what must come back")]
    Option(Option<Option<Box<Tree>>>),
    List(Vec<Tree>),
    Entries(BTreeMap<Key, Tree>),
    Pair(Box<(Tree, Tree)>),
    Numbers(Vec<f64>),
    Rows(Vec<Vec<i16>>),
    Matrix(Array<u32>),
    Record {
        flag: bool,
        letter: char,
        bytes: Vec<u8>,
    },
}

fn keys() -> impl Strategy<Value = Key> {
    prop_oneof![
        Just(Key::Unit),
        any::<i64>().prop_map(Key::Number),
        any::<(bool, char)>().prop_map(|(flag, letter)| Key::Pair(flag, letter)),
        ".{0,5}".prop_map(|text| Key::Named { text }),
    ]
}

/// Long enough, now and then, to leave the body for a block of their own.
fn lengths() -> impl Strategy<Value = usize> {
    prop_oneof![4 => 0..20_usize, 1 => 100..3_000_usize, 1 => 60_000..70_000_usize]
}

fn trees() -> impl Strategy<Value = Tree> {
    // NaN is not equal to itself, which says nothing about what came back.
    let float = any::<f32>().prop_filter("a number", |number| !number.is_nan());
    let leaf = prop_oneof![
        Just(Tree::Unit),
        any::<u128>().prop_map(Tree::Wide),
        float.prop_map(Tree::Float),
        ".{0,40}".prop_map(Tree::Text),
        (lengths(), any::<i32>()).prop_map(|(len, step)| {
            Tree::Numbers((0..len).map(|i| i as f64 * f64::from(step)).collect())
        }),
        prop::collection::vec(prop::collection::vec(any::<i16>(), 0..30), 0..5).prop_map(Tree::Rows),
        (1..40_usize, lengths()).prop_map(|(rows, columns)| {
            Tree::Matrix(Array::from_fn(&[rows, columns / rows], |at| (at[0] * 1000 + at[1]) as u32))
        }),
        (any::<bool>(), any::<char>(), prop::collection::vec(any::<u8>(), 0..3_000))
            .prop_map(|(flag, letter, bytes)| Tree::Record { flag, letter, bytes }),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::option::of(prop::option::of(inner.clone().prop_map(Box::new))).prop_map(Tree::Option),
            prop::collection::vec(inner.clone(), 0..5).prop_map(Tree::List),
            prop::collection::btree_map(keys(), inner.clone(), 0..5).prop_map(Tree::Entries),
            (inner.clone(), inner).prop_map(|pair| Tree::Pair(Box::new(pair))),
        ]
    })
}

#[test]
fn every_compressor_there_is_takes_part() {
    assert!(COMPRESSORS.iter().all(|name| by_name(name).is_ok()));
    let unknown = by_name("none of them").err().expect("an error").to_string();
    assert_eq!(unknown.matches(", ").count() + 1, COMPRESSORS.len(), "{unknown}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_value_comes_back_through_every_compressor(tree in trees(), level in 1..=9_u32) {
        let mut plain = Vec::new();
        DumpOptions::new().dump_to(&tree, &mut plain).unwrap();
        prop_assert_eq!(load_from::<Tree, _>(&plain[..]).unwrap(), tree.clone());
        for name in COMPRESSORS {
            let level = level.min(*by_name(name).unwrap().levels().end());
            let mut file = Vec::new();
            DumpOptions::new().compress((name, level)).dump_to(&tree, &mut file).unwrap();
            prop_assert_eq!(load_from::<Tree, _>(&file[..]).unwrap(), tree.clone(), "{} {}", name, level);
        }
    }
}
