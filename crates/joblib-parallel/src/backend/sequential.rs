//! The caller's own thread: no threads, no locks, one task after the other as it is produced.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Batch, Call, Capabilities, ParallelBackend, Returned, Session, n_jobs};
use crate::cancel::Waker;
use crate::error::Result;
use crate::task::batch::Runnable;
use crate::task::run_options::RunOptions;

pub(crate) struct Sequential;

impl ParallelBackend for Sequential {
    fn name(&self) -> &'static str {
        "sequential"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { batch_time: Duration::ZERO, in_process: true, inline: true, worker_settings: false }
    }

    fn effective_n_jobs(&self, n_jobs: i32) -> Result<usize> {
        n_jobs::resolve(n_jobs, 1).map(|_| 1)
    }

    fn open(&self, _call: Call) -> Result<Box<dyn Session>> {
        Ok(Box::new(Inline::<Batch>::default()))
    }
}

/// Runs batches on the thread that waits for them.
pub(crate) struct Inline<B> {
    queue: VecDeque<B>,
    cancelled: bool,
}

impl<B> Default for Inline<B> {
    fn default() -> Self {
        Inline { queue: VecDeque::new(), cancelled: false }
    }
}

impl<B: Runnable> Session<B> for Inline<B> {
    fn submit(&mut self, batch: B) -> Result<()> {
        self.queue.push_back(batch);
        Ok(())
    }

    fn wait(&mut self, _until: Option<Instant>, returned: &mut Vec<Returned<B>>) -> Result<()> {
        if let Some(mut batch) = self.queue.pop_front() {
            if !self.cancelled {
                batch.run(RunOptions::default());
            }
            returned.push(Returned::Batch(batch));
        }
        Ok(())
    }

    fn cancel(&mut self) {
        self.cancelled = true;
    }

    fn waker(&self) -> Waker {
        Arc::new(|| {})
    }
}
