//! What a process has been told of, on the side of the one that told it.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Weak};

use joblib_array::MmapMode;

/// Which memories a process has been told of, and in which mode it maps each, on the side of the one that told it.
pub(crate) struct Known<M> {
    ids: HashMap<u128, (Weak<M>, Option<MmapMode>)>,
    /// From how many on it is looked for those that are gone.
    look_from: usize,
}

/// What goes by an id.
pub(crate) trait Identified {
    fn id(&self) -> u128;
}

impl<M> Default for Known<M> {
    fn default() -> Self {
        Known { ids: HashMap::new(), look_from: 0 }
    }
}

impl<M: Identified> Known<M> {
    /// Remembers `memory`, which the process keeps as bytes where `mode` is `None`, and maps otherwise; returns whether it had
    /// not been told of it, or to map it in another mode.
    pub(crate) fn is_new(&mut self, memory: &Arc<M>, mode: Option<MmapMode>) -> bool {
        let before = self.ids.insert(memory.id(), (Arc::downgrade(memory), mode));
        before.is_none_or(|(_, before)| before != mode)
    }

    /// Those whose array is gone, and which the process can forget.
    pub(crate) fn gone(&mut self) -> Vec<u128> {
        let is_gone = |memory: &Weak<M>| memory.strong_count() == 0;
        let gone: HashSet<u128> =
            self.ids.iter().filter(|(_, (memory, _))| is_gone(memory)).map(|(id, _)| *id).collect();
        self.ids.retain(|id, _| !gone.contains(id));
        // To look costs time for each that is known: so it is done when there are twice as many.
        self.look_from = 2 * self.ids.len();
        gone.into_iter().collect()
    }

    /// As [`gone`](Self::gone), when there may be as many of them as of others; otherwise none.
    pub(crate) fn gone_if_many(&mut self) -> Vec<u128> {
        if self.ids.len() < self.look_from { Vec::new() } else { self.gone() }
    }
}
