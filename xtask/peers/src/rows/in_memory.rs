//! Hits of a function whose results are kept in memory.

use std::hint::black_box;
use std::sync::LazyLock;

use foyer::{Cache, CacheBuilder};
use joblib::Memory;

use super::on_disk::{NUMBERS, numbers};
use crate::measure::{Row, Sides, microseconds};

pub(crate) fn rows() -> Vec<Row> {
    vec![
        tiny("cached", with_cached),
        tiny("cached_sharded", with_cached_sharded),
        tiny("memoize", with_memoize),
        tiny("memoize_shared", with_memoize_shared),
        tiny("foyer", {
            let cache: Cache<u64, u64> = CacheBuilder::new(1024).build();
            move |i| cache.get(&i).map_or_else(|| *cache.insert(i, i).value(), |entry| *entry.value())
        }),
        vector("cached", vector_with_cached),
        vector("memoize", vector_with_memoize),
        // It hands out a reference; the row takes the vector, as the others give it.
        vector("foyer", {
            let cache: Cache<usize, Vec<f64>> = CacheBuilder::new(16).build();
            move |len| match cache.get(&len) {
                Some(entry) => entry.value().clone(),
                None => cache.insert(len, numbers(len)).value().clone(),
            }
        }),
    ]
}

static MEMORY: LazyLock<Memory> = LazyLock::new(|| {
    // Any name will do.
    Memory::with_backend("in_memory", "peers").unwrap_or_else(|_| Memory::none())
});

#[joblib::cached(memory = MEMORY, in_memory)]
fn ours(i: u64) -> u64 {
    i
}

#[cached::macros::cached]
fn with_cached(i: u64) -> u64 {
    i
}

#[cached::macros::concurrent_cached]
fn with_cached_sharded(i: u64) -> u64 {
    i
}

#[memoize::memoize]
fn with_memoize(i: u64) -> u64 {
    i
}

#[memoize::memoize(SharedCache)]
fn with_memoize_shared(i: u64) -> u64 {
    i
}

#[joblib::cached(memory = MEMORY, in_memory)]
fn our_vector(len: usize) -> Vec<f64> {
    numbers(len)
}

#[cached::macros::cached]
fn vector_with_cached(len: usize) -> Vec<f64> {
    numbers(len)
}

#[memoize::memoize]
fn vector_with_memoize(len: usize) -> Vec<f64> {
    numbers(len)
}

fn tiny(peer: &str, mut theirs: impl FnMut(u64) -> u64 + 'static) -> Row {
    const CALLS: u32 = 20_000;
    Row::new(format!("memory.tiny.{peer}"), "us", move |_| {
        (0..2).for_each(|_| assert_eq!(ours(1), theirs(1)));
        Ok(Sides::new(
            || microseconds(CALLS, || Ok(ours(black_box(1)))),
            move || microseconds(CALLS, || Ok(theirs(black_box(1)))),
        ))
    })
}

fn vector(peer: &str, mut theirs: impl FnMut(usize) -> Vec<f64> + 'static) -> Row {
    const CALLS: u32 = 100;
    Row::new(format!("memory.1MB.{peer}"), "us", move |_| {
        (0..2).for_each(|_| assert_eq!(our_vector(NUMBERS), theirs(NUMBERS)));
        Ok(Sides::new(
            || microseconds(CALLS, || Ok(our_vector(black_box(NUMBERS)))),
            move || microseconds(CALLS, || Ok(theirs(black_box(NUMBERS)))),
        ))
    })
}
