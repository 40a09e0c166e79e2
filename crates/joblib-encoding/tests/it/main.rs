//! What is encoded is what is decoded. The corpus of values, which passes through files, entries and messages too, is in
//! `tests/tests/system/corpus` of the workspace.

#![allow(clippy::float_cmp, reason = "what comes back is the same bits")]

mod arrays;
mod depth;
mod exact;
mod hostile;
mod lists;
mod ndarray;
mod preview;
mod properties;
mod scalars;
mod wide;

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
