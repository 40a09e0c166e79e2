//! Batches: what travels between the engine and a backend.
//!
//! A backend sees only a [`Batch`], of tasks that borrow nothing: it can be run here, or (see the worker modules) encoded, and
//! filled from a reply.

use std::fmt;
use std::time::Duration;

use super::name::readable;
use super::process_batch::ProcessBatch;
use super::run_options::RunOptions;
use super::task_batch::{Runnable, TaskBatch};
use crate::error::{Cause, TaskError};
use crate::wire::arrays::{Arrays, Sender};
use crate::wire::reply::Outcomes;

/// A batch of tasks that hides their type. A backend runs it in this process ([`run`](Batch::run)) or elsewhere, and
/// returns it through [`Session::wait`](crate::backend::Session::wait) with the outcomes inside. Tasks that did not run
/// stay in it, and are dispatched again.
///
/// ```
/// use joblib_parallel::backend::{Batch, Returned};
/// use joblib_parallel::{Cause, Parallel, delayed};
/// # use joblib_parallel::backend::{Call, ParallelBackend, Session, Capabilities};
/// # struct Two;
/// # struct Queue(Vec<Batch>);
/// # impl ParallelBackend for Two {
/// #     fn name(&self) -> &str { "two" }
/// #     fn capabilities(&self) -> Capabilities { Capabilities::remote(std::time::Duration::from_secs(10)) }
/// #     fn open(&self, _call: Call) -> joblib_parallel::Result<Box<dyn Session>> { Ok(Box::new(Queue(Vec::new()))) }
/// # }
/// # impl Session for Queue {
/// #     fn submit(&mut self, batch: Batch) -> joblib_parallel::Result<()> { self.0.push(batch); Ok(()) }
/// #     fn wait(
/// #         &mut self, _: Option<std::time::Instant>, returned: &mut Vec<Returned>,
/// #     ) -> joblib_parallel::Result<()> {
/// #         self.0.drain(..).for_each(|batch| halve(batch, returned));
/// #         Ok(())
/// #     }
/// #     fn cancel(&mut self) {}
/// #     fn waker(&self) -> joblib_parallel::Waker { std::sync::Arc::new(|| ()) }
/// # }
///
/// /// What a session does that has two workers, of which the second can't be reached when task 4 is sent to it.
/// fn halve(mut batch: Batch, returned: &mut Vec<Returned>) {
///     let mut rest = batch.split_off(batch.pending() / 2);
///     batch.run();
///     match rest.next_index() {
///         4 => rest.break_first(Cause::Backend("no answer".to_owned()), "worker 2"),
///         _ => rest.run(),
///     }
///     returned.extend([Returned::Batch(batch), Returned::Batch(rest)]);
/// }
///
/// # joblib_parallel::register_parallel_backend(Two)?;
/// let parallel = Parallel::new().backend("two").n_jobs(2).batch_size(8).outcomes();
/// let outcomes = parallel.run((0..8).map(|n| delayed(u64::pow, (n, 2))))?;
/// assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 7);
/// assert_eq!(outcomes[4].as_ref().unwrap_err().worker(), Some("worker 2"));
/// # Ok::<(), joblib_parallel::Error>(())
/// ```
pub struct Batch(Box<TaskBatch<'static>>);

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch")
            .field("next_index", &self.next_index())
            .field("pending", &self.pending())
            .finish_non_exhaustive()
    }
}

impl Batch {
    pub(crate) fn new(batch: TaskBatch<'static>) -> Self {
        Batch(Box::new(batch))
    }

    /// The batch as the engine has it.
    pub(crate) fn into_inner(self) -> TaskBatch<'static> {
        *self.0
    }

    /// The index of its first task that has not run.
    pub fn next_index(&self) -> usize {
        self.0.next_index()
    }

    /// The number of its tasks that have not run.
    pub fn pending(&self) -> usize {
        self.0.pending()
    }

    /// The path of the function of its first task that has not run; empty if all have run.
    pub fn function(&self) -> String {
        self.0.first_function().map_or_else(String::new, |function| readable(function.name))
    }

    /// Runs its tasks on this thread, until all have run or the call is stopped.
    pub fn run(&mut self) {
        self.0.run(RunOptions::default());
    }

    /// Splits off the tasks after the first `keep` that have not run, as a new batch.
    pub fn split_off(&mut self, keep: usize) -> Batch {
        Batch::new(self.0.split_off(keep))
    }

    /// Records why the first task that has not run could not finish.
    ///
    /// The batch has to be returned then. After a [`Cause::Crash`] the task is tried again as often as the user allows; any
    /// other cause becomes its outcome. The tasks after it are dispatched again.
    pub fn break_first(&mut self, cause: Cause, worker: &str) {
        self.0.break_first(cause, worker);
    }
}

impl ProcessBatch for Batch {
    fn next_index(&self) -> usize {
        self.0.next_index()
    }

    fn pending(&self) -> usize {
        self.0.pending()
    }

    fn split_off(&mut self, keep: usize) -> Self {
        Batch::new(self.0.split_off(keep))
    }

    fn break_first(&mut self, cause: Cause, worker: &str) {
        self.0.break_first(cause, worker);
    }

    fn encode(&self, out: &mut Vec<u8>, sender: &Sender) -> Result<(), (usize, String)> {
        self.0.encode(out, sender)
    }

    fn accept(&mut self, outcomes: Outcomes<'_>, arrays: Arrays<'_>, worker: &str) -> Option<()> {
        self.0.accept(outcomes, arrays, worker)
    }

    fn add_cost(&mut self, busy: Duration, bytes: usize) {
        self.0.add_cost(busy, bytes);
    }

    fn is_suspect(&self) -> bool {
        self.0.is_suspect()
    }

    fn set_suspect(&mut self) {
        self.0.set_suspect();
    }
}

impl Runnable for Batch {
    fn pending(&self) -> usize {
        self.0.pending()
    }

    fn run(&mut self, options: RunOptions<'_>) {
        self.0.run(options);
    }

    fn split_off(&mut self, keep: usize) -> Self {
        Batch::new(self.0.split_off(keep))
    }

    fn error_of_first(&self, cause: Cause) -> Option<TaskError> {
        self.0.error_of_first(cause)
    }
}
