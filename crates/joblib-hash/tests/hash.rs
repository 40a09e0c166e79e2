//! What a hash promises, through the public interface.

#[path = "hash/arrays.rs"]
mod arrays;
#[path = "hash/lists.rs"]
mod lists;

use std::collections::{BTreeMap, HashMap, HashSet};

use indexmap::IndexMap;
use joblib_array::Array;
use joblib_array::ndarray::{self, Array2};
use joblib_hash::{Algorithm, Digest, Hasher, Unordered, hash, hash_with};
use proptest::prelude::*;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use self::lists::in_all_places;

fn of<T: Serialize + ?Sized>(value: &T) -> Digest {
    hash(value).unwrap()
}

#[derive(Serialize)]
struct Point {
    x: f64,
    y: f64,
}

#[derive(Serialize)]
enum Shape {
    Empty,
    Circle(f64),
    Line(f64, f64),
    Box { width: f64 },
}

/// Every kind of value of serde's data model, in a fixed order.
fn specimens() -> Vec<(&'static str, Digest)> {
    let text = |n: usize| "x".repeat(n);
    vec![
        ("bool", of(&true)),
        ("i8", of(&-1_i8)),
        ("i16", of(&-1_i16)),
        ("i32", of(&-1_i32)),
        ("i64", of(&-1_i64)),
        ("i128", of(&-1_i128)),
        ("u8", of(&1_u8)),
        ("u16", of(&1_u16)),
        ("u32", of(&1_u32)),
        ("u64", of(&1_u64)),
        ("u128", of(&1_u128)),
        ("f32", of(&1.0_f32)),
        ("f64", of(&1.0_f64)),
        ("f64 zero", of(&0.0_f64)),
        ("f64 negative zero", of(&-0.0_f64)),
        ("f64 nan", of(&f64::NAN)),
        ("char", of(&'1')),
        ("str", of("1")),
        ("long str", of(&text(1_000_000))),
        ("none", of(&None::<u8>)),
        ("some", of(&Some(1_u8))),
        ("some none", of(&Some(None::<u8>))),
        ("unit", of(&())),
        ("struct", of(&Point { x: 1.0, y: 2.0 })),
        ("unit variant", of(&Shape::Empty)),
        ("newtype variant", of(&Shape::Circle(1.0))),
        ("tuple variant", of(&Shape::Line(1.0, 2.0))),
        ("struct variant", of(&Shape::Box { width: 1.0 })),
        ("empty list", of(&Vec::<u8>::new())),
        ("list of u8", of(&vec![1_u8, 2])),
        ("list of u16", of(&vec![1_u16, 2])),
        ("list of f32", of(&vec![1.0_f32, 2.0])),
        ("list of f64", of(&vec![1.0_f64, 2.0])),
        ("list of 20000 u8", of(&vec![7_u8; 20_000])),
        ("list of 100000 u64", of(&(0..100_000_u64).collect::<Vec<_>>())),
        ("list of lists", of(&vec![vec![1_u8], vec![2]])),
        ("list of str", of(&vec!["1", "2"])),
        ("tuple", of(&(1_u8, 2_u8))),
        ("nested tuple", of(&((1_u8,), 2_u8))),
        ("map", of(&BTreeMap::from([("a", 1), ("b", 2)]))),
        ("map of pairs swapped", of(&BTreeMap::from([("a", 2), ("b", 1)]))),
        ("set", of(&HashSet::from(["a", "b"]))),
        ("array", of(&Array::from_vec(vec![1.0, 2.0], &[2]).unwrap())),
        ("array 1x2", of(&Array::from_vec(vec![1.0, 2.0], &[1, 2]).unwrap())),
        ("array of f32", of(&Array::from_vec(vec![1.0_f32, 2.0], &[2]).unwrap())),
        ("large array", of(&Array::from_fn(&[100_000], |i| i[0] as f64))),
        ("array of 2 MiB", of(&Array::from_fn(&[512, 512], |i| (i[0] * i[1]) as f64))),
        ("array of 2 MiB in a struct", of(&(1_u8, Array::from_fn(&[512, 512], |i| (i[0] * i[1]) as f64)))),
    ]
}

