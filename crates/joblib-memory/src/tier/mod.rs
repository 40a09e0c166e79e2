//! Results kept in the memory of this process, in front of the store.
//!
//! A result is kept as its value if its type can be cloned and shared by threads, and as its stored
//! bytes otherwise. The keys are spread over shards with a lock each, which is held for a look-up
//! and never while a value is cloned or decoded.

mod keeper;
mod kept;
mod shard;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

use joblib_store::{Key, Policy};

pub(crate) use self::keeper::Shared;
pub use self::keeper::{AsBytes, AsCopy, AsValue, Keeper, Probe};
use self::kept::Id;
pub(crate) use self::kept::{Form, Kept};
use self::shard::{Shard, Slot, Value};
use crate::lock::Inherited;

const SHARDS: usize = 32;
/// How many results are compared to drop one, and how many of them in one shard.
const SAMPLE: usize = 64;
const SAMPLE_OF_A_SHARD: usize = 16;

/// The results that are kept, in at most a number of bytes.
pub(crate) struct Tier {
    shards: [Inherited<Shard>; SHARDS],
    bytes: AtomicU64,
    /// Counts results that were kept: the time by which uses are ordered.
    clock: AtomicU64,
    /// Counts what was dropped: where the next search begins.
    next: AtomicUsize,
}

impl Default for Tier {
    fn default() -> Self {
        Self {
            shards: std::array::from_fn(|_| Inherited::default()),
            bytes: AtomicU64::new(0),
            clock: AtomicU64::new(0),
            next: AtomicUsize::new(0),
        }
    }
}

impl std::fmt::Debug for Tier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tier").field("bytes", &self.bytes.load(Relaxed)).finish_non_exhaustive()
    }
}

impl Tier {
    /// The result, if it is kept, and its metadata where they are wanted. Counts as a use.
    pub(crate) fn get(&self, id: Id, with_metadata: bool) -> Option<Kept> {
        self.with(&id, |kept| kept.share(with_metadata))
    }

    /// What `look` makes of the result, if it is kept. Counts as a use. It must call nobody's code, as a part of the
    /// results is locked meanwhile.
    pub(crate) fn with<R>(&self, id: &Id, look: impl FnOnce(&Kept) -> R) -> Option<R> {
        // Uses after the last result that was kept are later than its keeping, and than all uses before it.
        let time = 2 * self.clock.load(Relaxed) + 1;
        self.shard(id).lock().used(id, time).map(look)
    }

    /// Keeps a result, and drops others until all have at most `limit` bytes. One larger than that
    /// is not kept.
    pub(crate) fn keep(&self, key: &Key, kept: Kept, limit: u64, policy: Policy) {
        self.remove(key);
        if kept.bytes > limit {
            return;
        }
        self.bytes.fetch_add(kept.bytes, Relaxed);
        let function = Arc::clone(key.version());
        let time = 2 * (self.clock.fetch_add(1, Relaxed) + 1);
        let id = id(key);
        let replaced = self.shard(&id).lock().insert(id, kept, function, time);
        self.give_back(replaced);
        self.shrink(limit, policy);
    }

    fn shrink(&self, limit: u64, policy: Policy) {
        while self.bytes.load(Relaxed) > limit {
            let Some((shard, id)) = self.least(policy) else { return };
            let removed = shard.lock().remove(&id);
            self.give_back(removed);
        }
    }

    /// Subtracts the bytes of what was removed, and drops it.
    fn give_back(&self, removed: impl IntoIterator<Item = Slot>) {
        let bytes = removed.into_iter().map(|slot| slot.kept.bytes).sum();
        self.bytes.fetch_sub(bytes, Relaxed);
    }

