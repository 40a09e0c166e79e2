//! The caller's own thread: no threads, no locks, one task after the other as it is produced.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Batch, Call, Capabilities, ParallelBackend, Returned, Session, n_jobs};
use crate::cancel::Waker;
use crate::error::{Error, Result};
use crate::task::run_options::RunOptions;
use crate::task::task_batch::Runnable;

pub(crate) struct Sequential;

impl ParallelBackend for Sequential {
    fn name(&self) -> &'static str {
        "sequential"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            batch_time: Duration::ZERO,
            in_process: true,
            inline: true,
            direct: true,
            other_hosts: false,
            worker_settings: false,
            captures_output: false,
            scoped: true,
        }
    }

    fn effective_n_jobs(&self, n_jobs: i32) -> Result<usize> {
        n_jobs::resolve(n_jobs, 1).map(|_| 1)
    }

    fn open(&self, call: Call) -> Result<Box<dyn Session>> {
        Ok(Box::new(Inline::<Batch>::new(&call)))
    }
}

/// Runs batches on the thread that waits for them, where the engine does not run the tasks itself: on a stack of another
/// size.
pub(crate) struct Inline<B> {
    queue: VecDeque<B>,
    cancelled: bool,
    stack_size: Option<usize>,
}

impl<B> Inline<B> {
    pub(crate) fn new(call: &Call) -> Self {
        Inline { queue: VecDeque::new(), cancelled: false, stack_size: call.stack_size }
    }
}

impl<B: Runnable> Session<B> for Inline<B> {
    fn submit(&mut self, batch: B) -> Result<()> {
        self.queue.push_back(batch);
        Ok(())
    }

    fn wait(&mut self, _until: Option<Instant>, returned: &mut Vec<Returned<B>>) -> Result<()> {
        if let Some(mut batch) = self.queue.pop_front() {
            match self.stack_size {
                _ if self.cancelled => {}
                None => batch.run(RunOptions::default()),
                Some(stack_size) => run_with_stack(stack_size, || batch.run(RunOptions::default()))?,
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

/// Runs `f` on a thread with a stack of this size, while the caller's waits.
fn run_with_stack(stack_size: usize, f: impl FnOnce() + Send) -> Result<()> {
    let failed = |error: std::io::Error| {
        Error::backend(format!("start a thread with a stack of {stack_size} bytes"), Some(error.into()))
    };
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("joblib-0".to_owned()).stack_size(stack_size);
        let thread = thread.spawn_scoped(scope, f).map_err(failed)?;
        // A task's panic is its outcome, so this one is of the crate.
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        Ok(())
    })
}