#[test]
fn hashes_are_what_they_were_in_every_earlier_version() {
    let golden: BTreeMap<String, String> = serde_json::from_str(include_str!("golden.json")).unwrap();
    let now: BTreeMap<String, String> =
        specimens().into_iter().map(|(name, digest)| (name.to_owned(), digest.to_string())).collect();
    let text = serde_json::to_string_pretty(&now).unwrap();
    assert_eq!(now, golden, "hashes must never change; they are now:\n{text}");
}

#[test]
fn hashes_by_xxh3_are_what_they_were_in_every_earlier_version() {
    let by_xxh3 = |digest: Result<Digest, _>| digest.unwrap().to_string();
    let small = by_xxh3(hash_with(Algorithm::Xxh3, &(1, "two", 3.0)));
    let numbers = Array::from_fn(&[300_000], |index| index[0] as f64);
    let large = by_xxh3(hash_with(Algorithm::Xxh3, &numbers));
    assert_eq!(
        [small.as_str(), large.as_str()],
        ["xxh3:af5b2697efea94a6c312fc62c934613a", "xxh3:69fce5f6cd6f7539f1c54d46203cbf4f"]
    );
}

#[test]
fn values_that_differ_in_type_or_content_differ_in_hash() {
    let mut seen = HashMap::new();
    for (name, digest) in specimens() {
        if let Some(other) = seen.insert(digest, name) {
            panic!("{name} and {other} have the same hash");
        }
    }
}

#[test]
fn values_that_serde_shows_alike_hash_alike() {
    assert_eq!(of(&Vec::<i32>::new()), of(&Vec::<u8>::new()));
    assert_eq!(of(&(1, 2, 3)), of(&[1, 2, 3]));
}

#[test]
fn maps_hash_alike_in_any_order_and_of_any_kind() {
    let entries: Vec<(String, usize)> = (0..1000).map(|i| (format!("key {i}"), i)).collect();
    let hashed: HashMap<_, _> = entries.iter().cloned().collect();
    let sorted: BTreeMap<_, _> = entries.into_iter().rev().collect();
    assert_eq!(of(&hashed), of(&sorted));
    assert_eq!(of(&vec![hashed]), of(&vec![sorted]));
}

#[test]
fn a_hash_set_hashes_alike_in_any_order_also_behind_references() {
    let forwards: HashSet<u32> = (0..1000).collect();
    let backwards: HashSet<u32> = (0..1000).rev().collect();
    assert_eq!(of(&forwards), of(&&backwards));
    assert_ne!(of(&forwards), of(&(0..999).collect::<HashSet<u32>>()));
    assert_eq!(of(&vec![Unordered(&forwards)]), of(&vec![Unordered(&backwards)]));
}

#[test]
fn a_hash_set_inside_of_another_value_hashes_alike_in_any_order() {
    let set = |numbers: &mut dyn Iterator<Item = u32>| in_all_places(&numbers.collect::<HashSet<u32>>());
    let forwards = set(&mut (0..1000));
    assert_eq!(of(&forwards), of(&set(&mut (0..1000).rev())));
    assert_ne!(of(&forwards), of(&set(&mut (0..999))));
    let nested: HashSet<Vec<u8>> = (0..100).map(|i| vec![i; 5]).collect();
    assert_eq!(of(&(&nested, 1)), of(&(nested.iter().cloned().collect::<HashSet<_>>(), 1)));
}

