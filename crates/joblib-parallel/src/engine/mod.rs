//! The loop at the heart of the crate, on the caller's thread: take tasks from the producer, batch them, give the
//! batches to a session, wait, and hand the outcomes on.
//!
//! It knows tasks' types and no backend; the session knows the backend and no types. How large batches are and how far
//! the producer may run ahead are policies in files of their own.

pub(crate) mod batching;
mod direct;
pub(crate) mod erased;
pub(crate) mod pre_dispatch;
pub(crate) mod progress;
#[cfg(feature = "progress")]
mod progress_bar;
pub(crate) mod progress_writer;
pub(crate) mod reporter;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use joblib_encoding::Preview;

use self::batching::Batching;
use self::pre_dispatch::PreDispatch;
use self::reporter::Reporter;
use crate::backend::{Returned, Session};
use crate::cancel::{CancellationToken, Waker};
use crate::error::{Cause, Crash, Error, Result, TaskError};
use crate::sys::interrupt;
use crate::task::Task;
use crate::task::batch::{Parts, Runnable, TaskBatch};
use crate::task::context::CallContext;
use crate::task::lent::Places;

/// Outcomes of consecutive tasks.
pub(crate) struct Arrival<U> {
    pub(crate) first: usize,
    pub(crate) outcomes: Vec<Outcome<U>>,
}

/// A task's result or the reason that it has none.
pub(crate) type Outcome<U> = std::result::Result<U, TaskError>;

/// What an engine is made from.
pub(crate) struct Plan<I, S> {
    /// `None` when it has no more tasks.
    pub(crate) producer: Option<I>,
    pub(crate) session: S,
    pub(crate) context: Arc<CallContext>,
    pub(crate) batching: Batching,
    pub(crate) workers: usize,
    /// The most batches in flight.
    pub(crate) limit: Option<usize>,
    /// What that follows from, should the number of workers change.
    pub(crate) pre_dispatch: PreDispatch,
    /// Whether the tasks run here, without the session.
    pub(crate) direct: bool,
    /// How often a task whose worker died is tried again.
    pub(crate) retries: u32,
    pub(crate) deadline: Option<Duration>,
    pub(crate) tokens: Vec<CancellationToken>,
    /// Ctrl-C.
    pub(crate) interrupt: Option<interrupt::Guard>,
    pub(crate) reporter: Reporter,
}

/// How far an engine is.
struct State<T: Task> {
    deadline: Option<(Instant, Duration)>,
    /// Tasks taken from the producer.
    produced: usize,
    /// Batches, and tasks, that the session has.
    batches: usize,
    tasks: usize,
    /// Batches that came back unrun; they are dispatched before new ones.
    again: VecDeque<TaskBatch<T>>,
    /// How workers died of tasks that have no outcome yet.
    crashes: HashMap<usize, Vec<Crash>>,
    returned: Vec<Returned<TaskBatch<T>>>,
    /// The arguments of the task that runs here.
    preview: Preview,
    /// Where the producer's tasks were lent their arguments from.
    places: Places,
    /// Kept for as long as it may be called.
    _waker: Waker,
}

pub(crate) struct Engine<T: Task, I, S> {
    plan: Plan<I, S>,
    state: State<T>,
}

