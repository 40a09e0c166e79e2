//! Results kept in the memory of this process, in front of the store.
//!
//! A result is kept as its value if its type can be cloned and shared by threads, and as its stored
//! bytes otherwise. The keys are spread over shards with a lock each, which is held for a look-up
//! and never while a value is cloned or decoded. Small values that are copied are found without a
//! lock by the threads that took them a short time ago.

mod keeper;
mod kept;
mod recent;
mod shard;

use std::sync::Arc;
use std::sync::atomic::{
    AtomicU64, AtomicUsize,
    Ordering::{Acquire, Relaxed, Release},
};

use joblib_store::{Key, Policy};

pub(crate) use self::keeper::Shared;
pub use self::keeper::{AsBytes, AsCopy, AsValue, Keeper, Probe};
use self::kept::Id;
pub(crate) use self::kept::{Form, Kept};
use self::recent::Moment;
use self::shard::{Shard, Slot, Value};
use crate::lock::Inherited;

const SHARDS: usize = 32;
/// How many results are compared to drop one, and how many of them in one shard.
const SAMPLE: usize = 64;
const SAMPLE_OF_A_SHARD: usize = 16;

/// The results that are kept, in at most a number of bytes.
pub(crate) struct Tier {
    /// Differs from that of every other tier, also of those that are gone.
    number: u64,
    parts: [Part; SHARDS],
    bytes: AtomicU64,
    /// Counts results that were kept: the time by which uses are ordered.
    clock: AtomicU64,
    /// Counts what was dropped: where the next search begins.
    next: AtomicUsize,
}

/// A shard, in cache lines of its own.
#[derive(Default)]
#[repr(align(128))]
struct Part {
    shard: Inherited<Shard>,
    /// Counts what was kept in it and removed from it.
    changes: AtomicU64,
}

impl Part {
    fn look<R>(&self, look: impl FnOnce(&mut Shard) -> R) -> R {
        look(&mut self.shard.lock())
    }

    fn change<R>(&self, change: impl FnOnce(&mut Shard) -> R) -> R {
        let mut shard = self.shard.lock();
        // Threads that have a result of it must look again from here on.
        self.changes.fetch_add(1, Release);
        change(&mut shard)
    }
}

impl Default for Tier {
    fn default() -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        Self {
            number: LAST.fetch_add(1, Relaxed) + 1,
            parts: std::array::from_fn(|_| Part::default()),
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
        let time = self.time();
        self.part(&id).look(|shard| Some(shard.used(&id, time)?.share(with_metadata)))
    }

    /// What `look` makes of the result, if it is kept as a value whose bytes are copied. Counts as a use. It must call
    /// nobody's code.
    pub(crate) fn with_copy<R>(&self, id: &Id, look: &mut dyn FnMut(&Kept) -> R) -> Option<R> {
        let part = self.part(id);
        let moment = Moment { tier: self.number, changes: part.changes.load(Acquire), time: self.time() };
        if let Some(made) = recent::with(moment, id, look) {
            return Some(made);
        }
        let (kept, changes) = part.look(|shard| {
            let kept = shard.used(id, moment.time)?.share(false);
            Some((kept, part.changes.load(Relaxed)))
        })?;
        recent::note(Moment { changes, ..moment }, *id, &kept);
        Some(look(&kept))
    }

    /// The time of a use: later than the last result was kept, and than all uses before that.
    fn time(&self) -> u64 {
        2 * self.clock.load(Relaxed) + 1
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
        let replaced = self.part(&id).change(|shard| shard.insert(id, kept, function, time));
        self.give_back(replaced);
        self.shrink(limit, policy);
    }

    fn shrink(&self, limit: u64, policy: Policy) {
        while self.bytes.load(Relaxed) > limit {
            let Some((part, id)) = self.least(policy) else { return };
            let removed = part.change(|shard| shard.remove(&id));
            self.give_back(removed);
        }
    }

    /// Subtracts the bytes of what was removed, and drops it.
    fn give_back(&self, removed: impl IntoIterator<Item = Slot>) {
        let bytes = removed.into_iter().map(|slot| slot.kept.bytes).sum();
        self.bytes.fetch_sub(bytes, Relaxed);
    }

    /// The result of least value: of all where there are few, and of a sample where there are many.
    fn least(&self, policy: Policy) -> Option<(&Part, Id)> {
        let turn = self.next.fetch_add(1, Relaxed);
        // Consecutive turns start far apart from each other.
        let start = (turn as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 16;
        let mut seen = 0;
        let mut least: Option<(Value, &Part, Id)> = None;
        for part in (0..SHARDS).map(|i| &self.parts[(turn + i) % SHARDS]) {
            let (looked_at, found) = part.look(|shard| shard.least(policy, start, SAMPLE_OF_A_SHARD));
            if let Some((value, id)) = found
                && least.as_ref().is_none_or(|(other, ..)| value.cmp(other).is_lt())
            {
                least = Some((value, part, id));
            }
            seen += looked_at;
            if seen >= SAMPLE {
                break;
            }
        }
        least.map(|(_, part, id)| (part, id))
    }

    pub(crate) fn remove(&self, key: &Key) {
        let id = id(key);
        let removed = self.part(&id).change(|shard| shard.remove(&id));
        self.give_back(removed);
    }

    /// Drops the results of the functions for which `of` is true.
    pub(crate) fn clear(&self, of: impl Fn(&str) -> bool) {
        for part in &self.parts {
            let removed = part.change(|shard| shard.clear(|function| of(function.function())));
            self.give_back(removed);
        }
    }

    /// The bytes of all results that are kept.
    #[cfg(test)]
    fn bytes(&self) -> u64 {
        self.bytes.load(Relaxed)
    }

    fn part(&self, (_, call): &Id) -> &Part {
        // The digest of the call is as good as random.
        &self.parts[usize::from(call[0]) % SHARDS]
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
    fn a_copy_that_a_thread_took_before_is_not_taken_once_it_is_replaced_or_removed() {
        let tier = Tier::default();
        let other = Tier::default();
        let id = id(&key("f", 1));
        let seconds = |tier: &Tier| tier.with_copy(&id, &mut |kept| kept.times.duration().as_secs());
        let keep = |seconds| tier.keep(&key("f", 1), kept(10, seconds), 20, Policy::LeastRecentlyUsed);
        let (asked, ask) = std::sync::mpsc::channel::<()>();
        let (told, tell) = std::sync::mpsc::channel();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for () in ask {
                    told.send((seconds(&tier), seconds(&tier))).unwrap();
                }
            });
            let check = |expected: Option<u64>| {
                asked.send(()).unwrap();
                assert_eq!((seconds(&tier), seconds(&tier)), (expected, expected));
                assert_eq!(tell.recv().unwrap(), (expected, expected));
                assert_eq!(seconds(&other), None);
            };
            check(None);
            keep(1);
            check(Some(1));
            keep(2);
            check(Some(2));
            tier.remove(&key("f", 1));
            check(None);
            keep(3);
            check(Some(3));
            tier.clear(|_| true);
            check(None);
            keep(4);
            check(Some(4));
            for call in [2, 3] {
                tier.keep(&key("f", call), kept(10, 1), 20, Policy::LeastRecentlyUsed);
            }
            check(None);
            drop(asked);
        });
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
