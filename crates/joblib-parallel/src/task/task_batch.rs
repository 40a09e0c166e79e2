//! Batches as the engine has them: tasks, not yet run, and the outcomes of those that were.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use joblib_encoding::Preview;

use super::TaskFunction;
use super::context::{self, CallContext};
use super::list::BoxedTasks;
use super::name::readable;
use super::process_batch::ProcessBatch;
use super::run::{describe, run_one};
use super::run_options::{RunOptions, Running, WorkSharing};
use super::{clock, panics};
use crate::error::{Cause, TaskError};
use crate::wire::arrays::{Arrays, Sender};
use crate::wire::batch::RunsWriter;
use crate::wire::reply::{Outcome, Outcomes};

/// Consecutive tasks of one call with the outcomes of those that have run. The tasks live as long as `'s`.
pub(crate) struct TaskBatch<'s> {
    call: Arc<CallContext>,
    /// The index of the first outcome, or of the first task when there are none.
    first: usize,
    /// How many outcomes there are: values, in `tasks`, and failures.
    done: usize,
    failures: Vec<TaskError>,
    tasks: BoxedTasks<'s>,
    /// The place in `tasks` of the first task that has not run.
    next: usize,
    /// The place behind the last task.
    end: usize,
    busy: Duration,
    bytes: usize,
    /// Why the first task that has not run could not finish, and on which worker; it may be tried again.
    broken: Option<(Cause, String)>,
    /// 1, or 0 for what was cut off another batch: what it counts towards the batches in flight.
    weight: usize,
    /// Whether its tasks are to run each in a batch of its own, because one of them may have ended a worker.
    suspect: bool,
    /// Dropped with the batch, so that the engine sees when a backend has lost all that it had.
    _counted: Arc<()>,
}

impl<'s> TaskBatch<'s> {
    /// A batch of the `count` tasks of a list.
    pub(crate) fn new(call: Arc<CallContext>, first: usize, tasks: BoxedTasks<'s>, count: usize) -> Self {
        TaskBatch {
            _counted: Arc::clone(&call.batches),
            call,
            first,
            done: 0,
            failures: Vec::new(),
            tasks,
            next: 0,
            end: count,
            busy: Duration::ZERO,
            bytes: 0,
            broken: None,
            weight: 1,
            suspect: false,
        }
    }

    /// Whether it is of this call.
    pub(crate) fn is_of(&self, call: &Arc<CallContext>) -> bool {
        Arc::ptr_eq(&self.call, call)
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
        self.first + self.done
    }

    /// The number of tasks that have not run.
    pub(crate) fn pending(&self) -> usize {
        self.end - self.next
    }

    /// Cuts off the tasks after the first `keep` that have not run.
    pub(crate) fn split_off(&mut self, keep: usize) -> Self {
        let keep = keep.min(self.pending());
        let place = self.next + keep;
        let tail = self.tasks.split_off(place);
        let count = self.end - place;
        self.end = place;
        let mut tail = TaskBatch::new(Arc::clone(&self.call), self.next_index() + keep, tail, count);
        tail.weight = 0;
        tail.suspect = self.suspect;
        tail
    }

    /// Takes the batch apart.
    pub(crate) fn into_parts(mut self) -> Parts<'s> {
        let unrun = (self.pending() > 0).then(|| TaskBatch { weight: 1, ..self.split_off(0) });
        self.tasks.drop_tasks();
        Parts {
            first: self.first,
            done: self.done,
            failures: self.failures,
            tasks: self.tasks,
            busy: self.busy,
            bytes: self.bytes,
            weight: self.weight,
            unrun,
        }
    }

    /// Makes `cause` the outcome of the first task that has not run.
    pub(crate) fn give_up(&mut self, cause: Cause, worker: &str) {
        if self.pending() > 0 {
            let error = describe(&*self.tasks, self.next, self.next_index(), cause).on_worker(worker);
            self.next += 1;
            self.fail(error);
            // The task has its outcome; a panic of its `Drop` is not another one.
            let place = self.next - 1;
            let _ = panics::catch(self.tasks.function(place).name, || self.tasks.discard(place));
        }
    }

    /// The function of the first task that has not run.
    pub(crate) fn first_function(&self) -> Option<TaskFunction> {
        (self.pending() > 0).then(|| self.tasks.function(self.next))
    }

    /// Takes the outcomes of the next tasks, as far as no `Deserialize` panics; `decoding` then says so, and the task is still
    /// there. `first` is the function of the first of them.
    fn accept_until_panic(
        &mut self,
        outcomes: &mut Outcomes<'_>,
        arrays: Arrays<'_>,
        worker: &str,
        first: Option<TaskFunction>,
        decoding: &Cell<bool>,
    ) -> Option<()> {
        let is_uniform = first.is_some_and(|first| first.is_uniform);
        while let Some(outcome) = outcomes.next()? {
            if self.pending() == 0 {
                return None;
            }
            let result = match outcome {
                Outcome::Ok(bytes) => {
                    if !is_uniform {
                        panics::set_function(self.tasks.function(self.next).name);
                    }
                    decoding.set(true);
                    let result = self.tasks.decode(bytes, arrays);
                    decoding.set(false);
                    result.unwrap_or_else(|reason| Err(Cause::DecodeResult(reason)))
                }
                Outcome::Panic(panic) => Err(Cause::Panic(panic)),
                Outcome::DecodeArguments(reason) => Err(Cause::EncodeArguments(reason)),
                Outcome::EncodeResult(reason) => Err(Cause::DecodeResult(reason)),
                Outcome::Failed(error) => Err(Cause::Failed(Box::new(error))),
            };
            match result {
                Ok(()) => {
                    self.next += 1;
                    self.done += 1;
                    self.tasks.discard(self.next - 1);
                }
                Err(cause) => self.give_up(cause, worker),
            }
        }
        Some(())
    }

    /// Adds an outcome.
    fn fail(&mut self, error: TaskError) {
        self.failures.push(error);
        self.done += 1;
    }

    /// Runs tasks; `current` has the function of the one that was taken out, and has no outcome.
    fn run_tasks(&mut self, options: RunOptions<'_>, current: &mut Option<&'static str>) {
        let _context = context::enter(&self.call);
        let mut preview = Preview::new();
        let started = Instant::now();
        while self.next < self.end {
            let (index, place) = (self.next_index(), self.next);
            if let Some(running) = options.running {
                running.begin();
            }
            let function = self.tasks.function(place).name;
            *current = Some(function);
            self.next += 1;
            match run_one(&mut *self.tasks, place, index, function, &mut preview) {
                Ok(()) => self.done += 1,
                Err(error) => {
                    self.fail(error);
                    if self.call.first_failure_stops {
                        self.call.stop();
                    }
                }
            }
            *current = None;
            let shared = self.pending() > 0 && options.sharing.is_some_and(WorkSharing::idle_workers);
            if shared || self.call.stopped() {
                break;
            }
        }
        self.busy += started.elapsed();
    }
}