#[test]
fn a_map_whose_type_keeps_an_order_is_hashed_with_it() {
    let forwards: IndexMap<&str, u8> = [("a", 1), ("b", 2)].into_iter().collect();
    let backwards: IndexMap<&str, u8> = [("b", 2), ("a", 1)].into_iter().collect();
    assert_ne!(of(&forwards), of(&backwards));
    assert_ne!(of(&in_all_places(&forwards)), of(&in_all_places(&backwards)));
    assert_eq!(of(&in_all_places(&forwards)), of(&in_all_places(&&forwards.clone())));
    // Not to be taken for another value: what a map is, and where it ends.
    let nested: IndexMap<&str, IndexMap<&str, u8>> =
        [("a", forwards.clone()), ("b", backwards)].into_iter().collect();
    let merged: IndexMap<&str, IndexMap<&str, u8>> = [("a", forwards.clone())].into_iter().collect();
    assert_ne!(of(&nested), of(&merged));
    assert_ne!(of(&forwards), of(&BTreeMap::from([("a", 1_u8), ("b", 2)])));
    assert_ne!(of(&forwards), of(&[("a", 1_u8), ("b", 2)]));
}

/// A list of pairs that is a map to serde, which is told its entries one by one, or how to come by them.
#[derive(Clone)]
struct Pairs {
    pairs: Vec<(&'static str, u8)>,
    one_by_one: bool,
}

impl Serialize for Pairs {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !self.one_by_one {
            return serializer.collect_map(self.pairs.iter().map(|(key, value)| (key, value)));
        }
        let mut map = serializer.serialize_map(Some(self.pairs.len()))?;
        for (key, value) in &self.pairs {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

#[test]
fn a_map_of_a_type_that_is_not_known_to_have_no_order_is_hashed_with_its_order() {
    for one_by_one in [false, true] {
        let forwards = Pairs { pairs: vec![("a", 1), ("b", 2)], one_by_one };
        let backwards = Pairs { pairs: vec![("b", 2), ("a", 1)], one_by_one };
        assert_ne!(of(&forwards), of(&backwards));
        assert_ne!(of(&in_all_places(&forwards)), of(&in_all_places(&backwards)));
        let twice = Pairs { pairs: vec![("a", 1), ("a", 1)], one_by_one };
        assert_ne!(of(&twice), of(&Pairs { pairs: vec![("a", 1)], one_by_one }));
        // Nobody can tell it from one that is kept in the order of its keys.
        assert_eq!(of(&forwards), of(&BTreeMap::from([("a", 1_u8), ("b", 2)])));
        assert_eq!(of(&Unordered(&forwards)), of(&Unordered(&backwards)));
        assert_eq!(of(&vec![Unordered(&forwards)]), of(&vec![Unordered(&backwards)]));
    }
}

#[test]
fn a_map_that_is_walked_through_an_iterator_hashes_alike_in_any_order_if_it_has_none() {
    struct Walked(HashMap<u32, u32>);

    impl Serialize for Walked {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer
                .collect_map(self.0.iter().map(|(key, value)| (*key, value)).filter(|(key, _)| *key > 0))
        }
    }

    #[derive(Serialize)]
    struct Flattened {
        first: u8,
        #[serde(flatten)]
        others: HashMap<String, u32>,
    }

    let numbers = |each: &mut dyn Iterator<Item = u32>| each.map(|i| (i, i)).collect::<HashMap<_, _>>();
    let (forwards, backwards) = (numbers(&mut (0..1000)), numbers(&mut (0..1000).rev()));
    assert_eq!(of(&Walked(forwards.clone())), of(&Walked(backwards.clone())));
    let flattened = |numbers: HashMap<u32, u32>| Flattened {
        first: 1,
        others: numbers.into_iter().map(|(key, value)| (key.to_string(), value)).collect(),
    };
    assert_eq!(of(&flattened(forwards)), of(&flattened(backwards)));
}

/// The entries of a map as the hash is documented to put them: in ascending order of their bytes.
fn check_order<K: Serialize + Ord + Clone + std::hash::Hash>(keys: Vec<K>) -> Result<(), TestCaseError> {
    let entries: Vec<(K, usize)> = keys.into_iter().zip(0..).collect();
    let map: HashMap<K, usize> = entries.iter().cloned().collect();
    let expected = of(&map);
    prop_assert_eq!(
        of(&map.iter().map(|(key, value)| (key.clone(), *value)).collect::<BTreeMap<K, usize>>()),
        expected
    );
    prop_assert_eq!(of(&map.clone().into_iter().collect::<HashMap<_, _>>()), expected);
    if let Some((key, value)) = entries.iter().max() {
        let mut other = map.clone();
        other.insert(key.clone(), value + 1);
        prop_assert_ne!(of(&other), expected);
        other.remove(key);
        prop_assert_ne!(of(&other), expected);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn maps_of_all_sizes_and_keys_hash_alike_in_any_order(
        numbers in proptest::collection::vec(any::<u64>(), 0..2000),
        small in proptest::collection::vec(0_u16..500, 0..1500),
        texts in proptest::collection::vec("[a-c]{0,20}|.{50,90}", 0..1500),
    ) {
        check_order(numbers.clone())?;
        check_order(numbers.iter().map(|number| (number % 3, number % 1000, *number)).collect())?;
        check_order(small)?;
        check_order(texts)?;
    }
}

/// A value whose type says nothing of what it is.
#[derive(Clone)]
struct Hidden<T>(T);

impl<T: Serialize> Serialize for Hidden<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

#[test]
fn an_array_of_ndarray_hashes_as_an_array_does_known_by_its_type_or_its_form() {
    fn check<T: Serialize + Clone>(array: &T, expected: &Array<f64>) {
        assert_eq!(of(array), of(expected));
        assert_eq!(of(&&array), of(expected));
        assert_eq!(of(&Hidden(array)), of(expected));
        assert_eq!(of(&in_all_places(array)), of(&in_all_places(expected)));
        assert_eq!(of(&in_all_places(&Hidden(array))), of(&in_all_places(expected)));
    }
    for (rows, columns) in [(0, 3), (1, 1), (3, 4), (500, 400)] {
        let ours = Array::from_fn(&[rows, columns], |at| at[0] as f64 - 0.5 * at[1] as f64);
        let owned: Array2<f64> = ours.view().into_dimensionality().unwrap().to_owned();
        check(&owned, &ours);
        check(&owned.view(), &ours);
        check(&owned.to_shared(), &ours);
        check(&owned.view().into_dyn(), &ours);
        check(&ndarray::CowArray::from(owned.view()), &ours);
        let transposed = owned.t();
        check(&transposed, &Array::from_fn(&[columns, rows], |at| at[1] as f64 - 0.5 * at[0] as f64));
        let reversed = owned.slice(ndarray::s![..;-1, ..]);
        check(
            &reversed,
            &Array::from_fn(&[rows, columns], |at| (rows - 1 - at[0]) as f64 - 0.5 * at[1] as f64),
        );
    }
    let number = ndarray::arr0(1.5);
    check(&number, &Array::from_vec(vec![1.5], &[]).unwrap());
    assert_ne!(of(&ndarray::arr1(&[1.0])), of(&ndarray::arr1(&[1.0_f32])));
    assert_ne!(of(&ndarray::arr1(&[1.0, 2.0])), of(&ndarray::arr2(&[[1.0, 2.0]])));
    // What is no number is a struct.
    let texts = ndarray::arr1(&["a", "b"]);
    assert_eq!(of(&texts), of(&Hidden(&texts)));
    assert_ne!(of(&texts), of(&ndarray::arr1(&["a", "c"])));
}

#[test]
fn a_struct_of_ones_own_that_has_the_names_of_an_array_stays_a_struct() {
    #[derive(Serialize)]
    struct Array {
        v: u8,
        dim: (usize, usize),
        data: Vec<f64>,
    }
    #[derive(Serialize)]
    #[serde(rename = "Array")]
    struct Other {
        v: u8,
        dim: (usize, usize),
        data: [f64; 2],
    }
    let value = Array { v: 1, dim: (1, 2), data: vec![1.0, 2.0] };
    assert_ne!(of(&value), of(&Array { v: 2, dim: (1, 2), data: vec![1.0, 2.0] }));
    assert_ne!(of(&value), of(&Array { v: 1, dim: (2, 1), data: vec![1.0, 2.0] }));
    assert_ne!(of(&value), of(&ndarray::arr2(&[[1.0, 2.0]])));
    assert_ne!(of(&value), of(&Other { v: 1, dim: (1, 2), data: [1.0, 2.0] }));
}

#[test]
fn algorithms_are_named_in_the_text_and_agree_between_small_and_large_input() {
    let text = hash_with(Algorithm::Sha256, "abc").unwrap().to_string();
    assert!(text.starts_with("sha256:") && text.len() == "sha256:".len() + 64, "{text}");
    for &algorithm in Algorithm::ALL {
        let digest = hash_with(algorithm, &vec![0.5; 100_000]).unwrap();
        assert_eq!(digest.to_string().parse(), Ok(digest));
        assert_eq!(serde_json::from_str::<Digest>(&serde_json::to_string(&digest).unwrap()).unwrap(), digest);
    }
    for wrong in ["abc", "crc32:00", "md5:xyz", "blake3:00"] {
        assert!(wrong.parse::<Digest>().is_err(), "{wrong}");
    }
}

#[test]
fn a_main_that_returns_the_error_of_a_text_that_is_no_digest_prints_its_message() {
    for text in ["0123", "crc32:0123", "md5:0123"] {
        let error = text.parse::<Digest>().unwrap_err();
        assert_eq!(format!("{error:?}"), format!("ParseDigestError({error})"));
    }
    let misspelled = "SHA-256".parse::<Algorithm>().unwrap_err().to_string();
    assert!(misspelled.contains("did you mean \"sha256\"? There are blake3, "), "{misspelled}");
    let error = "crc32".parse::<Algorithm>().unwrap_err();
    assert_eq!(format!("{error:?}"), format!("UnknownAlgorithm({error})"));
}

#[test]
fn several_values_hash_by_their_order_and_their_borders() {
    let digest = |values: &[&str]| {
        let mut hasher = Hasher::new(Algorithm::Blake3);
        for value in values {
            hasher.update(value).unwrap();
        }
        hasher.finish()
    };
    assert_eq!(digest(&["ab", "c"]), digest(&["ab", "c"]));
    assert_ne!(digest(&["ab", "c"]), digest(&["a", "bc"]));
    assert_ne!(digest(&["ab", "c"]), digest(&["c", "ab"]));
}

#[test]
fn a_value_that_refuses_to_be_serialized_is_an_error_with_its_message() {
    struct Refuses;
    impl Serialize for Refuses {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("a socket has no content"))
        }
    }
    let error = hash(&vec![Refuses]).unwrap_err().to_string();
    assert!(error.contains("a socket has no content"), "{error}");
}

#[derive(Debug, Clone, PartialEq, Serialize)]
enum Tree {
    Number(u16),
    Text(String),
    List(Vec<Tree>),
    Numbers(Vec<u8>),
    Pair(Box<(Tree, Tree)>),
    Entries(BTreeMap<String, Tree>),
}

fn trees() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![
        any::<u16>().prop_map(Tree::Number),
        "[ab]{0,3}".prop_map(Tree::Text),
        proptest::collection::vec(0..3_u8, 0..4).prop_map(Tree::Numbers),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Tree::List),
            (inner.clone(), inner.clone()).prop_map(|pair| Tree::Pair(Box::new(pair))),
            proptest::collection::btree_map("[ab]{0,2}", inner, 0..4).prop_map(Tree::Entries),
        ]
    })
}

proptest! {
    #[test]
    fn two_values_have_one_hash_only_when_they_are_equal(a in trees(), b in trees()) {
        prop_assert_eq!(a == b, of(&a) == of(&b));
    }

    #[test]
    fn lists_that_mix_runs_and_other_items_keep_their_borders(
        a in proptest::collection::vec(proptest::option::of(0..2_u8), 0..6),
        b in proptest::collection::vec(proptest::option::of(0..2_u8), 0..6),
    ) {
        prop_assert_eq!(a == b, of(&a) == of(&b));
    }
}
