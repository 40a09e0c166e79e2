//! The caller's own thread: no threads, no locks, one task after the other as it is produced.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Batch, Call, ParallelBackend, Returned, Session, Traits};
use crate::batch::{Control, Runnable, TaskBatch};
use crate::cancel::Waker;
use crate::engine::Carrier;
use crate::error::Result;
use crate::task::Task;

pub(crate) struct Sequential;

impl ParallelBackend for Sequential {
    fn name(&self) -> &'static str {
        "sequential"
    }

    fn traits(&self) -> Traits {
        Traits { batch_time: Duration::ZERO, in_process: true, inline: true, worker_settings: false }
    }

    fn effective_n_jobs(&self, n_jobs: i32) -> Result<usize> {
        crate::n_jobs::resolve(n_jobs, 1).map(|_| 1)
    }

    fn open(&self, _call: Call) -> Result<Box<dyn Session>> {
        Ok(Box::new(Inline::<Batch>::default()))
    }
}

/// Batches that wait for the caller to wait for them.
pub(crate) struct Inline<B> {
    queue: VecDeque<B>,
    cancelled: bool,
}

impl<B> Default for Inline<B> {
    fn default() -> Self {
        Inline { queue: VecDeque::new(), cancelled: false }
    }
}

impl<B: Runnable> Inline<B> {
    fn run_next(&mut self, returned: &mut Vec<Returned<B>>) {
        if let Some(mut batch) = self.queue.pop_front() {
            if !self.cancelled {
                batch.run(Control::default());
            }
            returned.push(Returned::Batch(batch));
        }
    }
}

impl Session for Inline<Batch> {
    fn submit(&mut self, batch: Batch) -> Result<()> {
        self.queue.push_back(batch);
        Ok(())
    }

    fn wait(&mut self, _until: Option<Instant>, returned: &mut Vec<Returned>) -> Result<()> {
        self.run_next(returned);
        Ok(())
    }

    fn cancel(&mut self) {
        self.cancelled = true;
    }

    fn waker(&self) -> Waker {
        Arc::new(|| {})
    }
}

impl<T: Task> Carrier<T> for Inline<TaskBatch<T>> {
    fn submit(&mut self, batch: TaskBatch<T>) -> Result<()> {
        self.queue.push_back(batch);
        Ok(())
    }

    fn wait(&mut self, _until: Option<Instant>, returned: &mut Vec<Returned<TaskBatch<T>>>) -> Result<()> {
        self.run_next(returned);
        Ok(())
    }

    fn cancel(&mut self) {
        self.cancelled = true;
    }

    fn waker(&self) -> Waker {
        Arc::new(|| {})
    }
}
