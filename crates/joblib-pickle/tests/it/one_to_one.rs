//! What would lose something on its way to Python is an error that says where.

#![expect(clippy::option_option, reason = "both levels have to arrive, or be refused")]

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use joblib_array::Array;
use joblib_pickle::{ReadOptions, Reader, Value, from_slice, to_vec};
use serde::{Deserialize, Serialize};

use crate::shapes::load;

/// Pairs that serialize as a map, whatever its keys are.
struct Pairs<K, V>(Vec<(K, V)>);

impl<K: Serialize, V: Serialize> Serialize for Pairs<K, V> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

/// Serializes as `half::f16` does.
#[derive(Clone, Copy)]
struct Half(u16);

impl Serialize for Half {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct("f16", &self.0)
    }
}

#[test]
fn an_option_in_an_option_that_would_be_none_is_an_error_that_names_its_field() {
    #[derive(Serialize)]
    struct Limits {
        upper: Option<Option<f64>>,
    }

    let error = to_vec(&BTreeMap::from([("a", Limits { upper: Some(None) })])).unwrap_err();
    assert!(error.to_string().contains("Some(None)") && error.to_string().ends_with(".a.upper"), "{error}");
    assert!(to_vec(&Some(())).is_err());
    assert_eq!(
        from_slice::<Option<Option<f64>>>(&to_vec(&Some(Some(1.5))).unwrap()).unwrap(),
        Some(Some(1.5))
    );
    assert!(to_vec(&Limits { upper: None }).is_ok());
}

#[test]
fn keys_that_are_one_key_in_python_are_an_error_that_names_it() {
    for (pairs, key) in [
        (to_vec(&Pairs(vec![("a", 1), ("b", 2), ("a", 3)])), "key a "),
        (to_vec(&Pairs(vec![(Value::Bool(true), 1), (Value::Int(1), 2)])), "key 1 "),
        (to_vec(&Pairs(vec![(Value::Int(1), 1), (Value::Float(1.0), 2)])), "key 1 "),
        (to_vec(&Pairs(vec![(Value::Float(0.0), 1), (Value::Float(-0.0), 2)])), "key 0 "),
        (to_vec(&Pairs(vec![((1, "x"), 1), ((1, "x"), 2)])), "x"),
    ] {
        let error = pairs.unwrap_err();
        assert!(error.to_string().contains(key), "{error}");
    }
    assert!(
        to_vec(&Pairs(vec![(Value::Int(1), 1), (Value::Str("1".into()), 2), (Value::Float(1.5), 3)])).is_ok()
    );
    assert!(to_vec(&Pairs(vec![(("a", "b"), 1), (("ab", ""), 2)])).is_ok());
}

#[test]
fn numbers_are_one_key_only_where_python_has_them_equal() {
    /// A float that is written as such, or an integer of any size.
    #[derive(Serialize)]
    #[serde(untagged)]
    enum Number {
        Float(f64),
        Wide(u128),
        Half(Half),
    }
    use Number::{Float, Wide};

    let both = |first: Number, second: Number| to_vec(&Pairs(vec![(first, 1), (second, 2)]));
    let large = 2_f64.powi(64);
    assert!(both(Float(large), Wide(1 << 64)).is_err());
    assert!(both(Float(large), Wide(18_446_744_073_709_552_000)).is_ok());
    assert!(both(Float(2_f64.powi(53)), Wide((1 << 53) + 1)).is_ok());
    assert!(both(Number::Half(Half(0x3c00)), Wide(1)).is_err());
    // Python has no NaN equal to another, and keeps both.
    assert!(both(Float(f64::NAN), Float(f64::NAN)).is_ok());
    assert!(both(Float(f64::INFINITY), Float(f64::INFINITY)).is_err());
    let spans =
        |seconds| to_vec(&Pairs(vec![(Duration::from_secs(1), 1), (Duration::from_secs(seconds), 2)]));
    assert!(spans(1).is_err());
    assert!(spans(2).is_ok());
    assert!(to_vec(&Pairs(vec![(vec!["a\0'b"], 1), (vec!["a", "b"], 2)])).is_ok());
}

#[test]
fn a_float_of_sixteen_bits_is_a_float_in_python() {
    assert_eq!(from_slice::<f64>(&to_vec(&Half(0x3e00)).unwrap()).unwrap(), 1.5);
    assert_eq!(from_slice::<Vec<f64>>(&to_vec(&[Half(0x3e00); 3]).unwrap()).unwrap(), [1.5; 3]);
}

#[test]
fn what_has_a_text_form_goes_and_comes_as_text() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Host {
        address: IpAddr,
    }

    let host = Host { address: Ipv4Addr::LOCALHOST.into() };
    let bytes = to_vec(&host).unwrap();
    assert_eq!(from_slice::<Value>(&bytes).unwrap()["address"].as_str(), Some("127.0.0.1"));
    assert_eq!(from_slice::<Host>(&bytes).unwrap(), host);
}

#[test]
fn a_chain_of_options_that_is_too_deep_is_an_error() {
    #[derive(Serialize)]
    struct Link(Option<Box<Link>>);

    let chain = (0..5000).fold(Link(None), |inner, _| Link(Some(Box::new(inner))));
    let error = to_vec(&chain).unwrap_err();
    assert!(error.to_string().contains("deeper"), "{error}");
}

