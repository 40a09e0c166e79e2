//! What the runner of a batch looks at between two tasks, and what others see of it.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use crate::sync::lock;

/// What the runner of a batch looks at between two tasks.
#[derive(Clone, Copy, Default)]
pub(crate) struct RunOptions<'a> {
    /// Set to divide the batch when other workers have nothing to do.
    pub(crate) sharing: Option<&'a WorkSharing>,
    /// Where to write down which task runs since when.
    pub(crate) running: Option<&'a Running>,
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
pub(crate) struct Running(Mutex<Option<(usize, Instant)>>);

impl Running {
    pub(crate) fn set(&self, task: Option<(usize, Instant)>) {
        *lock(&self.0) = task;
    }

    pub(crate) fn get(&self) -> Option<(usize, Instant)> {
        *lock(&self.0)
    }
}
