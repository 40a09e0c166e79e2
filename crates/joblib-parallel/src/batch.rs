//! Batches: what travels between the engine and a backend.
//!
//! A [`TaskBatch`] holds tasks of one type, not yet run, and the outcomes of those that were. A backend sees only a
//! [`Batch`], which hides the type: it can be run here, or (see the worker modules) encoded, and filled from a reply.

use std::any::Any;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::context::{self, CallContext};
use crate::describe::Peek;
use crate::error::{Cause, TaskError};
use crate::portable::Name;
use crate::task::{self, Task};
use crate::wire::message::{self, outcome};

/// What the runner of a batch heeds between two tasks.
#[derive(Clone, Copy, Default)]
pub(crate) struct Control<'a> {
    /// Set to divide the batch when other workers have nothing to do.
    pub(crate) hunger: Option<&'a Hunger>,
    /// Where to write down which task runs since when.
    pub(crate) running: Option<&'a Running>,
}

/// How much work is left to take, as seen by those who work.
#[derive(Debug)]
pub(crate) struct Hunger {
    /// Batches that nobody has begun.
    pub(crate) queued: AtomicUsize,
    /// Workers that have a batch.
    pub(crate) active: AtomicUsize,
    pub(crate) workers: usize,
}

impl Hunger {
    /// Is a worker idle, with nothing in the queue? Both counts may be out of date, which costs a needless or a
    /// late division and nothing else, so no ordering is asked for.
    #[inline]
    fn felt(&self) -> bool {
        self.queued.load(Ordering::Relaxed) == 0 && self.active.load(Ordering::Relaxed) < self.workers
    }
}

/// Which task a thread runs, for those who watch its time.
#[derive(Debug)]
pub(crate) struct Running(Mutex<Option<(usize, Instant)>>);

impl Running {
    pub(crate) fn new() -> Self {
        Running(Mutex::new(None))
    }

    pub(crate) fn set(&self, task: Option<(usize, Instant)>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = task;
    }

