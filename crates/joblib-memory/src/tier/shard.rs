//! A part of the kept results, behind one lock.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use joblib_store::{FunctionVersion, Policy};

use super::kept::{Id, Kept};
use crate::quick_hash::QuickBuild;

/// The slots are in a list beside their index, so that a few of them can be looked at in a large shard.
#[derive(Default)]
pub(super) struct Shard {
    index: HashMap<Id, usize, QuickBuild>,
    slots: Vec<(Id, Slot)>,
    /// Counts uses, to order those of one time.
    uses: u64,
}

/// A kept result, the function it is of, and when it was used last.
pub(super) struct Slot {
    pub(super) kept: Kept,
    function: Arc<FunctionVersion>,
    used: Use,
}

/// The time of the tier at which a result was used, and the uses of the shard until then.
type Use = (u64, u64);

/// How much a policy values a result; the least is dropped first.
#[derive(Debug, Clone, Copy)]
pub(super) struct Value {
    /// Seconds of computing per byte, where the policy asks for them.
    cost: f64,
    used: Use,
}

impl Value {
    pub(super) fn cmp(&self, other: &Self) -> Ordering {
        self.cost.total_cmp(&other.cost).then(self.used.cmp(&other.used))
    }

    fn of(slot: &Slot, policy: Policy) -> Self {
        let cost = match policy {
            Policy::CostAware => slot.kept.times.duration().as_secs_f64() / slot.kept.bytes.max(1) as f64,
            _ => 0.0,
        };
        Self { cost, used: slot.used }
    }
}

impl Shard {
    /// The result, which is used at this time.
    pub(super) fn used(&mut self, id: &Id, time: u64) -> Option<&Kept> {
        let (_, slot) = &mut self.slots[*self.index.get(id)?];
        // The use after its last one needs no note, and threads read it without passing it on.
        if slot.used != (time, self.uses) {
            self.uses += 1;
            slot.used = (time, self.uses);
        }
        Some(&slot.kept)
    }

    /// Returns what was replaced. A value is dropped by the caller, without the lock: its destructor may call anything.
    pub(super) fn insert(
        &mut self,
        id: Id,
        kept: Kept,
        function: Arc<FunctionVersion>,
        time: u64,
    ) -> Option<Slot> {
        self.uses += 1;
        let slot = Slot { kept, function, used: (time, self.uses) };
        if let Some(&place) = self.index.get(&id) {
            return Some(std::mem::replace(&mut self.slots[place].1, slot));
        }
        self.index.insert(id, self.slots.len());
        self.slots.push((id, slot));
        None
    }

    pub(super) fn remove(&mut self, id: &Id) -> Option<Slot> {
        let place = self.index.remove(id)?;
        let (_, slot) = self.slots.swap_remove(place);
        if let Some((moved, _)) = self.slots.get(place) {
            self.index.insert(*moved, place);
        }
        Some(slot)
    }

    /// The result of least value among `most` of them, from the `start`th on, and how many were looked at.
    pub(super) fn least(&self, policy: Policy, start: u64, most: usize) -> (usize, Option<(Value, Id)>) {
        let len = self.slots.len();
        let first = usize::try_from(start % len.max(1) as u64).unwrap_or(0);
        let places = (first..len).chain(0..first).take(most);
        let values = places.map(|place| (Value::of(&self.slots[place].1, policy), self.slots[place].0));
        (len.min(most), values.min_by(|(left, _), (right, _)| left.cmp(right)))
    }

    /// Removes the results of functions for which `of` is true.
    pub(super) fn clear(&mut self, of: impl Fn(&FunctionVersion) -> bool) -> Vec<Slot> {
        let going: Vec<Id> =
            self.slots.iter().filter(|(_, slot)| of(&slot.function)).map(|(id, _)| *id).collect();
        going.iter().filter_map(|id| self.remove(id)).collect()
    }
}
