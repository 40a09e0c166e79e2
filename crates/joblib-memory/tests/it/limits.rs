//! Limits on stores as they are: what is kept, and what goes.

use std::thread;
use std::time::Duration;

use joblib_memory::{Limits, Policy};

use crate::stores::memories_alone;

fn work(milliseconds: u64, size: usize) -> Vec<u8> {
    if milliseconds > 0 {
        thread::sleep(Duration::from_millis(milliseconds));
    }
    vec![7; size]
}

#[test]
fn the_cost_aware_policy_keeps_what_was_expensive_per_byte() {
    for (memory, _folder) in memories_alone("limits, cost-aware") {
        let memory = memory.policy(Policy::CostAware).items_limit(12);
        let work = memory.cache("work", work);
        // Dear, and dear for its size only; then many that were cheap and were all used later.
        work.eval((300, 100));
        work.eval((300, 1_000_000));
        for size in 0..40 {
            work.eval((2, 100 + size));
        }
        assert!(memory.items().unwrap().len() <= 12);
        assert!(work.check_call_in_cache((300, 100)), "what was expensive stays, in {memory:?}");
        assert!(!work.check_call_in_cache((300, 1_000_000)), "but not for a lot of bytes, in {memory:?}");
        // By the other policy it would have been the first to go.
        let plain = memory.clone().policy(Policy::LeastRecentlyUsed);
        assert_eq!(plain.limits().policy, Policy::LeastRecentlyUsed);
        assert!(memory.reduce_size(&memory.limits().clone().items_limit(1)).unwrap().items > 0);
        assert!(work.check_call_in_cache((300, 100)), "nor does reducing take it, in {memory:?}");
    }
}

#[test]
fn the_least_recently_used_go_first() {
    for (memory, _folder) in memories_alone("limits, recent") {
        let work = memory.cache("work", work);
        work.eval((0, 1));
        work.eval((0, 2));
        thread::sleep(Duration::from_millis(20));
        work.eval((0, 3));
        thread::sleep(Duration::from_millis(1100));
        work.eval((0, 1));
        memory.reduce_size(&Limits::default().items_limit(2)).unwrap();
        assert!(work.check_call_in_cache((0, 1)), "it was used, in {memory:?}");
        assert!(!work.check_call_in_cache((0, 2)), "in {memory:?}");
        assert!(work.check_call_in_cache((0, 3)), "in {memory:?}");
    }
}

#[test]
fn a_limit_of_bytes_is_a_number_or_a_text() {
    for (memory, _folder) in memories_alone("limits, bytes") {
        let work = memory.cache("work", work);
        for size in 0..10 {
            work.eval((0, 10_000 + size));
        }
        let limits = Limits::default().bytes_limit("40K").unwrap();
        assert_eq!(limits, Limits::default().bytes_limit(40 * 1024).unwrap());
        assert_eq!(memory.reduce_size(&limits).unwrap().items, 7, "in {memory:?}");
        assert_eq!(memory.reduce_size(&Limits::default()).unwrap().items, 0, "no limit, nothing to do");
    }
    let wrong = Limits::default().bytes_limit("fooG").unwrap_err().to_string();
    assert!(wrong.contains("fooG") && wrong.contains("10G"), "{wrong}");
}

#[test]
fn results_of_earlier_code_go_before_all_others() {
    for (memory, _folder) in memories_alone("limits, earlier code") {
        let version = |version| memory.cache("work", work).version(version);
        version(1).eval((0, 1));
        version(2).eval((0, 1));
        version(2).eval((0, 2));
        thread::sleep(Duration::from_millis(1100));
        // The latest use, but of a version that was not stored last.
        version(1).eval((0, 1));
        memory.reduce_size(&Limits::default().items_limit(2)).unwrap();
        assert!(!version(1).check_call_in_cache((0, 1)), "in {memory:?}");
        assert!(version(2).check_call_in_cache((0, 1)), "in {memory:?}");
        assert!(version(2).check_call_in_cache((0, 2)), "in {memory:?}");
    }
}
