//! Every form of serde's data model comes back as it was.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Debug;

use joblib_array::{Array, Order};
use joblib_persist::{DumpOptions, LoadOptions, Reader, dump_to, load_from};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

fn through<T: Serialize + ?Sized, U: DeserializeOwned>(value: &T) -> U {
    let mut plain = Vec::new();
    dump_to(value, &mut plain).unwrap();
    let mut compressed = Vec::new();
    DumpOptions::new().compress("gzip").dump_to(value, &mut compressed).unwrap();
    let _: U = load_from(&compressed[..]).unwrap();
    load_from(&plain[..]).unwrap()
}

#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "callers write values")]
fn same<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: T) {
    assert_eq!(through::<T, T>(&value), value);
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Shape {
    Point,
    Circle(f64),
    Box(f64, f64),
    Polygon { corners: Vec<(f64, f64)>, closed: bool },
    Nothing(()),
    Maybe(Option<Box<Shape>>),
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Unit;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Meters(f32);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Pair(u8, String);

#[test]
fn numbers_of_every_size_come_back() {
    for value in [0, 1, 127, 128, 255, 256, 65_535, 65_536, u64::from(u32::MAX), 1 << 32, u64::MAX] {
        same(value);
        same(u128::from(value));
        same(value as i64);
        same((value as i64).wrapping_neg());
        same(i128::from(value));
    }
    same(i64::MIN);
    same((u128::MAX, u128::from(u64::MAX) + 1, i128::MIN, i128::MAX, i128::from(i64::MIN) - 1));
    same((i8::MIN, i16::MIN, i32::MIN, u8::MAX, u16::MAX, u32::MAX));
    same((1.5_f32, f32::MIN_POSITIVE, -0.0_f32, f64::MAX, f64::NEG_INFINITY));
    let (small, large): (f32, f64) = through(&(f32::NAN, -f64::NAN));
    assert!(small.is_nan() && large.is_nan());
}

#[test]
fn texts_bytes_and_characters_come_back() {
    for len in [0, 1, 31, 32, 255, 256, 65_535, 65_536, 3_000_000] {
        same("é".repeat(len / 2) + if len % 2 == 1 { "x" } else { "" });
    }
    same(('x', '𝄞', '\0'));
    assert_eq!(through::<_, String>("borrowed"), "borrowed");
    assert_eq!(through::<_, String>(&Cow::Borrowed("borrowed")), "borrowed");
}

#[test]
fn nested_options_and_units_keep_their_depth() {
    same::<Vec<Option<Option<Option<u8>>>>>(vec![None, Some(None), Some(Some(None)), Some(Some(Some(1)))]);
    same::<Vec<Option<()>>>(vec![None, Some(())]);
    same::<Option<Option<()>>>(Some(Some(())));
    same::<Vec<Option<Unit>>>(vec![None, Some(Unit)]);
    same::<(Option<String>, Option<Vec<Option<()>>>)>((None, Some(vec![Some(()), None])));
}

#[test]
fn every_form_of_struct_and_enum_comes_back() {
    same((Unit, Meters(1.5), Pair(1, "one".into())));
    same(vec![
        Shape::Point,
        Shape::Circle(1.0),
        Shape::Box(1.0, 2.0),
        Shape::Polygon { corners: vec![(0.0, 1.0)], closed: true },
        Shape::Nothing(()),
        Shape::Maybe(None),
        Shape::Maybe(Some(Box::new(Shape::Point))),
    ]);
}

#[test]
fn maps_with_any_keys_come_back() {
    same(BTreeMap::from([((1, "a".to_owned()), vec![1.0]), ((2, "b".to_owned()), vec![])]));
    same(BTreeMap::from([(None, 1), (Some(true), 2)]));
    same(HashMap::from([('x', HashSet::from([1_u64, 1 << 40]))]));
    same((0..100_000).map(|i| (i, i.to_string())).collect::<BTreeMap<u32, String>>());
}

#[test]
#[expect(clippy::option_option, reason = "this is what must come back")]
fn untagged_and_flattened_values_come_back() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(untagged)]
    enum Any {
        Unit,
        Flag(bool),
        Int(i64),
        Float(f64),
        Text(String),
        Shape { shape: Shape },
        Maybe { maybe: Option<Option<u8>> },
        List(Vec<Any>),
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Outer {
        id: u32,
        #[serde(flatten)]
        inner: Inner,
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Open {
        id: u32,
        #[serde(flatten)]
        rest: BTreeMap<String, Option<f64>>,
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(tag = "kind")]
    enum Inner {
        A { list: Vec<f64> },
        B,
    }
    same(vec![
        Any::Unit,
        Any::Flag(true),
        Any::Int(-5),
        Any::Float(0.5),
        Any::Text("x".into()),
        Any::Maybe { maybe: Some(Some(1)) },
        Any::Maybe { maybe: None },
        Any::Shape { shape: Shape::Box(1.0, 2.0) },
        Any::List(vec![Any::Int(1), Any::Text("y".into())]),
    ]);
    same(Any::List((0..1000).map(|i| Any::Float(f64::from(i) + 0.5)).collect()));
    same(vec![Outer { id: 1, inner: Inner::A { list: vec![0.5; 1000] } }, Outer { id: 2, inner: Inner::B }]);
    same(Open { id: 3, rest: BTreeMap::from([("x".into(), Some(1.0)), ("y".into(), None)]) });
}

#[test]
fn sequences_of_unknown_length_come_back_however_long() {
    struct Lazy(u32);
    impl Serialize for Lazy {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            // A filter does not know how many elements it leaves.
            serializer.collect_seq((0..self.0).filter(|i| i % 2 == 0).map(|i| Inner(i % 5)))
        }
    }
    struct Inner(u32);
    impl Serialize for Inner {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer
                .collect_seq((0..self.0).map(|i| "text ".repeat(i as usize)).filter(|text| !text.is_empty()))
        }
    }
    for len in [0, 1, 5, 1000, 600_000] {
        let expected: Vec<Vec<String>> = (0..len)
            .filter(|i| i % 2 == 0)
            .map(|i| (1..i % 5).map(|i| "text ".repeat(i as usize)).collect())
            .collect();
        assert_eq!(through::<_, Vec<Vec<String>>>(&Lazy(len)), expected);
        // Over the parts of it that nobody asked for.
        let mut bytes = Vec::new();
        dump_to(&(Lazy(len), "after"), &mut bytes).unwrap();
        let (_, after): (serde::de::IgnoredAny, String) = load_from(&bytes[..]).unwrap();
        assert_eq!(after, "after");
    }
}

