//! The digests of calls that were made before, by what they are made of, so that they are not hashed again.

use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::Hasher;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::lock::Inherited;
use crate::quick_hash::{QuickBuild, QuickHasher};

const SHARDS: usize = 16;
/// Calls that a shard remembers, at most: it then forgets all and begins anew.
const MAX_CALLS: usize = 1024;
/// Calls that a thread remembers, one for each value of a part of their hashes.
const RECENT: usize = 256;

/// The digests of calls, by the encoding of their arguments.
type Shard = Inherited<HashMap<Box<[u8]>, [u8; 16], QuickBuild>>;

/// The digests of a function's calls.
#[derive(Debug)]
pub(crate) struct Memo {
    /// Differs from that of every other function, also of those that are gone.
    id: u64,
    shards: [Shard; SHARDS],
}

/// A call that this thread made a short time ago. It is found without a lock.
#[derive(Clone, Default)]
struct Recent {
    memo: u64,
    encoding: Vec<u8>,
    call: [u8; 16],
}

thread_local! {
    static RECENT_CALLS: RefCell<Vec<Recent>> = const { RefCell::new(Vec::new()) };
}

impl Default for Memo {
    fn default() -> Self {
        /// 0 is that of no function.
        static LAST: AtomicU64 = AtomicU64::new(0);
        Self { id: LAST.fetch_add(1, Relaxed) + 1, shards: Default::default() }
    }
}

impl Memo {
    /// The digest of the call with this encoding, if it was remembered.
    pub(crate) fn get(&self, encoding: &[u8]) -> Option<[u8; 16]> {
        let hash = hash(encoding);
        if let Some(call) = self.recent(hash, encoding) {
            return Some(call);
        }
        let call = *self.shard(hash).lock().get(encoding)?;
        self.note(hash, encoding, call);
        Some(call)
    }

    pub(crate) fn remember(&self, encoding: &[u8], call: [u8; 16]) {
        let hash = hash(encoding);
        self.note(hash, encoding, call);
        let mut calls = self.shard(hash).lock();
        if calls.len() >= MAX_CALLS {
            calls.clear();
        }
        calls.insert(encoding.into(), call);
    }

    fn recent(&self, hash: usize, encoding: &[u8]) -> Option<[u8; 16]> {
        let find = |recent: &RefCell<Vec<Recent>>| {
            let recent = recent.borrow();
            let found = recent.get(hash % RECENT)?;
            (found.memo == self.id && found.encoding == encoding).then_some(found.call)
        };
        // A thread that ends has none left.
        RECENT_CALLS.try_with(find).ok().flatten()
    }

    fn note(&self, hash: usize, encoding: &[u8], call: [u8; 16]) {
        let _ = RECENT_CALLS.try_with(|recent| {
            let mut recent = recent.borrow_mut();
            recent.resize(RECENT, Recent::default());
            let place = &mut recent[hash % RECENT];
            (place.memo, place.call) = (self.id, call);
            place.encoding.clear();
            place.encoding.extend_from_slice(encoding);
        });
    }

    fn shard(&self, hash: usize) -> &Shard {
        &self.shards[(hash / RECENT) % SHARDS]
    }
}

fn hash(encoding: &[u8]) -> usize {
    let mut hasher = QuickHasher::default();
    hasher.write(encoding);
    hasher.finish() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_of_each_function_are_remembered_by_every_thread_and_told_apart() {
        let memos = [Memo::default(), Memo::default()];
        let of =
            |memo: usize, call: u32| [memo as u8, call as u8, (call >> 8) as u8].repeat(6)[..16].to_vec();
        let check = |from: u32| {
            for call in from..1000 {
                for (at, memo) in memos.iter().enumerate() {
                    let found = memo.get(&call.to_le_bytes()).map(Vec::from);
                    assert_eq!(found, Some(of(at, call)), "{at} {call}");
                }
            }
        };
        for call in 0..1000_u32 {
            for (at, memo) in memos.iter().enumerate() {
                assert_eq!(memo.get(&call.to_le_bytes()), None);
                memo.remember(&call.to_le_bytes(), of(at, call).try_into().unwrap());
            }
        }
        check(0);
        std::thread::scope(|scope| (0..2).for_each(|_| _ = scope.spawn(|| (0..2).for_each(|_| check(900)))));
    }
}
