//! Typed batches over a session that does not know their type.

use std::time::Instant;

use crate::backend::{Returned, Session};
use crate::cancel::Waker;
use crate::error::{Error, Result};
use crate::task::Task;
use crate::task::batch::{Batch, TaskBatch};

/// Carries typed batches over a session that does not know their type.
pub(crate) struct Erased(pub(crate) Box<dyn Session>);

impl<T: Task<Output: 'static> + 'static> Session<TaskBatch<T>> for Erased {
    fn submit(&mut self, batch: TaskBatch<T>) -> Result<()> {
        self.0.submit(Batch::new(batch))
    }

    fn wait(&mut self, until: Option<Instant>, returned: &mut Vec<Returned<TaskBatch<T>>>) -> Result<()> {
        let mut erased = Vec::new();
        self.0.wait(until, &mut erased)?;
        for item in erased {
            returned.push(match item {
                Returned::TimedOut(error) => Returned::TimedOut(error),
                Returned::Batch(batch) => Returned::Batch(batch.downcast().ok_or_else(|| {
                    Error::backend(
                        "match a batch to its call: the backend returned one of another call",
                        None,
                    )
                })?),
            });
        }
        Ok(())
    }

    fn cancel(&mut self) {
        self.0.cancel();
    }

    fn waker(&self) -> Waker {
        self.0.waker()
    }

    fn capacity(&self) -> Option<usize> {
        self.0.capacity()
    }
}
