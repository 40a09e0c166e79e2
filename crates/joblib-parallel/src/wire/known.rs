//! What a process has been told of, on the side of the one that told it.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Weak};

/// Which memories a process has been told of, on the side of the one that told it.
pub(crate) struct Known<M> {
    ids: HashMap<u128, Weak<M>>,
}

/// What goes by an id.
pub(crate) trait Identified {
    fn id(&self) -> u128;
}

impl<M> Default for Known<M> {
    fn default() -> Self {
        Known { ids: HashMap::new() }
    }
}

impl<M: Identified> Known<M> {
    /// Remembers `memory`; returns whether the process had not been told of it.
    pub(crate) fn is_new(&mut self, memory: &Arc<M>) -> bool {
        self.ids.insert(memory.id(), Arc::downgrade(memory)).is_none()
    }

    /// Those whose array is gone, and which the process can forget.
    pub(crate) fn gone(&mut self) -> Vec<u128> {
        let gone: HashSet<u128> =
            self.ids.iter().filter(|(_, memory)| memory.strong_count() == 0).map(|(id, _)| *id).collect();
        self.ids.retain(|id, _| !gone.contains(id));
        gone.into_iter().collect()
    }
}
