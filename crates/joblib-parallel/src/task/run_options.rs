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
    /// Where to write down since when a task runs.
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

/// Since when a thread runs its task, for those who watch its time.
#[derive(Debug, Default)]
pub(crate) struct Running(Mutex<Option<Clock>>);

/// The time of a task.
#[derive(Debug)]
struct Clock {
    since: Instant,
    /// When it was stopped, if it is.
    stopped: Option<Instant>,
}

impl Running {
    /// A task begins.
    pub(crate) fn begin(&self) {
        *lock(&self.0) = Some(Clock { since: Instant::now(), stopped: None });
    }

    pub(crate) fn end(&self) {
        *lock(&self.0) = None;
    }

    /// Since when the task runs; `None` if it has not begun, or its clock is stopped.
    pub(crate) fn since(&self) -> Option<Instant> {
        lock(&self.0).as_ref().filter(|clock| clock.stopped.is_none()).map(|clock| clock.since)
    }
}

impl TaskClock for Running {
    fn panicked(&self, _message: &str) {
        // As before its start: it has all its time before it.
        if let Some(clock) = &mut *lock(&self.0) {
            clock.stopped.get_or_insert_with(Instant::now);
        }
    }

    fn resume(&self) {
        if let Some(clock) = &mut *lock(&self.0)
            && let Some(stopped) = clock.stopped.take()
        {
            clock.since += stopped.elapsed();
        }
    }
}
