//! What the runner of a batch looks at between two tasks, and what others see of it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use super::clock::TaskClock;
use crate::sync::lock;

/// What the runner of a batch looks at between two tasks.
#[derive(Clone, Copy, Default)]
pub(crate) struct RunOptions<'a> {
    /// Set to divide the batch when other workers have nothing to do.
    pub(crate) sharing: Option<&'a WorkSharing>,
    /// Where to write down which task runs since when.
    pub(crate) running: Option<&'a Arc<Running>>,
}

/// How much work is left to take, as the workers see it.
#[derive(Debug)]
pub(crate) struct WorkSharing {
    /// Batches that no worker has begun.
    pub(crate) queued: AtomicUsize,
    /// Workers that have a batch.
    pub(crate) active: AtomicUsize,
    pub(crate) workers: usize,
}

impl WorkSharing {
    /// Whether a worker is idle while the queue is empty.
    // `Relaxed` is enough: a count that is out of date costs a needless or a late division, and nothing else.
    #[inline]
    pub(crate) fn idle_workers(&self) -> bool {
        self.queued.load(Ordering::Relaxed) == 0 && self.active.load(Ordering::Relaxed) < self.workers
    }
}

/// Which task a thread runs, for those who watch its time.
#[derive(Debug, Default)]
pub(crate) struct Running(Mutex<Option<(usize, Option<Instant>)>>);

impl Running {
    pub(crate) fn begin(&self, index: usize) {
        *lock(&self.0) = Some((index, Some(Instant::now())));
    }

    pub(crate) fn end(&self) {
        *lock(&self.0) = None;
    }

    /// Since when the task runs; `None` if it has not begun, or its clock is stopped.
    pub(crate) fn since(&self) -> Option<Instant> {
        lock(&self.0).and_then(|(_, since)| since)
    }
}

impl TaskClock for Running {
    fn panicked(&self, _message: &str) {
        // As before its start: it has all its time before it.
        if let Some((_, since)) = &mut *lock(&self.0) {
            *since = None;
        }
    }

    fn restart(&self) {
        if let Some((_, since)) = &mut *lock(&self.0) {
            *since = Some(Instant::now());
        }
    }
}