#[test]
fn a_value_as_deep_as_can_be_written_is_read_on_a_thread_of_two_megabytes() {
    #[derive(Serialize, Deserialize)]
    struct Node {
        name: String,
        numbers: [f64; 8],
        next: Option<Box<Node>>,
    }
    #[derive(Serialize, Deserialize)]
    enum Tree {
        Leaf,
        Branch { numbers: [f64; 8], next: Box<Tree> },
    }

    fn deepest<T: Serialize>(of: impl Fn(usize) -> T) -> Vec<u8> {
        (1..600).rev().find_map(|depth| to_vec(&of(depth)).ok()).unwrap()
    }

    fn check() {
        let numbers = [0.5; 8];
        let node = |next| Some(Box::new(Node { name: "node".to_owned(), numbers, next }));
        let bytes = deepest(|depth| (0..depth).fold(None, |next, _| node(next)));
        assert!(from_slice::<Option<Box<Node>>>(&bytes).unwrap().is_some());
        let branch = |next| Tree::Branch { numbers, next: Box::new(next) };
        let bytes = deepest(|depth| (0..depth).fold(Tree::Leaf, |next, _| branch(next)));
        assert!(matches!(from_slice::<Tree>(&bytes).unwrap(), Tree::Branch { .. }));
    }

    std::thread::Builder::new().stack_size(2 << 20).spawn(check).unwrap().join().unwrap();
}

#[test]
fn pickles_in_a_row_are_read_one_after_another() {
    let bytes: Vec<u8> = (0..3).flat_map(|number| to_vec(&number).unwrap()).collect();
    let mut reader = Reader::from_slice(&bytes, ReadOptions::default()).unwrap();
    for number in 0..3 {
        assert_eq!(reader.next::<i64>().unwrap(), Some(number));
    }
    assert_eq!(reader.next::<i64>().unwrap(), None);

    let mut source = &bytes[..];
    let mut reader = Reader::exact(&mut source, ReadOptions::default()).unwrap();
    assert_eq!(reader.next::<i64>().unwrap(), Some(0));
    drop(reader);
    assert_eq!(source.len(), bytes.len() / 3 * 2);
}

#[test]
fn text_of_python_2_is_bytes_unless_its_encoding_is_given() {
    use joblib_pickle::{Encoding, ReadOptions};

    // {"caf\xe9": 1} in Python 2
    let bytes = b"(dp0\nS'caf\\xe9'\np1\nI1\ns.";
    let value: Value = from_slice(bytes).unwrap();
    assert_eq!(value.entries().unwrap()[0].0, Value::Bytes(b"caf\xe9".to_vec()));
    let error = from_slice::<BTreeMap<String, i64>>(bytes).unwrap_err();
    assert!(error.is_wrong_type() && error.to_string().contains("encoding"), "{error}");
    let options = ReadOptions::new().encoding(Encoding::Latin1);
    let map = Reader::from_slice(bytes, options).unwrap().next::<BTreeMap<String, i64>>().unwrap().unwrap();
    assert_eq!(map["café"], 1);
}

#[test]
fn a_file_of_numpy_save_is_an_array() {
    use joblib_array::Array;

    let header = "{'descr': '<f8', 'fortran_order': True, 'shape': (2, 3), }";
    let mut bytes = b"\x93NUMPY\x01\0".to_vec();
    bytes.extend_from_slice(&118_u16.to_le_bytes());
    bytes.extend_from_slice(format!("{header:117}\n").as_bytes());
    (0..6).for_each(|number| bytes.extend_from_slice(&f64::from(number).to_le_bytes()));
    assert!(joblib_pickle::recognizes(&bytes));
    let array: Array<f64> = from_slice(&bytes).unwrap();
    assert_eq!((array[[1, 0]], array[[0, 2]]), (1.0, 4.0));
    assert!(from_slice::<Value>(&bytes[..bytes.len() - 1]).unwrap_err().is_corrupt());
    let both = [&bytes[..], &bytes].concat();
    let mut twice = Reader::new(&both[..], ReadOptions::default())
        .and_then(|mut reader| Ok((reader.next::<Array<f64>>()?, reader.next::<Array<f64>>()?)))
        .unwrap();
    assert_eq!(twice.0.take(), twice.1.take());
}

#[test]
fn a_type_of_fewer_elements_than_there_are_is_an_error_that_counts_those_it_would_lose() {
    let list = to_vec(&(1, 2, 3)).unwrap();
    assert_eq!(from_slice::<(i64, i64, i64)>(&list).unwrap(), (1, 2, 3));
    let error = from_slice::<(i64,)>(&list).unwrap_err().to_string();
    assert!(error.contains("2 would be lost"), "{error}");
    let inside = to_vec(&BTreeMap::from([("a", [(1, 2), (3, 4)])])).unwrap();
    let error = from_slice::<BTreeMap<String, [(i64,); 2]>>(&inside).unwrap_err().to_string();
    assert!(error.contains("1 would be lost") && error.contains(".a[0]"), "{error}");

    let array = to_vec(&Array::from(vec![1_i64, 2, 3])).unwrap();
    assert!(from_slice::<[i64; 2]>(&array).is_err());
    assert_eq!(from_slice::<[i64; 3]>(&array).unwrap(), [1, 2, 3]);
    assert!(from_slice::<(f64,)>(&to_vec(&Value::Complex(1.0, 2.0)).unwrap()).is_err());
    assert!(from_slice::<[u8; 2]>(&to_vec(&Value::Bytes(vec![1, 2, 3])).unwrap()).is_err());
}

#[test]
fn a_row_of_fewer_columns_than_a_table_has_is_an_error() {
    assert_eq!(load::<Vec<(i64, f64)>>("arrow_labels").unwrap()[1], (2, 1.5));
    assert!(load::<Vec<(i64,)>>("arrow_labels").is_err());
    assert!(load::<Vec<(i32, f64)>>("array_records").is_err());
}
