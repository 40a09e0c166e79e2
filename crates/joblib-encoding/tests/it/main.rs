//! What is encoded is what is decoded.

#![allow(clippy::float_cmp, reason = "what comes back is the same bits")]
#![allow(clippy::zero_sized_map_values, reason = "such maps are values too")]

mod arrays;
mod corpus;
mod depth;
mod exact;
mod hostile;
mod preview;
mod properties;

use std::fmt::Debug;

use joblib_encoding::{from_slice, to_vec};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Encodes and decodes `value`, alone and among others.
fn round_trip<T: Serialize + DeserializeOwned>(value: &T) -> T {
    let among = to_vec(&("before", value, 7_u8)).expect("encodes among others");
    let (before, back, after): (String, T, u8) = from_slice(&among).expect("decodes among others");
    assert_eq!((before.as_str(), after), ("before", 7));
    let alone = to_vec(&back).expect("encodes alone");
    from_slice(&alone).expect("decodes alone")
}

#[track_caller]
#[allow(clippy::needless_pass_by_value, reason = "each call makes its value where it is written")]
fn assert_same<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: T) {
    assert_eq!(round_trip(&value), value);
}
