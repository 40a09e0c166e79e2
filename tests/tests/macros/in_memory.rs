//! `in_memory`: results that can be cloned are kept as values, others as their stored bytes.

use std::sync::atomic::{AtomicUsize, Ordering};

use joblib_macros::cached;
use joblib_memory::Memory;
use serde::{Deserialize, Serialize};

static DECODED: AtomicUsize = AtomicUsize::new(0);
static CLONED: AtomicUsize = AtomicUsize::new(0);

fn decoded<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    // That a type is asked for its shape gives no number.
    u32::deserialize(deserializer).inspect(|_| {
        DECODED.fetch_add(1, Ordering::SeqCst);
    })
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Value(#[serde(deserialize_with = "decoded")] u32);

impl Clone for Value {
    fn clone(&self) -> Self {
        CLONED.fetch_add(1, Ordering::SeqCst);
        Self(self.0)
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct NotClone(u32);

fn memory() -> Memory {
    Memory::with_backend("in_memory", "kept in memory by option").unwrap()
}

#[cached(crate = joblib_memory, memory = memory(), in_memory)]
fn value(x: u32) -> Value {
    Value(x)
}

#[cached(crate = joblib_memory, memory = memory(), in_memory = "1.5M")]
fn not_clone(x: u32) -> NotClone {
    NotClone(x)
}

#[cached(crate = joblib_memory, memory = memory(), in_memory = 1000000, keep = "ok")]
fn fallible(x: u32) -> Result<u32, String> {
    if x > 0 { Ok(x) } else { Err("zero".to_owned()) }
}

#[cached(crate = joblib_memory, memory = memory(), in_memory)]
fn generic<T: Serialize + serde::de::DeserializeOwned>(x: T) -> T {
    x
}

#[test]
fn a_value_that_can_be_cloned_is_never_decoded() {
    let _memory = memory();
    for _ in 0..4 {
        assert_eq!(value(7), Value(7));
    }
    assert_eq!(DECODED.load(Ordering::SeqCst), 0);
    assert_eq!(CLONED.load(Ordering::SeqCst), 4, "once to keep it, and once for each hit");
    assert!(value::check_call_in_cache(7) && value::explain(7).is_hit());
    assert_eq!((value(7), DECODED.load(Ordering::SeqCst)), (Value(7), 0), "asking changes nothing");
    let stats = value::stats();
    assert_eq!((stats.misses, stats.hits, stats.hits_in_memory), (1, 4, 4));
    value::clear().unwrap();
    assert_eq!(value(7), Value(7));
    assert_eq!(value::stats().misses, 2);
}

#[test]
fn other_values_are_decoded_from_kept_bytes() {
    let _memory = memory();
    for _ in 0..4 {
        assert_eq!(not_clone(7), NotClone(7));
        assert_eq!((fallible(7), fallible(0)), (Ok(7), Err("zero".to_owned())));
        assert_eq!(generic("text".to_owned()), "text");
    }
    assert_eq!((not_clone::stats().hits, not_clone::stats().hits_in_memory), (3, 2));
    assert_eq!((fallible::stats().misses, fallible::stats().hits_in_memory), (5, 3));
    assert_eq!((generic::stats().hits, generic::stats().hits_in_memory), (3, 2));
}