/// What came back in a batch.
pub(crate) struct Parts<'s> {
    pub(crate) first: usize,
    /// The number of outcomes.
    pub(crate) done: usize,
    /// Those that are failures, in order.
    pub(crate) failures: Vec<TaskError>,
    /// The values of the others.
    pub(crate) tasks: BoxedTasks<'s>,
    pub(crate) busy: Duration,
    pub(crate) bytes: usize,
    pub(crate) weight: usize,
    pub(crate) unrun: Option<TaskBatch<'s>>,
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

impl Runnable for TaskBatch<'_> {
    fn pending(&self) -> usize {
        TaskBatch::pending(self)
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
                    self.fail(error);
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
        TaskBatch::split_off(self, keep)
    }

    fn error_of_first(&self, cause: Cause) -> Option<TaskError> {
        (self.pending() > 0).then(|| describe(&*self.tasks, self.next, self.next_index(), cause))
    }
}

impl ProcessBatch for TaskBatch<'_> {
    fn next_index(&self) -> usize {
        TaskBatch::next_index(self)
    }

    fn pending(&self) -> usize {
        TaskBatch::pending(self)
    }

    fn split_off(&mut self, keep: usize) -> Self {
        TaskBatch::split_off(self, keep)
    }

    fn break_first(&mut self, cause: Cause, worker: &str) {
        self.broken = Some((cause, worker.to_owned()));
    }

    fn encode(&self, out: &mut Vec<u8>, sender: &Sender) -> Result<(), (usize, String)> {
        if TaskBatch::pending(self) == 0 {
            return Ok(());
        }
        let mut runs = RunsWriter::new(out);
        let at = Cell::new(0);
        // What `Serialize` does is the user's own code. Its panics are caught once for all tasks: to catch one costs more than to
        // encode a number.
        let first = self.tasks.function(self.next);
        let encoded = panics::catch(first.name, || {
            for place in self.next..self.end {
                at.set(place - self.next);
                if !(first.is_uniform && runs.is_open()) {
                    let function = self.tasks.function(place);
                    panics::set_function(function.name);
                    runs.function(function.id()?);
                }
                runs.call(|out| self.tasks.encode(place, out, Some(sender)))?;
                sender.check()?;
            }
            Ok(())
        });
        encoded.unwrap_or_else(|panic| Err(panic.to_string())).map_err(|reason| (at.get(), reason))
    }

    fn accept(&mut self, mut outcomes: Outcomes<'_>, arrays: Arrays<'_>, worker: &str) -> Option<()> {
        let function = self.first_function();
        loop {
            let name = function.map_or("", |function| function.name);
            let decoding = Cell::new(false);
            // Panics of the user's `Deserialize` are caught as those of `Serialize` are: once, until there is one.
            let accepted = panics::catch(name, || {
                self.accept_until_panic(&mut outcomes, arrays, worker, function, &decoding)
            });
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

    fn add_cost(&mut self, busy: Duration, bytes: usize) {
        self.busy += busy;
        self.bytes += bytes;
    }

    fn is_suspect(&self) -> bool {
        self.suspect
    }

    fn set_suspect(&mut self) {
        self.suspect = true;
    }
}
