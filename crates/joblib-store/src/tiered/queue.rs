//! The results that are to be uploaded.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::job::Job;
use crate::key::Key;

/// Results that are to be uploaded.
#[derive(Debug, Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    /// A key was added, taken or uploaded.
    pub(super) changed: Condvar,
    /// How many of the results which wait are large.
    pub(super) large: Arc<AtomicUsize>,
}

/// What is to be done, and by whom.
#[derive(Default)]
pub(super) struct State {
    pub(super) waiting: VecDeque<Job>,
    /// What is being uploaded.
    pub(super) uploading: Vec<Key>,
    pub(super) threads: usize,
    /// Of them, those without work.
    pub(super) idle: usize,
    /// The first failure since the last flush.
    pub(super) failed: Option<String>,
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} waiting, {} uploading", self.waiting.len(), self.uploading.len())
    }
}

impl Queue {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn changed<'a>(
        &self,
        state: MutexGuard<'a, State>,
        longest: Duration,
    ) -> MutexGuard<'a, State> {
        self.changed.wait_timeout(state, longest).unwrap_or_else(PoisonError::into_inner).0
    }

    /// Waits until nothing is left to upload, or for `longest`. Returns the first failure since it was called before.
    pub(super) fn wait(&self, longest: Option<Duration>) -> Result<(), String> {
        /// Threads wake those who wait; this is for the case that one died.
        const LOOK_AGAIN: Duration = Duration::from_secs(1);
        let since = Instant::now();
        let mut state = self.lock();
        while !(state.waiting.is_empty() && state.uploading.is_empty()) {
            if longest.is_some_and(|longest| since.elapsed() >= longest) {
                return Err(format!("{state:?} after {longest:?}"));
            }
            state = self.changed(state, LOOK_AGAIN);
        }
        state.failed.take().map_or(Ok(()), Err)
    }
}
