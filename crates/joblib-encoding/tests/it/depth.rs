//! Deep values are refused by name on both sides, and never exhaust the stack.

use joblib_encoding::{MAX_DEPTH, from_slice, to_vec};
use serde::{Deserialize, Serialize};

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Link(Option<Box<Link>>);

impl Link {
    fn chain(length: usize) -> Self {
        (0..length).fold(Self(None), |inner, _| Self(Some(Box::new(inner))))
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        let mut next = self.0.take();
        while let Some(mut link) = next {
            next = link.0.take();
        }
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Tree {
    Leaf,
    Node(Vec<Tree>),
}

#[test]
fn a_deep_value_is_refused_when_it_is_encoded() {
    for length in [2_000, 1_000_000] {
        let error = to_vec(&Link::chain(length)).unwrap_err();
        assert!(error.is_unsupported());
        assert!(error.to_string().contains(&format!("deeper than {MAX_DEPTH} levels")), "{error}");
    }
}

#[test]
fn what_is_encoded_is_decoded_at_the_deepest() {
    let deepest = (1..=usize::from(MAX_DEPTH))
        .rev()
        .find_map(|length| Some((length, to_vec(&Link::chain(length)).ok()?)));
    let (length, bytes) = deepest.expect("some length is encoded");
    assert_eq!(from_slice::<Link>(&bytes).unwrap(), Link::chain(length));

    let tree = (0..usize::from(MAX_DEPTH) / 2).fold(Tree::Leaf, |inner, _| Tree::Node(vec![inner]));
    assert_eq!(from_slice::<Tree>(&to_vec(&tree).unwrap()).unwrap(), tree);
    assert!(to_vec(&Tree::Node(vec![tree])).unwrap_err().is_unsupported());
}

#[test]
fn a_deep_message_is_refused_when_it_is_decoded() {
    // [[[…]]], deeper than any encoder writes.
    let body = vec![0x91; 100_000];
    let mut bytes = vec![0];
    bytes.extend_from_slice(&(body.len() as u32).to_le_bytes());
    bytes.extend_from_slice(&body);
    let error = from_slice::<serde_json::Value>(&bytes).unwrap_err();
    assert!(error.is_corrupt() && error.to_string().contains("deeper"), "{error}");
    assert!(from_slice::<serde::de::IgnoredAny>(&bytes).unwrap_err().is_corrupt());
}
