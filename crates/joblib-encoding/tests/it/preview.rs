//! Short texts of values for messages.

use std::collections::BTreeMap;

use joblib_array::Array;
use joblib_encoding::Preview;
use serde::Serialize;

fn text<T: Serialize + ?Sized>(value: &T) -> String {
    Preview::of(value).text(80)
}

fn arguments<T: Serialize>(value: T) -> String {
    Preview::of(&value).arguments(120)
}

#[derive(Serialize)]
struct Empty {}

#[derive(Serialize)]
struct Unit;

#[derive(Serialize)]
struct Pair(u8, i8);

#[derive(Serialize)]
struct Wide {
    a: u8,
    b: u8,
    c: u8,
    d: u8,
    e: u8,
    f: u8,
    g: u8,
}

#[derive(Serialize)]
enum Kind {
    Plain,
    One(f32),
    Two(u8, char),
    Named { id: i128 },
}

#[test]
fn values_read_as_they_are_written_in_rust() {
    assert_eq!(text(&(1, "a\n", 0.5)), r#"(1, "a\n", 0.5)"#);
    assert_eq!(text(&(-7_i8, u64::MAX, i64::MIN)), format!("(-7, {}, {})", u64::MAX, i64::MIN));
    assert_eq!(text(&(0.1_f32, 1.0, true, 'x', u128::MAX)), format!("(0.1, 1.0, true, 'x', {})", u128::MAX));
    assert_eq!(text(&(Some(1), None::<u8>, ())), "(1, None, ())");
    assert_eq!(text(&[Kind::Plain, Kind::One(0.5), Kind::Two(1, 'c')]), "(Plain, One(0.5), Two(1, 'c'))");
    assert_eq!(text(&Kind::Named { id: -1 }), "Named { id: -1 }");
    assert_eq!(text(&(Empty {}, Unit, Pair(1, -1))), "(Empty {}, Unit, Pair(1, -1))");
    assert_eq!(text(&BTreeMap::from([("a", vec![1]), ("b", vec![])])), r#"{"a": [1], "b": []}"#);
    assert_eq!(text(&std::net::Ipv4Addr::LOCALHOST), r#""127.0.0.1""#);
}

#[test]
fn arrays_show_their_type_and_shape() {
    let array = Array::from_vec(vec![0.0; 6], &[2, 3]).unwrap();
    assert_eq!(text(&Some(&array)), "float64[2, 3]");
    assert_eq!(arguments((array, Array::from(vec![1_u8]), 2)), "float64[2, 3], uint8[1], 2");
}

#[test]
fn what_is_long_is_cut_and_says_so() {
    assert_eq!(text(&vec![0; 1000]), "[0, 0, 0, 0, 0, 0, …; 1000]");
    assert_eq!(text(&(vec![0; 1000], 1)), "([0, 0, 0, 0, 0, 0, …; 1000], …)");
    let many = Wide { a: 1, b: 2, c: 3, d: 4, e: 5, f: 6, g: 7 };
    assert_eq!(text(&many), "Wide { a: 1, b: 2, c: 3, d: 4, e: 5, f: 6, …; 7 }");
    assert_eq!(arguments((vec![1_u64; 1_000_000],)), "[1, 1, 1, 1, 1, 1, …; 1000000]");
    assert_eq!(arguments((vec![1_u64; 7], 2)), "[1, 1, 1, 1, 1, 1, …; 7], …");
    let long = text(&"é".repeat(1000));
    assert!(long.starts_with("\"éé") && long.ends_with('…') && long.chars().count() == 81, "{long}");
    let shown = arguments(("x".repeat(1000), 1));
    assert!(shown.starts_with("\"xxx") && shown.ends_with('…') && shown.chars().count() == 121, "{shown}");
    // Nested a hundred levels deep, of which not all are recorded.
    let deep = (0..100).fold(serde_json::json!(1), |inner, _| serde_json::json!([inner]));
    let shown = text(&deep);
    assert!(shown.starts_with("[[[[") && shown.contains('…'), "{shown}");
}

#[test]
fn a_sequence_of_unknown_length_is_cut_too() {
    struct Endless;

    impl Serialize for Endless {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_seq((0..100).filter(|n| n % 2 == 0))
        }
    }
    assert_eq!(text(&(Endless, 1)), "([0, 2, 4, 6, 8, 10, …], 1)");
}

#[test]
fn what_refuses_is_shown_as_far_as_it_came() {
    struct Refuses;

    impl Serialize for Refuses {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("no"))
        }
    }
    assert_eq!(text(&(1, Refuses)), "(1, …)");
    assert_eq!(text(&Refuses), "…");
}

#[test]
fn a_value_that_nests_deep_takes_no_stack_for_all_of_it() {
    #[derive(Serialize)]
    #[serde(transparent)]
    struct Wrapped(Option<Box<Newtype>>);

    #[derive(Serialize)]
    struct Newtype(Wrapped);

    let mut wrapped = Wrapped(None);
    for _ in 0..100_000 {
        wrapped = Wrapped(Some(Box::new(Newtype(wrapped))));
    }
    assert_eq!(text(&wrapped), "…");
    // Dropped by hand: the compiler's way is as deep.
    while let Some(inner) = wrapped.0.take() {
        wrapped = inner.0;
    }
}

#[test]
fn a_preview_is_used_again() {
    let mut preview = Preview::new();
    assert_eq!((preview.text(80), preview.arguments(80)), (String::new(), String::new()));
    preview.record(&("long".repeat(100), 1));
    preview.record(&(1, "a"));
    assert_eq!(preview.arguments(80), "1, \"a\"");
    preview.clear();
    assert_eq!(preview.text(80), "");
}
