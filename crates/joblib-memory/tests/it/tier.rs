//! Results kept in the memory of the process, in front of every store.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use joblib_memory::{Limits, Memory, Policy};

use crate::stores::memories;

fn in_memory(memory: &Memory) -> u64 {
    memory.stats().hits_in_memory
}

#[test]
fn a_hit_from_the_store_is_the_last_one_that_asks_it() {
    for (memory, _folder) in memories("tier, filled") {
        let memory = memory.keep_in_memory("10M");
        let squares = memory.cache("squares", |n: u64| (0..n).map(|x| x * x).collect::<Vec<_>>());
        for (hits, of_memory) in [(0, 0), (1, 0), (2, 1), (3, 2)] {
            assert_eq!(squares.eval((100,)).len(), 100);
            assert_eq!((memory.stats().hits, in_memory(&memory)), (hits, of_memory), "in {memory:?}");
        }
        assert_eq!(squares.eval((101,)).len(), 101, "other arguments are another result");
        assert_eq!(memory.stats().misses, 2);
    }
}

#[test]
fn what_is_cleared_or_computed_anew_is_not_found_in_memory() {
    for (memory, _folder) in memories("tier, cleared") {
        let memory = memory.keep_in_memory("10M");
        let runs = AtomicUsize::new(0);
        let count = memory.cache("count", |_: u8| runs.fetch_add(1, Ordering::SeqCst)).captures(());
        let filled = |expected| {
            (0..3).for_each(|_| assert_eq!(count.eval((1,)), expected, "in {memory:?}"));
        };
        filled(0);
        count.clear().unwrap();
        filled(1);
        memory.clear().unwrap();
        filled(2);
        count.call_and_shelve((1,)).clear().unwrap();
        filled(3);
        assert_eq!(count.call((1,)), 4);
        filled(4);
        memory.cache("other", |x: u8| x).clear().unwrap();
        filled(4);
        memory.flush().unwrap();
        memory.reduce_size(&Limits::default().items_limit(0)).unwrap();
        let before = in_memory(&memory);
        // It is computed, or found in a store behind.
        assert_eq!(count.eval((1,)), if memory.stats().tiers.is_empty() { 5 } else { 4 }, "in {memory:?}");
        assert_eq!(in_memory(&memory), before);
    }
}

#[test]
fn expiry_and_validation_hold_for_what_is_kept() {
    for (memory, _folder) in memories("tier, validated") {
        let memory = memory.keep_in_memory("10M");
        let runs = AtomicUsize::new(0);
        let count = memory.cache("count", |_: u8| runs.fetch_add(1, Ordering::SeqCst)).captures(());
        (0..3).for_each(|_| assert_eq!(count.eval((1,)), 0));
        assert!(in_memory(&memory) > 0);
        let picky = count.clone().cache_validation_callback(|metadata| {
            assert_eq!(metadata.arguments()[0].text(), Some("1"));
            false
        });
        assert_eq!(picky.eval((1,)), 1, "rejected, in {memory:?}");
        let expired = count.clone().expires_after(Duration::ZERO);
        assert_eq!(expired.eval((1,)), 2, "expired, in {memory:?}");
        assert_eq!(count.eval((1,)), 2, "in {memory:?}");
    }
}

#[test]
fn no_more_is_kept_than_there_is_room_for() {
    for policy in [Policy::LeastRecentlyUsed, Policy::CostAware] {
        for (memory, _folder) in memories(&format!("tier, limited {policy:?}")) {
            let memory = memory.policy(policy).keep_in_memory("100K");
            let bytes = memory.cache("bytes", |n: u8| vec![n; 10_000]);
            for _ in 0..3 {
                (0..30).for_each(|n| assert_eq!(bytes.eval((n,)), vec![n; 10_000]));
            }
            let large = memory.cache("large", |n: u8| vec![n; 200_000]);
            (0..3).for_each(|_| assert_eq!(large.eval((1,)).len(), 200_000));
            let stats = memory.stats();
            assert!(stats.hits_in_memory < stats.hits, "some had to be read again, in {memory:?}");
            let large = stats.functions.iter().find(|function| function.function == "large").unwrap();
            assert_eq!((large.hits, large.hits_in_memory), (2, 0), "it has no room, in {memory:?}");
        }
    }
}

#[test]
fn threads_share_what_is_kept() {
    for (memory, _folder) in memories("tier, threads") {
        let memory = memory.keep_in_memory("1M");
        let square = memory.cache("square", |x: u64| x * x);
        (0..2).for_each(|_| (0..100).for_each(|x| assert_eq!(square.eval((x,)), x * x)));
        thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| (0..250).for_each(|x| assert_eq!(square.eval((x % 100,)), (x % 100).pow(2))));
            }
        });
        assert_eq!((memory.stats().misses, in_memory(&memory)), (100, 4000), "in {memory:?}");
    }
}

#[test]
fn threads_get_right_results_while_others_clear_and_room_is_short() {
    for (memory, _folder) in memories("tier, threads that clear") {
        let memory = memory.keep_in_memory("20K").waiting_time(Duration::from_mins(1));
        let bytes = memory.cache("bytes", |n: u8| vec![n; 1000]);
        let picky =
            bytes.clone().cache_validation_callback(|metadata| metadata.arguments()[0].text() != Some("7"));
        thread::scope(|scope| {
            for thread in 0..16_u8 {
                let (bytes, picky, memory) = (&bytes, &picky, &memory);
                scope.spawn(move || {
                    for step in 0..40_u8 {
                        let n = step.wrapping_mul(7).wrapping_add(thread) % 40;
                        let cached = if thread % 4 == 1 { picky } else { bytes };
                        assert_eq!(cached.eval((n,)), vec![n; 1000], "in {memory:?}");
                        match (thread, step % 10) {
                            (0, 9) => _ = bytes.clear().unwrap(),
                            (1, 9) => _ = memory.clear().unwrap(),
                            (2, 9) => _ = memory.reduce_size(&Limits::default().items_limit(5)).unwrap(),
                            _ => {}
                        }
                    }
                });
            }
        });
        assert!(memory.stats().hits > 0);
    }
}

#[test]
fn a_size_that_is_not_valid_is_an_error_of_the_option() {
    let error = Memory::none().keep_in_memory("lots").checked().unwrap_err();
    assert!(error.is_invalid_option() && error.to_string().contains("lots"), "{error}");
}
