//! Batches: what travels between the engine and a backend.
//!
//! A [`TaskBatch`] holds tasks of one type, not yet run, and the outcomes of those that were. A backend sees only a
//! [`Batch`], which hides the type: it can be run here, or (see the worker modules) encoded, and filled from a reply.

use std::any::Any;
use std::cell::Cell;
use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use joblib_encoding::Preview;

use super::context::{self, CallContext};
use super::process_batch::ProcessBatch;
use super::run_options::{RunOptions, Running, WorkSharing};
use super::{ARGUMENT_CHARS, Task, clock, panics, readable, record, run_one};
use crate::error::{Cause, TaskError};
use crate::wire::arrays::{Arrays, Sender};
use crate::wire::batch::RunsWriter;
use crate::wire::reply::{Outcome, Outcomes};

/// Consecutive tasks of one type with the outcomes of those that have run.
pub(crate) struct TaskBatch<T: Task> {
    call: Arc<CallContext>,
    /// The index of the first outcome, or of the first task when there are none.
    first: usize,
    outcomes: Vec<Result<T::Output, TaskError>>,
    tasks: VecDeque<T>,
    busy: Duration,
    bytes: usize,
    /// Why the first of `tasks` could not finish, and on which worker; it may be tried again.
    broken: Option<(Cause, String)>,
    /// 1, or 0 for what was cut off another batch: what it counts towards the batches in flight.
    weight: usize,
    /// Whether its tasks are to run each in a batch of its own, because one of them may have ended a worker.
    suspect: bool,
}

impl<T: Task> TaskBatch<T> {
    pub(crate) fn new(call: Arc<CallContext>, first: usize, tasks: VecDeque<T>) -> Self {
        TaskBatch {
            call,
            first,
            outcomes: Vec::new(),
            tasks,
            busy: Duration::ZERO,
            bytes: 0,
            broken: None,
            weight: 1,
            suspect: false,
        }
    }

    pub(crate) fn weight(&self) -> usize {
        self.weight
    }

    /// Why the first task that has not run could not finish, and on which worker.
    pub(crate) fn take_broken(&mut self) -> Option<(Cause, String)> {
        self.broken.take()
    }

    /// The index of the first task that has not run.
    pub(crate) fn next_index(&self) -> usize {
        self.first + self.outcomes.len()
    }

    /// Whether each task is to run alone.
    pub(crate) fn is_suspect(&self) -> bool {
        self.suspect
    }

    /// Has each task run alone from now on.
    pub(crate) fn set_suspect(&mut self) {
        self.suspect = true;
    }

    /// Takes the batch apart.
    pub(crate) fn into_parts(mut self) -> Parts<T> {
        let next = self.next_index();
        let unrun = (!self.tasks.is_empty()).then(|| {
            let tasks = std::mem::take(&mut self.tasks);
            TaskBatch { suspect: self.suspect, ..TaskBatch::new(Arc::clone(&self.call), next, tasks) }
        });
        Parts {
            first: self.first,
            outcomes: self.outcomes,
            busy: self.busy,
            bytes: self.bytes,
            weight: self.weight,
            unrun,
        }
    }

    /// Makes `cause` the outcome of the first task that has not run.
    pub(crate) fn give_up(&mut self, cause: Cause, worker: &str) {
        if let Some(task) = self.tasks.pop_front() {
            let error = describe(&task, self.next_index(), cause).on_worker(worker);
            self.outcomes.push(Err(error));
        }
    }

    /// Appends the tasks that have not run. On failure, says which task could not be encoded, and why.
    fn encode_tasks(&self, out: &mut Vec<u8>, sender: &Sender) -> Result<(), (usize, String)> {
        let Some(first) = self.tasks.front() else { return Ok(()) };
        let mut runs = RunsWriter::new(out);
        let at = Cell::new(0);
        // What `Serialize` does is the user's own code. Its panics are caught once for all tasks: to catch one costs more than to
        // encode a number.
        let encoded = panics::catch(first.function_name(), || {
            for (i, task) in self.tasks.iter().enumerate() {
                at.set(i);
                if !(T::UNIFORM && runs.is_open()) {
                    panics::set_function(task.function_name());
                    runs.function(task.function_id()?);
                }
                runs.call(|out| task.encode(out, Some(sender)))?;
                sender.check()?;
            }
            Ok(())
        });
        encoded.unwrap_or_else(|panic| Err(panic.to_string())).map_err(|reason| (at.get(), reason))
    }

    /// Takes the outcomes of the next tasks; `None` if they are malformed, or more than there are tasks.
    fn accept_outcomes(
        &mut self,
        mut outcomes: Outcomes<'_>,
        arrays: Arrays<'_>,
        worker: &str,
    ) -> Option<()> {
        self.outcomes.reserve(self.tasks.len());
        loop {
            let function = self.tasks.front().map_or("", |task| task.function_name());
            let decoding = Cell::new(false);
            // Panics of the user's `Deserialize` are caught as those of `Serialize` are: once, until there is one.
            let accepted =
                panics::catch(function, || self.accept_until_panic(&mut outcomes, arrays, worker, &decoding));
            match accepted {
                Ok(accepted) => return accepted,
                Err(panic) if decoding.get() => {
                    self.give_up(Cause::DecodeResult(panic.to_string()), worker);
                }
                // Of the task's `Drop`: it has its outcome.
                Err(_) => {}
            }
        }
    }