#[test]
fn long_runs_of_numbers_come_back() {
    macro_rules! runs {
        ($($type:ty)*) => {$(
            for len in [0, 1, 100, 128, 1023, 1024, 5000, 300_000] {
                same((0..len).map(|i| i as $type).collect::<Vec<$type>>());
            }
        )*};
    }
    runs!(u8 i8 u16 i16 u32 i32 u64 i64 f32 f64 u128 i128);
    same((0..5000).map(|i| i % 3 == 0).collect::<Vec<_>>());
    same((0..5000).map(|i| Meters(i as f32)).collect::<Vec<_>>());
    same((0..5000).map(|i| (i % 3 == 0).then_some(i)).collect::<Vec<_>>());
    same((0..100).map(|i| vec![i; 1000]).collect::<Vec<_>>());
}

#[test]
fn arrays_come_back_with_shape_and_order() {
    for side in [0, 1, 3, 10, 20, 300] {
        same(Array::from_fn(&[side, side], |index| (index[0] * 1000 + index[1]) as f64));
        same(Array::from_fn(&[side, 2, side], |index| index[0] as u8 ^ index[2] as u8));
        let array: Array<bool> = Array::from_fn(&[side, 7], |index| index[0] % 2 == 0);
        same((array.clone(), "between".to_owned(), vec![array]));
    }
    same(Array::from_vec(vec![1.5_f32], &[]).unwrap());
}

#[test]
fn arrays_load_as_vecs_and_vecs_as_arrays() {
    for (rows, columns) in [(2, 3), (40, 50), (300, 4000)] {
        let array = Array::from_fn(&[rows, columns], |index| (index[0] * columns + index[1]) as i32);
        let nested: Vec<Vec<i32>> = (0..rows).map(|row| array.row(row).to_vec()).collect();
        assert_eq!(through::<_, Vec<Vec<i32>>>(&array), nested);
        assert_eq!(through::<_, Array<i32>>(&nested), array);
        let column_major = Array::from_buffer(array.buffer().clone(), vec![columns, rows], Order::F).unwrap();
        let transposed: Vec<Vec<i32>> = through::<Array<i32>, _>(&column_major);
        assert!((0..columns).all(|c| (0..rows).all(|r| transposed[c][r] == nested[r][c])));
        assert_eq!(
            through::<_, Vec<i32>>(&array.clone().reshape(&[rows * columns]).unwrap()),
            array.to_vec()
        );
        assert_eq!(through::<_, Array<i32>>(&array.to_vec()).as_slice(), array.as_slice());
    }
    assert_eq!(through::<_, f64>(&Array::from_vec(vec![2.5], &[]).unwrap()).to_bits(), 2.5_f64.to_bits());
}

#[test]
fn several_values_in_a_row_load_one_after_another() {
    let mut bytes = Vec::new();
    dump_to(&vec![1.0; 1000], &mut bytes).unwrap();
    dump_to("second", &mut bytes).unwrap();
    dump_to(&Array::<f32>::zeros(&[33, 33]), &mut bytes).unwrap();
    let mut source = &bytes[..];
    assert_eq!(load_from::<Vec<f64>, _>(&mut source).unwrap(), vec![1.0; 1000]);
    assert_eq!(load_from::<String, _>(&mut source).unwrap(), "second");
    assert_eq!(load_from::<Array<f32>, _>(&mut source).unwrap().shape(), [33, 33]);
    assert!(source.is_empty());

    let mut reader = Reader::new(&bytes[..], &LoadOptions::new()).unwrap();
    assert_eq!(reader.next::<serde::de::IgnoredAny>().unwrap().map(|_| ()), Some(()));
    assert_eq!(reader.next::<String>().unwrap().as_deref(), Some("second"));
    assert_eq!(reader.next::<Array<f32>>().unwrap().unwrap().len(), 33 * 33);
    assert_eq!(reader.next::<()>().unwrap(), None);
}