    /// The result of least value: of all where there are few, and of a sample where there are many.
    fn least(&self, policy: Policy) -> Option<(&Inherited<Shard>, Id)> {
        let turn = self.next.fetch_add(1, Relaxed);
        // Consecutive turns start far apart from each other.
        let start = (turn as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 16;
        let mut seen = 0;
        let mut least: Option<(Value, &Inherited<Shard>, Id)> = None;
        for shard in (0..SHARDS).map(|i| &self.shards[(turn + i) % SHARDS]) {
            let (looked_at, found) = shard.lock().least(policy, start, SAMPLE_OF_A_SHARD);
            if let Some((value, id)) = found
                && least.as_ref().is_none_or(|(other, ..)| value.cmp(other).is_lt())
            {
                least = Some((value, shard, id));
            }
            seen += looked_at;
            if seen >= SAMPLE {
                break;
            }
        }
        least.map(|(_, shard, id)| (shard, id))
    }

    pub(crate) fn remove(&self, key: &Key) {
        let id = id(key);
        let removed = self.shard(&id).lock().remove(&id);
        self.give_back(removed);
    }

    /// Drops the results of the functions for which `of` is true.
    pub(crate) fn clear(&self, of: impl Fn(&str) -> bool) {
        for shard in &self.shards {
            let removed = shard.lock().clear(|function| of(function.function()));
            self.give_back(removed);
        }
    }

    /// The bytes of all results that are kept.
    #[cfg(test)]
    fn bytes(&self) -> u64 {
        self.bytes.load(Relaxed)
    }

    fn shard(&self, (_, call): &Id) -> &Inherited<Shard> {
        // The digest of the call is as good as random.
        &self.shards[usize::from(call[0]) % SHARDS]
    }
}

/// What the result under `key` is found by.
pub(crate) fn id(key: &Key) -> Id {
    (key.version().code(), *key.call())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::metadata::Times;
    use joblib_store::FunctionVersion;
    use std::time::Duration;

    fn key(function: &str, call: u8) -> Key {
        Key::new(&FunctionVersion::new(function, 1, ""), [call; 16])
    }

    fn kept(bytes: u64, seconds: u64) -> Kept {
        let form = Form::Bytes(Arc::from([]));
        Kept { times: Times::now(Duration::from_secs(seconds), 0), metadata: None, form, bytes }
    }

    #[test]
    fn the_bytes_stay_within_the_limit_and_are_given_back() {
        let tier = Tier::default();
        for call in 0..100 {
            tier.keep(&key("f", call), kept(10, 1), 200, Policy::LeastRecentlyUsed);
            assert!(tier.bytes() <= 200);
        }
        assert_eq!(tier.bytes(), 200);
        tier.keep(&key("f", 200), kept(201, 1), 200, Policy::LeastRecentlyUsed);
        assert!(
            tier.get(id(&key("f", 200)), true).is_none() && tier.bytes() == 200,
            "nothing makes room for it"
        );
        tier.clear(|function| function == "f");
        assert_eq!(tier.bytes(), 0);
    }

    #[test]
    fn a_replaced_result_counts_once() {
        let tier = Tier::default();
        for bytes in [10, 20, 5] {
            tier.keep(&key("f", 1), kept(bytes, 1), 100, Policy::LeastRecentlyUsed);
            assert_eq!(tier.bytes(), bytes);
        }
        tier.remove(&key("f", 1));
        tier.remove(&key("f", 1));
        assert_eq!(tier.bytes(), 0);
    }

    #[test]
    fn what_was_used_longest_ago_goes_first_whichever_shard_it_is_in() {
        let tier = Tier::default();
        for call in 0..6 {
            tier.keep(&key("f", call), kept(10, 1), 60, Policy::LeastRecentlyUsed);
        }
        for call in [0, 2, 4] {
            tier.get(id(&key("f", call)), true);
        }
        for call in 6..9 {
            tier.keep(&key("f", call), kept(10, 1), 60, Policy::LeastRecentlyUsed);
        }
        let kept: Vec<u8> = (0..9).filter(|&call| tier.get(id(&key("f", call)), true).is_some()).collect();
        assert_eq!(kept, [0, 2, 4, 6, 7, 8]);
    }

    #[test]
    fn results_that_are_used_or_expensive_stay_longer_than_others() {
        for (policy, stays) in [(Policy::LeastRecentlyUsed, 32), (Policy::CostAware, 0)] {
            let tier = Tier::default();
            // Both are in one shard.
            tier.keep(&key("f", 0), kept(10, 1000), 20, policy);
            tier.keep(&key("f", 32), kept(10, 1), 20, policy);
            tier.get(id(&key("f", 32)), true);
            tier.keep(&key("f", 64), kept(10, 500), 20, policy);
            assert!(tier.get(id(&key("f", stays)), true).is_some(), "{policy:?}");
        }
    }
}
