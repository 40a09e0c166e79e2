//! What a process knows of how much the store holds.

use std::time::Instant;

use super::notes::Change;
use crate::process_lock::{AfterFork, ProcessLock};
use crate::usage::Usage;

/// What this process knows of the total.
#[derive(Debug)]
pub(super) struct Total {
    pub(super) state: ProcessLock<Known>,
}

/// The total when it was last looked at.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) looked: Option<Instant>,
    /// Everything that was counted or noted when it looked.
    pub(super) usage: Usage,
    /// When everything was last looked at, in microseconds since 1970.
    pub(super) swept: u64,
}

impl Default for Total {
    fn default() -> Self {
        Self { state: ProcessLock::new(AfterFork::Inherit) }
    }
}

impl Total {
    /// Counts what this process has just written to its notes.
    pub(super) fn noted(&self, change: Change) {
        let mut state = self.state.lock();
        state.usage = change.applied_to(state.usage);
    }
}