    /// The same as far as no `Deserialize` panics; `decoding` then says so, and the task is still there.
    fn accept_until_panic(
        &mut self,
        outcomes: &mut Outcomes<'_>,
        arrays: Arrays<'_>,
        worker: &str,
        decoding: &Cell<bool>,
    ) -> Option<()> {
        while let Some(outcome) = outcomes.next()? {
            let task = self.tasks.front()?;
            let result = match outcome {
                Outcome::Ok(bytes) => {
                    if !T::UNIFORM {
                        panics::set_function(task.function_name());
                    }
                    decoding.set(true);
                    let result = T::decode(bytes, arrays);
                    decoding.set(false);
                    result.unwrap_or_else(|reason| Err(Cause::DecodeResult(reason)))
                }
                Outcome::Panic(panic) => Err(Cause::Panic(panic)),
                Outcome::DecodeArguments(reason) => Err(Cause::EncodeArguments(reason)),
                Outcome::EncodeResult(reason) => Err(Cause::DecodeResult(reason)),
                Outcome::Failed(error) => Err(Cause::Failed(Box::new(error))),
            };
            let result = result.map_err(|cause| describe(task, self.next_index(), cause).on_worker(worker));
            self.outcomes.push(result);
            self.tasks.pop_front();
        }
        Some(())
    }
}

/// An error for a task that is still there to be described.
fn describe<T: Task>(task: &T, index: usize, cause: Cause) -> TaskError {
    let mut preview = Preview::new();
    record(task, &mut preview);
    TaskError::new(index, readable(task.function_name()), preview.arguments(ARGUMENT_CHARS), cause)
}

/// What came back in a batch.
pub(crate) struct Parts<T: Task> {
    pub(crate) first: usize,
    pub(crate) outcomes: Vec<Result<T::Output, TaskError>>,
    pub(crate) busy: Duration,
    pub(crate) bytes: usize,
    pub(crate) weight: usize,
    pub(crate) unrun: Option<TaskBatch<T>>,
}

/// A batch of tasks whose type the backend need not know.
///
/// A backend runs it where the batch is ([`run`](Batch::run)), or elsewhere. It gives it back through
/// [`Session::wait`](crate::backend::Session::wait) with the outcomes inside; tasks that did not run stay in it, and
/// are dispatched again.
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
pub struct Batch(Box<dyn AnyBatch>);

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch")
            .field("next_index", &self.next_index())
            .field("pending", &self.pending())
            .finish_non_exhaustive()
    }
}

impl Batch {
    pub(crate) fn new<T: Task<Output: 'static> + 'static>(batch: TaskBatch<T>) -> Self {
        Batch(Box::new(batch))
    }

    /// The typed batch; `None` if it was made from other tasks.
    pub(crate) fn downcast<T: Task<Output: 'static> + 'static>(self) -> Option<TaskBatch<T>> {
        let any: Box<dyn Any> = self.0;
        any.downcast().ok().map(|batch| *batch)
    }

    /// The index of its first task that has not run.
    pub fn next_index(&self) -> usize {
        self.0.next_index()
    }

    /// The number of its tasks that have not run.
    pub fn pending(&self) -> usize {
        self.0.pending()
    }

    /// The path of the function that its first task calls that has not run; empty if all have.
    pub fn function(&self) -> String {
        self.0.function()
    }

    /// Runs its tasks on this thread, to the end, or until the call is stopped.
    pub fn run(&mut self) {
        self.0.run(RunOptions::default());
    }

    /// Cuts off the tasks after the first `keep` that have not run, as a batch of their own.
    pub fn split_off(&mut self, keep: usize) -> Batch {
        self.0.split_off(keep)
    }

    /// Records why the first task that has not run could not finish.
    ///
    /// The batch is then to be given back. After a [`Cause::Crash`] the task is tried again as often as the user
    /// allows; any other cause becomes its outcome. The tasks behind it are dispatched again.
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
        self.0.split_off(keep)
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

/// A batch that can be run here, and divided.
pub(crate) trait Runnable: Send + Sized {
    /// The number of tasks that have not run.
    fn pending(&self) -> usize;
    /// Runs tasks on this thread until none is left, the call is stopped, or another worker is idle.
    fn run(&mut self, options: RunOptions<'_>);
    /// Cuts off the tasks after the first `keep` that have not run.
    fn split_off(&mut self, keep: usize) -> Self;
    /// The error of its first task that has not run, should it fail for `cause`.
    fn error_of_first(&self, cause: Cause) -> Option<TaskError>;
}

impl<T: Task> Runnable for TaskBatch<T> {
    fn pending(&self) -> usize {
        self.tasks.len()
    }

