//! The engine's batches over a session of a backend that may be from outside of this crate.

use std::time::Instant;

use crate::backend::{Returned, Session};
use crate::cancel::Waker;
use crate::error::Result;
use crate::task::batch::Batch;
use crate::task::task_batch::TaskBatch;

/// Carries the engine's batches over a session of [`Batch`]es.
pub(crate) struct Erased {
    session: Box<dyn Session>,
    returned: Vec<Returned>,
}

impl Erased {
    pub(crate) fn new(session: Box<dyn Session>) -> Self {
        Self { session, returned: Vec::new() }
    }
}

impl Session<TaskBatch<'static>> for Erased {
    fn submit(&mut self, batch: TaskBatch<'static>) -> Result<()> {
        self.session.submit(Batch::new(batch))
    }

    fn wait(
        &mut self,
        until: Option<Instant>,
        returned: &mut Vec<Returned<TaskBatch<'static>>>,
    ) -> Result<()> {
        self.session.wait(until, &mut self.returned)?;
        returned.extend(self.returned.drain(..).map(|item| match item {
            Returned::TimedOut(error) => Returned::TimedOut(error),
            Returned::Batch(batch) => Returned::Batch(batch.into_inner()),
        }));
        Ok(())
    }

    fn cancel(&mut self) {
        self.session.cancel();
    }

    fn waker(&self) -> Waker {
        self.session.waker()
    }

    fn capacity(&self) -> Option<usize> {
        self.session.capacity()
    }
}
