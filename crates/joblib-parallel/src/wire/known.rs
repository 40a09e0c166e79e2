//! What a process has been told of, on the side of the one that told it.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Weak};

use joblib_array::MmapMode;

/// Which memories a process has been told of, and in which mode it maps each, on the side of the one that told it.
pub(crate) struct Known<M> {
    ids: HashMap<u128, Told<M>>,
    /// From how many on it is looked for those that are gone.
    look_from: usize,
}

/// What a process was told of an id.
struct Told<M> {
    /// All that go by the id: as long as one of them is there, it is not gone.
    memories: Vec<Weak<M>>,
    mode: Option<MmapMode>,
}

/// What goes by an id.
pub(crate) trait Identified {
    fn id(&self) -> u128;

    /// Whether nobody will use it, although it is there: it was for a call that is over.
    fn is_over(&self) -> bool;
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
        let Some(told) = self.ids.get_mut(&memory.id()) else {
            self.ids.insert(memory.id(), Told { memories: vec![Arc::downgrade(memory)], mode });
            return true;
        };
        if !told.memories.iter().any(|known| Weak::as_ptr(known) == Arc::as_ptr(memory)) {
            told.memories.retain(|known| known.strong_count() > 0);
            told.memories.push(Arc::downgrade(memory));
        }
        std::mem::replace(&mut told.mode, mode) != mode
    }

    /// Those whose array is gone, and which the process can forget.
    pub(crate) fn gone(&mut self) -> Vec<u128> {
        let is_gone = |memory: &Weak<M>| memory.upgrade().is_none_or(|memory| memory.is_over());
        let is_gone = |told: &Told<M>| told.memories.iter().all(is_gone);
        let gone: HashSet<u128> =
            self.ids.iter().filter(|(_, told)| is_gone(told)).map(|(id, _)| *id).collect();
        self.ids.retain(|id, _| !gone.contains(id));
        // To look costs time for each that is known: so it is done when there are twice as many.
        self.look_from = 2 * self.ids.len();
        gone.into_iter().collect()
    }

    /// As [`gone`](Self::gone), when there may be as many of them as of others; otherwise none.
    pub(crate) fn gone_if_many(&mut self) -> Vec<u128> {
        if self.ids.len() < self.look_from { Vec::new() } else { self.gone() }
    }

    /// Takes in that the process has lost a memory.
    #[cfg(feature = "cluster")]
    pub(crate) fn forget(&mut self, id: u128) {
        self.ids.remove(&id);
    }
}