impl<T, I, S> Engine<T, I, S>
where
    T: Task,
    I: Iterator<Item = T>,
    S: Session<TaskBatch<T>>,
{
    pub(crate) fn new(plan: Plan<I, S>) -> Self {
        let waker = plan.session.waker();
        for token in plan.tokens.iter().chain(plan.interrupt.as_ref().map(interrupt::Guard::token)) {
            token.on_cancel(&waker);
        }
        let state = State {
            deadline: plan.deadline.and_then(|limit| Some((Instant::now().checked_add(limit)?, limit))),
            produced: 0,
            batches: 0,
            tasks: 0,
            again: VecDeque::new(),
            crashes: HashMap::new(),
            returned: Vec::new(),
            preview: Preview::new(),
            places: Places::of_call(),
            _waker: waker,
        };
        Engine { plan, state }
    }

    /// Tasks taken from the producer so far.
    pub(crate) fn produced(&self) -> usize {
        self.state.produced
    }

    pub(crate) fn reporter(&mut self) -> &mut Reporter {
        &mut self.plan.reporter
    }

    /// Goes on until outcomes arrive, which are appended to `arrivals`; `false` when all tasks have theirs.
    ///
    /// `held` is how many arrivals wait to be consumed: the producer is slowed down when there are many.
    ///
    /// # Errors
    ///
    /// If the call is over before its last task: cancelled, out of time, or the backend can't go on.
    pub(crate) fn step(&mut self, held: usize, arrivals: &mut Vec<Arrival<T::Output>>) -> Result<bool> {
        if self.plan.direct {
            return self.run_all(arrivals);
        }
        let before = arrivals.len();
        while arrivals.len() == before {
            self.check()?;
            self.fill(held)?;
            if self.state.tasks == 0 && self.state.again.is_empty() {
                return Ok(false);
            }
            let until = self.state.deadline.map(|(until, _)| until);
            self.plan.session.wait(until, &mut self.state.returned)?;
            self.follow_capacity();
            self.take_back(arrivals);
        }
        Ok(true)
    }

    /// Takes in that there are more workers than before, or fewer.
    fn follow_capacity(&mut self) {
        if let Some(workers) = self.plan.session.capacity().filter(|workers| *workers != self.plan.workers) {
            self.plan.workers = workers;
            // An expression that leaves nothing to dispatch with so few was right when the call began: its limit stays.
            if let Ok(limit) = self.plan.pre_dispatch.limit(workers) {
                self.plan.limit = limit;
            }
        }
    }

    /// Whether there is a reason from outside to stop.
    ///
    /// # Errors
    ///
    /// That reason.
    fn check(&self) -> Result<()> {
        if self.plan.interrupt.as_ref().is_some_and(|guard| guard.token().is_cancelled()) {
            return Err(Error::interrupted());
        }
        if self.plan.tokens.iter().any(CancellationToken::is_cancelled) {
            return Err(Error::cancelled());
        }
        match self.state.deadline {
            Some((until, limit)) if Instant::now() >= until => Err(Error::deadline(limit)),
            _ => Ok(()),
        }
    }

    /// Dispatches what may be dispatched.
    fn fill(&mut self, held: usize) -> Result<()> {
        if self.plan.context.stopped() {
            return Ok(());
        }
        while self.plan.limit.is_none_or(|limit| self.state.batches < limit) {
            if let Some(mut batch) = self.state.again.pop_front() {
                let size = if batch.is_suspect() { 1 } else { self.plan.batching.next(0, self.plan.workers) };
                let tail = batch.split_off(size);
                if tail.pending() > 0 {
                    self.state.again.push_front(tail);
                }
                self.submit(batch)?;
                continue;
            }
            let ahead = self.plan.limit.is_some_and(|limit| self.state.batches + held >= 2 * limit);
            if ahead || self.plan.producer.is_none() {
                break;
            }
            let first = self.state.produced;
            let tasks = self.produce();
            self.plan.reporter.dispatched(self.state.produced, self.plan.producer.is_none());
            if !tasks.is_empty() {
                self.submit(TaskBatch::new(Arc::clone(&self.plan.context), first, tasks))?;
            }
            // The producer may have taken its time.
            self.check()?;
        }
        Ok(())
    }

    fn submit(&mut self, batch: TaskBatch<T>) -> Result<()> {
        self.state.batches += batch.weight();
        self.state.tasks += batch.pending();
        self.plan.session.submit(batch)
    }

    /// Takes a batch of tasks from the producer, fewer when that takes long.
    fn produce(&mut self) -> VecDeque<T> {
        let mut tasks = VecDeque::new();
        let Some(producer) = &mut self.plan.producer else { return tasks };
        let most = self.plan.batching.next(producer.size_hint().0, self.plan.workers);
        let started = (most > 1).then(Instant::now);
        let produced = &mut self.state.produced;
        let target = self.plan.batching.target();
        let exhausted = self.state.places.enter(|| {
            while tasks.len() < most {
                let Some(task) = producer.next() else { return true };
                tasks.push_back(task);
                *produced += 1;
                if tasks.len().is_power_of_two() && started.is_some_and(|s| s.elapsed() > target) {
                    break;
                }
            }
            false
        });
        if exhausted {
            self.plan.producer = None;
        }
        tasks
    }

    /// Sorts what came back into outcomes and what has to go out again.
    fn take_back(&mut self, arrivals: &mut Vec<Arrival<T::Output>>) {
        for returned in std::mem::take(&mut self.state.returned) {
            match returned {
                Returned::TimedOut(error) => {
                    self.state.tasks -= 1;
                    self.state.batches = self.state.batches.saturating_sub(1);
                    self.arrive(error.index(), vec![Err(error)], arrivals);
                }
                Returned::Batch(mut batch) => {
                    self.settle(&mut batch);
                    let Parts { first, outcomes, busy, bytes, weight, unrun } = batch.into_parts();
                    self.state.tasks -= outcomes.len() + unrun.as_ref().map_or(0, Runnable::pending);
                    self.state.batches = self.state.batches.saturating_sub(weight);
                    if let Some(unrun) = unrun {
                        self.go_again(unrun);
                    }
                    if !outcomes.is_empty() {
                        self.plan.batching.record(outcomes.len(), busy, bytes);
                        self.arrive(first, outcomes, arrivals);
                    }
                }
            }
        }
    }

    /// Decides what becomes of a task that could not finish.
    fn settle(&mut self, batch: &mut TaskBatch<T>) {
        let Some((cause, worker)) = batch.take_broken() else { return };
        if let Cause::Crash(crash) = &cause {
            let crashes = self.state.crashes.entry(batch.next_index()).or_default();
            crashes.push(crash.clone());
            if crashes.len() <= self.plan.retries as usize && !self.plan.context.stopped() {
                // Alone, so that another crash has one suspect.
                let tail = batch.split_off(1);
                batch.set_suspect();
                self.state.tasks -= tail.pending();
                self.go_again(tail);
                return;
            }
        }
        batch.give_up(cause, &worker);
    }

    /// Keeps tasks to be dispatched again, unless there is no more dispatching.
    fn go_again(&mut self, batch: TaskBatch<T>) {
        if batch.pending() > 0 && !self.plan.context.stopped() {
            self.state.again.push_back(batch);
        }
    }

    fn arrive(
        &mut self,
        first: usize,
        mut outcomes: Vec<Outcome<T::Output>>,
        arrivals: &mut Vec<Arrival<T::Output>>,
    ) {
        if !self.state.crashes.is_empty() {
            for (index, outcome) in (first..).zip(&mut outcomes) {
                if let Some(crashes) = self.state.crashes.remove(&index)
                    && let Err(error) = outcome
                {
                    error.set_crashes(crashes);
                }
            }
        }
        if let Some(captured) = &self.plan.context.captured {
            for (index, outcome) in (first..).zip(&mut outcomes) {
                let output = captured.take(index);
                if let Err(error) = outcome {
                    error.set_output(output);
                }
            }
        }
        let failed = outcomes.iter().filter(|outcome| outcome.is_err()).count();
        if let Some(error) = outcomes.iter().find_map(|outcome| outcome.as_ref().err()) {
            self.plan.reporter.failed_with(error);
        }
        self.plan.reporter.completed(outcomes.len(), failed);
        arrivals.push(Arrival { first, outcomes });
    }

    /// Stops everything and waits for what can't be stopped; what still finished is appended to `arrivals`.
    pub(crate) fn stop(&mut self, arrivals: &mut Vec<Arrival<T::Output>>) {
        self.plan.context.stop();
        self.plan.producer = None;
        self.state.again.clear();
        self.plan.session.cancel();
        while self.state.tasks > 0 {
            let before = self.state.tasks;
            // Past the deadline nothing is waited for: what runs on threads is left to end by itself.
            let late =
                self.state.deadline.filter(|(until, _)| *until <= Instant::now()).map(|(until, _)| until);
            if self.plan.session.wait(late, &mut self.state.returned).is_err() {
                break;
            }
            self.take_back(arrivals);
            if late.is_some() && self.state.tasks == before {
                break;
            }
        }
    }
}

impl<T: Task, I, S> Drop for Engine<T, I, S> {
    fn drop(&mut self) {
        // A panic of the producer, or a consumer that has enough: workers stop at the next task.
        self.plan.context.stop();
    }
}
