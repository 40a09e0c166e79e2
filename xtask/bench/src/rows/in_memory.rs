//! Hits of a function whose results are kept in memory, beside the cache in memory of the crate `cached`.

use std::hint::black_box;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use cached::{Cached as _, UnboundCache};
use joblib_macros::cached;
use joblib_memory::Memory;

use crate::Result;
use crate::measure::seconds;
use crate::row::{Bar, Peer, Row, Sides, Unit};

pub(crate) fn rows() -> Vec<Row> {
    vec![hit().bar(Bar::Under(0.25)), hits_of_threads().bar(Bar::AtMost(0.6))]
}

static MEMORY: LazyLock<Memory> = LazyLock::new(|| {
    // Any name will do.
    Memory::with_backend("in_memory", "benchmark").unwrap_or_else(|_| Memory::none())
});

#[cached(crate = joblib_memory, memory = MEMORY, in_memory)]
fn kept(i: u64) -> u64 {
    i
}

/// The time of a call, in microseconds. One alone takes as long as looking at the clock.
fn of_one(mut call: impl FnMut(u64) -> u64) -> Result<f64> {
    const CALLS: u32 = 1000;
    let calls = || {
        (0..CALLS).for_each(|_| _ = black_box(call(black_box(1))));
        Ok(())
    };
    Ok(1e6 * seconds(50, calls)? / f64::from(CALLS))
}

fn hit() -> Row {
    Row::new("memory.hit.tiny.in_memory", Unit::Microseconds, |_| {
        (0..2).for_each(|_| _ = kept(1));
        // As its macro makes it: a map behind a lock, whose values are cloned.
        let map = Mutex::new(UnboundCache::new());
        Ok(Sides::new(|| of_one(kept)).peer(move || {
            of_one(|i| {
                let mut map = map.lock().unwrap_or_else(PoisonError::into_inner);
                let found: Option<u64> = map.cache_get(&i).copied();
                found.unwrap_or_else(|| {
                    map.cache_set(i, i);
                    i
                })
            })
        }))
    })
    .against(Peer::Named("cached"))
}

/// Hits of many threads beside as many of one.
fn hits_of_threads() -> Row {
    const THREADS: u64 = 16;
    const EACH: u64 = 20_000;
    Row::new("memory.hit.tiny.in_memory.threads", Unit::Milliseconds, |_| {
        (0..2).for_each(|_| (0..THREADS).for_each(|i| _ = kept(i)));
        let hits = |count: u64| (0..count).for_each(|i| _ = black_box(kept(i % THREADS)));
        let timed = |work: &dyn Fn()| {
            let since = Instant::now();
            work();
            Ok(1e3 * since.elapsed().as_secs_f64())
        };
        let threads = move || {
            thread::scope(|scope| (0..THREADS).for_each(|_| _ = scope.spawn(move || hits(EACH))));
        };
        Ok(Sides::new(move || timed(&threads)).peer(move || timed(&|| hits(THREADS * EACH))))
    })
    .against(Peer::Named("one thread"))
}