    pub(crate) fn get(&self) -> Option<(usize, Instant)> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Consecutive tasks of one type with the outcomes of those that have run.
pub(crate) struct TaskBatch<T: Task> {
    call: Arc<CallContext>,
    /// The index of the first outcome, or of the first task when there are none.
    first: usize,
    outcomes: Vec<Result<T::Output, TaskError>>,
    tasks: VecDeque<T>,
    busy: Duration,
    bytes: usize,
    /// Why the first of `tasks` could not finish; it may be tried again.
    broken: Option<Cause>,
    worker: Option<String>,
    /// 1, or 0 for what was cut off another batch: what it counts towards the batches in flight.
    weight: usize,
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
            worker: None,
            weight: 1,
        }
    }

    pub(crate) fn weight(&self) -> usize {
        self.weight
    }

    /// Why the first task that has not run could not finish, and on which worker.
    pub(crate) fn take_broken(&mut self) -> Option<(Cause, String)> {
        Some((self.broken.take()?, self.worker.take().unwrap_or_default()))
    }

    /// The index of the first task that has not run.
    pub(crate) fn next_index(&self) -> usize {
        self.first + self.outcomes.len()
    }

    /// Runs tasks on this thread until there are none, the call is stopped, or another worker is hungry.
    pub(crate) fn run(&mut self, control: Control<'_>) {
        let _entered = context::enter(&self.call);
        self.outcomes.reserve(self.tasks.len());
        let mut peek = Peek::new();
        let started = Instant::now();
        while let Some(task) = self.tasks.pop_front() {
            let index = self.next_index();
            if let Some(running) = control.running {
                running.set(Some((index, Instant::now())));
            }
            let outcome = task::run_one(index, task, &mut peek);
            if outcome.is_err() && self.call.first_failure_stops {
                self.call.stop();
            }
            self.outcomes.push(outcome);
            if self.call.stopped() || (!self.tasks.is_empty() && control.hunger.is_some_and(Hunger::felt)) {
                break;
            }
        }
        if let Some(running) = control.running {
            running.set(None);
        }
        self.busy += started.elapsed();
    }

    /// Cuts off the tasks after the first `keep` that have not run.
    pub(crate) fn split_off(&mut self, keep: usize) -> Self {
        let tail = self.tasks.split_off(keep.min(self.tasks.len()));
        let mut tail = TaskBatch::new(Arc::clone(&self.call), self.next_index() + self.tasks.len(), tail);
        tail.weight = 0;
        tail
    }

    /// Takes the batch apart.
    pub(crate) fn into_parts(mut self) -> Parts<T> {
        let next = self.next_index();
        let unrun = (!self.tasks.is_empty()).then(|| {
            let tasks = std::mem::take(&mut self.tasks);
            TaskBatch::new(Arc::clone(&self.call), next, tasks)
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

    /// The outcome of the first task that has not run is `cause`; the task is gone.
    pub(crate) fn give_up(&mut self, cause: Cause, worker: &str, attempts: u32) {
        if let Some(task) = self.tasks.pop_front() {
            let error = describe(&task, self.next_index(), cause).after(attempts).on_worker(worker);
            self.outcomes.push(Err(error));
        }
    }
}

/// An error for a task that is still there to be described.
fn describe<T: Task>(task: &T, index: usize, cause: Cause) -> TaskError {
    let mut peek = Peek::new();
    task.peek(&mut peek);
    TaskError::new(index, task::readable(task.function_name()), peek.text(), cause)
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

/// A batch of tasks of a type that the backend need not know.
///
/// A backend runs it where the batch is ([`run`](Batch::run)), or elsewhere. It gives it back through
/// [`Session::wait`](crate::backend::Session::wait) with the outcomes inside; tasks that did not run stay in it, and
/// are dispatched again.
///
/// ```
/// use joblib_parallel::backend::{Batch, Returned};
/// use joblib_parallel::{Cause, Parallel, delayed};
/// # use joblib_parallel::backend::{Call, ParallelBackend, Session, Traits};
/// # struct Two;
/// # struct Queue(Vec<Batch>);
/// # impl ParallelBackend for Two {
/// #     fn name(&self) -> &str { "two" }
/// #     fn traits(&self) -> Traits { Traits::remote(std::time::Duration::from_secs(10)) }
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
/// # joblib_parallel::register_parallel_backend(Two);
/// let parallel = Parallel::new().backend("two").n_jobs(2).batch_size(8).outcomes();
/// let outcomes = parallel.run((0..8).map(|n| delayed(u64::pow, (n, 2))))?;
/// assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 7);
/// assert_eq!(outcomes[4].as_ref().unwrap_err().worker(), Some("worker 2"));
/// # Ok::<(), joblib_parallel::Error>(())
/// ```
pub struct Batch(Box<dyn Work>);

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

    /// Runs its tasks on this thread, to the end, or until the call is stopped.
    pub fn run(&mut self) {
        self.0.run(Control::default());
    }

    /// Appends its tasks in a form that a worker process of the same executable understands. On failure, says
    /// which of its tasks can't be encoded, counted from the first that has not run, and why.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) -> Result<(), (usize, String)> {
        self.0.encode(out)
    }

    /// Takes the encoded outcomes of the next `count` tasks; `None` if they are not in the form that workers write.
    pub(crate) fn accept(&mut self, count: usize, input: &[u8], worker: &str) -> Option<()> {
        self.0.accept(count, input, worker)
    }

    /// Says how long its tasks kept a worker busy, and how large their message was.
    pub(crate) fn add_cost(&mut self, busy: Duration, bytes: usize) {
        self.0.add_cost(busy, bytes);
    }

    /// Cuts off the tasks after the first `keep` that have not run, as a batch of their own.
    pub fn split_off(&mut self, keep: usize) -> Batch {
        self.0.split_off(keep)
    }

    /// Says that the first task that has not run could not finish, and why.
    ///
    /// The batch is then to be given back. After a [`Cause::Crash`] the task may be tried again, if the user
    /// allows it; any other cause becomes its outcome. The tasks behind it are dispatched again.
    pub fn break_first(&mut self, cause: Cause, worker: &str) {
        self.0.break_first(cause, worker);
    }
}

impl<T: Task> TaskBatch<T> {
    /// Appends the tasks that have not run: runs of calls of one function, each with the function's name and the
    /// number of calls. On failure, says which task could not be encoded, and why.
    fn encode_tasks(&self, out: &mut Vec<u8>) -> Result<(), (usize, String)> {
        let mut open: Option<(Name, usize, u64)> = None;
        for (i, task) in self.tasks.iter().enumerate() {
            let continued = T::UNIFORM && open.is_some();
            if !continued {
                let name = task.portable_name().map_err(|reason| (i, reason))?;
                if open.as_ref().is_none_or(|(last, _, _)| *last != name) {
                    close_run(out, open.take());
                    message::put_u64(out, name.distance as u64);
                    message::put_u64(out, name.check);
                    open = Some((name, out.len(), 0));
                    message::put_u64(out, 0);
                }
            }
            let start = message::begin(out);
            task.encode(out).map_err(|reason| (i, reason))?;
            message::end(out, start);
            if let Some((_, _, count)) = &mut open {
                *count += 1;
            }
        }
        close_run(out, open);
        Ok(())
    }

    /// Takes the encoded outcomes of the next `count` tasks.
    fn accept_outcomes(&mut self, count: usize, mut input: &[u8], worker: &str) -> Option<()> {
        for _ in 0..count {
            let (tag, bytes) = message::get_bytes(&mut input)?.split_first()?;
            let task = self.tasks.pop_front()?;
            let result = match *tag {
                outcome::OK => T::decode(bytes).unwrap_or_else(|reason| Err(Cause::Undecodable(reason))),
                outcome::PANIC => Err(message::parse(bytes).map_or_else(Cause::Undecodable, Cause::Panic)),
                outcome::ARGUMENTS => Err(Cause::Arguments(String::from_utf8_lossy(bytes).into_owned())),
                _ => Err(Cause::Undecodable(String::from_utf8_lossy(bytes).into_owned())),
            };
            let index = self.next_index();
            self.outcomes.push(result.map_err(|cause| describe(&task, index, cause).on_worker(worker)));
        }
        Some(())
    }
}

/// Fills in how many calls a run has.
fn close_run(out: &mut [u8], run: Option<(Name, usize, u64)>) {
    if let Some((_, place, count)) = run {
        out[place..place + 8].copy_from_slice(&count.to_le_bytes());
    }
}

/// What a batch can do without its type being known.
pub(crate) trait Work: Any + Send {
    fn next_index(&self) -> usize;
    fn pending(&self) -> usize;
    fn run(&mut self, control: Control<'_>);
    fn split_off(&mut self, keep: usize) -> Batch;
    fn break_first(&mut self, cause: Cause, worker: &str);
    fn error_of_first(&self, cause: Cause) -> Option<TaskError>;
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), (usize, String)>;
    fn accept(&mut self, count: usize, input: &[u8], worker: &str) -> Option<()>;
    fn add_cost(&mut self, busy: Duration, bytes: usize);
}

impl<T: Task<Output: 'static> + 'static> Work for TaskBatch<T> {
    fn next_index(&self) -> usize {
        TaskBatch::next_index(self)
    }

    fn pending(&self) -> usize {
        self.tasks.len()
    }

    fn run(&mut self, control: Control<'_>) {
        TaskBatch::run(self, control);
    }

    fn split_off(&mut self, keep: usize) -> Batch {
        Batch::new(TaskBatch::split_off(self, keep))
    }

    fn break_first(&mut self, cause: Cause, worker: &str) {
        self.broken = Some(cause);
        self.worker = Some(worker.to_owned());
    }

    fn error_of_first(&self, cause: Cause) -> Option<TaskError> {
        Runnable::error_of_first(self, cause)
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), (usize, String)> {
        self.encode_tasks(out)
    }

    fn accept(&mut self, count: usize, input: &[u8], worker: &str) -> Option<()> {
        self.accept_outcomes(count, input, worker)
    }

    fn add_cost(&mut self, busy: Duration, bytes: usize) {
        self.busy += busy;
        self.bytes += bytes;
    }
}

/// A batch that threads can run and divide.
pub(crate) trait Runnable: Send + Sized {
    fn pending(&self) -> usize;
    fn run(&mut self, control: Control<'_>);
    fn split_off(&mut self, keep: usize) -> Self;
    /// The error of its first task that has not run, should it fail for `cause`.
    fn error_of_first(&self, cause: Cause) -> Option<TaskError>;
}

impl<T: Task> Runnable for TaskBatch<T> {
    fn pending(&self) -> usize {
        self.tasks.len()
    }

    fn run(&mut self, control: Control<'_>) {
        TaskBatch::run(self, control);
    }

    fn split_off(&mut self, keep: usize) -> Self {
        TaskBatch::split_off(self, keep)
    }

    fn error_of_first(&self, cause: Cause) -> Option<TaskError> {
        self.tasks.front().map(|task| describe(task, self.next_index(), cause))
    }
}

impl Runnable for Batch {
    fn pending(&self) -> usize {
        self.0.pending()
    }

    fn run(&mut self, control: Control<'_>) {
        self.0.run(control);
    }

    fn split_off(&mut self, keep: usize) -> Self {
        self.0.split_off(keep)
    }

    fn error_of_first(&self, cause: Cause) -> Option<TaskError> {
        self.0.error_of_first(cause)
    }
}
