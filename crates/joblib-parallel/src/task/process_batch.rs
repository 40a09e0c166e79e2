//! What a session of worker processes needs of a batch.

use std::time::Duration;

use crate::error::Cause;
use crate::wire::arrays::{Arrays, Sender};
use crate::wire::reply::Outcomes;

/// A batch whose tasks a worker process can run: the engine's [`Batch`](crate::backend::Batch), or one of which only
/// the bytes are here.
pub(crate) trait ProcessBatch: Send + Sized {
    /// The index of its first task that has not run.
    fn next_index(&self) -> usize;

    /// The number of its tasks that have not run.
    fn pending(&self) -> usize;

    /// Cuts off the tasks after the first `keep` that have not run.
    fn split_off(&mut self, keep: usize) -> Self;

    /// Records why the first task that has not run could not finish.
    fn break_first(&mut self, cause: Cause, worker: &str);

    /// Appends its tasks in the form that a worker process of the same executable reads. On failure, says which of its
    /// tasks can't be encoded, counted from the first that has not run, and why.
    fn encode(&self, out: &mut Vec<u8>, sender: &Sender) -> Result<(), (usize, String)>;

    /// Takes the outcomes of the next tasks; `None` if they are malformed, or more than there are tasks.
    fn accept(&mut self, outcomes: Outcomes<'_>, arrays: Arrays<'_>, worker: &str) -> Option<()>;

    /// Says how long its tasks kept a worker busy, and how large their message was.
    fn add_cost(&mut self, busy: Duration, bytes: usize);

    /// Whether one of its tasks may have ended a worker, so that each is to run alone.
    fn is_suspect(&self) -> bool;

    /// Has each of its tasks run alone from now on.
    fn set_suspect(&mut self);
}