    fn run(&mut self, options: RunOptions<'_>) {
        let outer_clock =
            options.running.and_then(|running| clock::set(Some(Arc::<Running>::clone(running))));
        let mut current = None;
        // The tasks' own panics are their outcomes; others, such as of a subscriber of `tracing`, cost one task.
        if catch_unwind(AssertUnwindSafe(|| self.run_tasks(options, &mut current))).is_err() {
            let cause = Cause::Backend("the thread panicked that ran it, outside of its function".to_owned());
            match current {
                Some(function) => {
                    let error = TaskError::new(self.next_index(), readable(function), String::new(), cause);
                    self.outcomes.push(Err(error));
                }
                None => self.give_up(cause, ""),
            }
        }
        if let Some(running) = options.running {
            running.end();
            clock::set(outer_clock);
        }
    }

    fn split_off(&mut self, keep: usize) -> Self {
        let tail = self.tasks.split_off(keep.min(self.tasks.len()));
        let mut tail = TaskBatch::new(Arc::clone(&self.call), self.next_index() + self.tasks.len(), tail);
        tail.weight = 0;
        tail.suspect = self.suspect;
        tail
    }

    fn error_of_first(&self, cause: Cause) -> Option<TaskError> {
        self.tasks.front().map(|task| describe(task, self.next_index(), cause))
    }
}

impl<T: Task> TaskBatch<T> {
    /// Runs tasks; `current` has the function of the one that was taken out, and has no outcome.
    fn run_tasks(&mut self, options: RunOptions<'_>, current: &mut Option<&'static str>) {
        let _context = context::enter(&self.call);
        self.outcomes.reserve(self.tasks.len());
        let mut preview = Preview::new();
        let started = Instant::now();
        while let Some(task) = self.tasks.pop_front() {
            let index = self.next_index();
            if let Some(running) = options.running {
                running.begin();
            }
            *current = Some(task.function_name());
            let outcome = run_one(index, task, &mut preview);
            if outcome.is_err() && self.call.first_failure_stops {
                self.call.stop();
            }
            self.outcomes.push(outcome);
            *current = None;
            let shared = !self.tasks.is_empty() && options.sharing.is_some_and(WorkSharing::idle_workers);
            if shared || self.call.stopped() {
                break;
            }
        }
        self.busy += started.elapsed();
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
        self.0.split_off(keep)
    }

    fn error_of_first(&self, cause: Cause) -> Option<TaskError> {
        self.0.error_of_first(cause)
    }
}

/// What a batch can do without its type being known.
trait AnyBatch: Any + Send {
    fn next_index(&self) -> usize;
    fn pending(&self) -> usize;
    fn function(&self) -> String;
    fn run(&mut self, options: RunOptions<'_>);
    fn split_off(&mut self, keep: usize) -> Batch;
    fn break_first(&mut self, cause: Cause, worker: &str);
    fn error_of_first(&self, cause: Cause) -> Option<TaskError>;
    fn encode(&self, out: &mut Vec<u8>, sender: &Sender) -> Result<(), (usize, String)>;
    fn accept(&mut self, outcomes: Outcomes<'_>, arrays: Arrays<'_>, worker: &str) -> Option<()>;
    fn add_cost(&mut self, busy: Duration, bytes: usize);
    fn is_suspect(&self) -> bool;
    fn set_suspect(&mut self);
}

impl<T: Task<Output: 'static> + 'static> AnyBatch for TaskBatch<T> {
    fn next_index(&self) -> usize {
        TaskBatch::next_index(self)
    }

    fn pending(&self) -> usize {
        Runnable::pending(self)
    }

    fn function(&self) -> String {
        self.tasks.front().map_or_else(String::new, |task| readable(task.function_name()))
    }

    fn run(&mut self, options: RunOptions<'_>) {
        Runnable::run(self, options);
    }

    fn split_off(&mut self, keep: usize) -> Batch {
        Batch::new(Runnable::split_off(self, keep))
    }

    fn break_first(&mut self, cause: Cause, worker: &str) {
        self.broken = Some((cause, worker.to_owned()));
    }

    fn error_of_first(&self, cause: Cause) -> Option<TaskError> {
        Runnable::error_of_first(self, cause)
    }

    fn encode(&self, out: &mut Vec<u8>, sender: &Sender) -> Result<(), (usize, String)> {
        self.encode_tasks(out, sender)
    }

    fn accept(&mut self, outcomes: Outcomes<'_>, arrays: Arrays<'_>, worker: &str) -> Option<()> {
        self.accept_outcomes(outcomes, arrays, worker)
    }

    fn add_cost(&mut self, busy: Duration, bytes: usize) {
        self.busy += busy;
        self.bytes += bytes;
    }

    fn is_suspect(&self) -> bool {
        TaskBatch::is_suspect(self)
    }

    fn set_suspect(&mut self) {
        TaskBatch::set_suspect(self);
    }
}
