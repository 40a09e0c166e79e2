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

pub use self::keeper::{AsBytes, AsValue, Keeper, Probe};
use self::kept::Id;
pub(crate) use self::kept::{Form, Kept};
use self::shard::Shard;
use crate::lock::Lock;

const SHARDS: usize = 32;

/// The results that are kept, in at most a number of bytes.
pub(crate) struct Tier {
    shards: [Lock<Shard>; SHARDS],
    bytes: AtomicU64,
    /// The shard that is looked at next for something to drop.
    next: AtomicUsize,
}

impl Default for Tier {
    fn default() -> Self {
        Self {
            shards: std::array::from_fn(|_| Lock::default()),
            bytes: AtomicU64::new(0),
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
    /// The result under `key`, if it is kept. Counts as a use.
    pub(crate) fn get(&self, key: &Key) -> Option<Kept> {
        self.shard(key).lock().get(&id(key))
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
        let replaced = self.shard(key).lock().insert(id(key), kept, function);
        self.bytes.fetch_sub(replaced, Relaxed);
        self.shrink(limit, policy);
    }

    fn shrink(&self, limit: u64, policy: Policy) {
        let mut empty = 0;
        while self.bytes.load(Relaxed) > limit && empty < SHARDS {
            let next = self.next.fetch_add(1, Relaxed) % SHARDS;
            match self.shards[next].lock().drop_least(policy) {
                Some(bytes) => {
                    self.bytes.fetch_sub(bytes, Relaxed);
                    empty = 0;
                }
                None => empty += 1,
            }
        }
    }

    pub(crate) fn remove(&self, key: &Key) {
        let bytes = self.shard(key).lock().remove(&id(key));
        self.bytes.fetch_sub(bytes, Relaxed);
    }

    /// Drops the results of the functions for which `of` is true.
    pub(crate) fn clear(&self, of: impl Fn(&str) -> bool) {
        for shard in &self.shards {
            let bytes = shard.lock().clear(|function| of(function.function()));
            self.bytes.fetch_sub(bytes, Relaxed);
        }
    }

    /// The bytes of all results that are kept.
    #[cfg(test)]
    fn bytes(&self) -> u64 {
        self.bytes.load(Relaxed)
    }

    fn shard(&self, key: &Key) -> &Lock<Shard> {
        // The digest of the call is as good as random.
        &self.shards[usize::from(key.call()[0]) % SHARDS]
    }
}

fn id(key: &Key) -> Id {
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
        assert!(tier.get(&key("f", 200)).is_none() && tier.bytes() == 200, "nothing makes room for it");
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
    fn results_that_are_used_or_expensive_stay_longer_than_others() {
        for (policy, stays) in [(Policy::LeastRecentlyUsed, 32), (Policy::CostAware, 0)] {
            let tier = Tier::default();
            // Both are in one shard.
            tier.keep(&key("f", 0), kept(10, 1000), 20, policy);
            tier.keep(&key("f", 32), kept(10, 1), 20, policy);
            tier.get(&key("f", 32));
            tier.keep(&key("f", 64), kept(10, 500), 20, policy);
            assert!(tier.get(&key("f", stays)).is_some(), "{policy:?}");
        }
    }
}
