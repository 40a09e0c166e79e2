//! A part of the kept results, behind one lock.

use std::collections::HashMap;
use std::sync::Arc;

use joblib_store::{FunctionVersion, Policy};

use super::kept::{Id, Kept};
use crate::quick_hash::QuickBuild;

#[derive(Default)]
pub(super) struct Shard {
    slots: HashMap<Id, Slot, QuickBuild>,
    /// Counts uses, to tell which result was used last.
    uses: u64,
}

/// A kept result, the function it is of, and when it was used last.
struct Slot {
    kept: Kept,
    function: Arc<FunctionVersion>,
    used: u64,
}

impl Shard {
    pub(super) fn get(&mut self, id: &Id) -> Option<Kept> {
        let slot = self.slots.get_mut(id)?;
        self.uses += 1;
        slot.used = self.uses;
        Some(slot.kept.clone())
    }

    /// Returns the bytes of what was replaced.
    pub(super) fn insert(&mut self, id: Id, kept: Kept, function: Arc<FunctionVersion>) -> u64 {
        self.uses += 1;
        let slot = Slot { kept, function, used: self.uses };
        self.slots.insert(id, slot).map_or(0, |slot| slot.kept.bytes)
    }

    /// Returns the bytes of what was dropped.
    pub(super) fn remove(&mut self, id: &Id) -> u64 {
        self.slots.remove(id).map_or(0, |slot| slot.kept.bytes)
    }

    /// Drops what the policy values least. Returns its bytes; `None` if there is nothing.
    pub(super) fn drop_least(&mut self, policy: Policy) -> Option<u64> {
        let per_byte = |slot: &Slot| slot.kept.times.duration().as_secs_f64() / slot.kept.bytes.max(1) as f64;
        let least = self.slots.iter().min_by(|(_, left), (_, right)| {
            let by_use = left.used.cmp(&right.used);
            match policy {
                Policy::CostAware => per_byte(left).total_cmp(&per_byte(right)).then(by_use),
                _ => by_use,
            }
        });
        let id = *least?.0;
        Some(self.remove(&id))
    }

    /// Drops the results of functions for which `of` is true. Returns their bytes.
    pub(super) fn clear(&mut self, of: impl Fn(&FunctionVersion) -> bool) -> u64 {
        let mut bytes = 0;
        self.slots.retain(|_, slot| {
            let goes = of(&slot.function);
            bytes += if goes { slot.kept.bytes } else { 0 };
            !goes
        });
        bytes
    }
}
