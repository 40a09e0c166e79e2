//! A map that only grows, and is read without a lock.
//!
//! For entries that are added once and looked up in every call: even read locks would move their counter between cores. No
//! thread ever waits for another, so after a fork at any moment the map works in the child.

use std::hash::{BuildHasher, Hash};

use once_cell::race::OnceBox;

use crate::quick_hash::QuickBuild;

/// Chains, of which a key belongs to one. A program has some dozens of keys, seldom some hundreds.
const CHAINS: usize = 64;

/// A map from few keys.
pub(crate) struct AppendMap<K, V> {
    chains: [Place<K, V>; CHAINS],
}

/// The next entry of a chain, once there is one.
type Place<K, V> = OnceBox<Entry<K, V>>;

struct Entry<K, V> {
    key: K,
    value: V,
    next: Place<K, V>,
}

impl<K, V> AppendMap<K, V> {
    pub(crate) const fn new() -> Self {
        Self { chains: [const { OnceBox::new() }; CHAINS] }
    }

    /// Every value, in no order.
    pub(crate) fn values(&self) -> impl Iterator<Item = &V> {
        self.chains.iter().flat_map(|chain| {
            std::iter::successors(chain.get(), |entry| entry.next.get()).map(|entry| &entry.value)
        })
    }
}

impl<K: Copy + Eq + Hash, V> AppendMap<K, V> {
    /// The value of `key`: the one that was there first, where several threads add one.
    pub(crate) fn get_or_insert_with(&self, key: K, make: impl Fn() -> V) -> &V {
        let mut place = self.chain(key);
        loop {
            let new = || Box::new(Entry { key, value: make(), next: OnceBox::new() });
            let entry = place.get_or_init(new);
            if entry.key == key {
                return &entry.value;
            }
            place = &entry.next;
        }
    }

    fn chain(&self, key: K) -> &Place<K, V> {
        let hash = QuickBuild::default().hash_one(key);
        &self.chains[(hash >> 32) as usize % CHAINS]
    }
}

impl<K, V> Default for AppendMap<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K, V> std::fmt::Debug for AppendMap<K, V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AppendMap").field("len", &self.values().count()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    #[test]
    fn every_thread_finds_the_value_that_was_there_first() {
        let map = AppendMap::new();
        let found: Vec<Vec<u64>> = thread::scope(|scope| {
            let add = |thread: u64| {
                let map = &map;
                move || (0..500_u64).map(|key| *map.get_or_insert_with(key, || 1000 * key + thread)).collect()
            };
            let threads: Vec<_> = (0..8).map(|thread| scope.spawn(add(thread))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(found.iter().all(|values| *values == found[0]));
        assert_eq!(map.values().count(), 500);
    }
}
