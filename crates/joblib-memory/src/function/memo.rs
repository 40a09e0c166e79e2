//! The digests of calls that were made before, by what they are made of, so that they are not hashed again.

use std::collections::HashMap;

use crate::lock::Inherited;
use crate::quick_hash::QuickBuild;

const SHARDS: usize = 16;
/// Calls that a shard remembers, at most: it then forgets all and begins anew.
const MAX_CALLS: usize = 1024;

/// The digests of calls, by the encoding of their arguments.
type Shard = Inherited<HashMap<Box<[u8]>, [u8; 16], QuickBuild>>;

/// The digests of a function's calls.
#[derive(Debug, Default)]
pub(crate) struct Memo {
    shards: [Shard; SHARDS],
}

impl Memo {
    /// The digest of the call with this encoding, if it was remembered.
    pub(crate) fn get(&self, encoding: &[u8]) -> Option<[u8; 16]> {
        self.shard(encoding).lock().get(encoding).copied()
    }

    pub(crate) fn remember(&self, encoding: &[u8], call: [u8; 16]) {
        let mut calls = self.shard(encoding).lock();
        if calls.len() >= MAX_CALLS {
            calls.clear();
        }
        calls.insert(encoding.into(), call);
    }

    fn shard(&self, encoding: &[u8]) -> &Shard {
        // The last bytes are those of the last argument; a sum of some bytes spreads calls well enough.
        let sum = encoding
            .iter()
            .rev()
            .take(16)
            .fold(0_usize, |sum, byte| sum.wrapping_mul(31) + usize::from(*byte));
        &self.shards[(sum ^ (sum >> 7)) % SHARDS]
    }
}
