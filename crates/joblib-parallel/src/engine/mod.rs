//! The main loop, on the caller's thread: it takes tasks from their source, batches them, submits the batches to a session,
//! waits, and passes the outcomes on.
//!
//! It is not generic over the tasks' type or the backend, so it is compiled once; the lifetime `'s` is that of the tasks. Batch
//! size and how far the producer may run ahead are policies in separate files.

pub(crate) mod arrival;
pub(crate) mod batching;
mod direct;
pub(crate) mod erased;
mod finish;
pub(crate) mod pre_dispatch;
pub(crate) mod progress;
#[cfg(feature = "progress")]
mod progress_bar;
pub(crate) mod progress_writer;
pub(crate) mod reporter;
pub(crate) mod source;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use joblib_encoding::Preview;

use self::arrival::Arrival;
use self::batching::Batching;
pub(crate) use self::finish::{End, Finished};
use self::pre_dispatch::PreDispatch;
use self::reporter::Reporter;
use self::source::Source;
use crate::backend::{Returned, Session};
use crate::cancel::{CancellationToken, Waker};
use crate::error::{Cause, Crash, Error, Result};
use crate::sys::interrupt;
use crate::task::context::CallContext;
use crate::task::lent::Places;
use crate::task::process_batch::ProcessBatch;
use crate::task::task_batch::{Parts, TaskBatch};

/// What an engine is made from.
pub(crate) struct Plan<'s, 'e> {
    pub(crate) session: BoxedSession<'s, 'e>,
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
struct State<'s> {
    deadline: Option<(Instant, Duration)>,
    /// Tasks taken from the source.
    produced: usize,
    /// Whether it has no more tasks.
    exhausted: bool,
    /// Batches, and tasks, that the session has.
    batches: usize,
    tasks: usize,
    /// Batches that came back unrun; they are dispatched before new ones.
    again: VecDeque<TaskBatch<'s>>,
    /// How workers died of tasks that have no outcome yet.
    crashes: HashMap<usize, Vec<Crash>>,
    returned: Vec<Returned<TaskBatch<'s>>>,
    /// The arguments of the task that runs here.
    preview: Preview,
    /// Where the producer's tasks were lent their arguments from.
    places: Places,
    /// Kept for as long as it may be called.
    _waker: Waker,
}

/// A call that goes on. All of its tasks are from one source, which each step is given.
pub(crate) struct Engine<'s, 'e> {
    plan: Plan<'s, 'e>,
    state: State<'s>,
}

/// A session of tasks that live as long as `'s`.
pub(crate) type BoxedSession<'s, 'e> = Box<dyn Session<TaskBatch<'s>> + 'e>;

impl<'s, 'e> Engine<'s, 'e> {
    pub(crate) fn new(plan: Plan<'s, 'e>) -> Self {
        let waker = plan.session.waker();
        for token in plan.tokens.iter().chain(plan.interrupt.as_ref().map(interrupt::Guard::token)) {
            token.on_cancel(&waker);
        }
        let state = State {
            deadline: plan.deadline.and_then(|limit| Some((Instant::now().checked_add(limit)?, limit))),
            produced: 0,
            exhausted: false,
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

    /// Tasks taken from the source so far.
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
    /// Returns an error if the call is over before its last task: cancelled, out of time, or the
    /// backend can't go on.
    pub(crate) fn step(
        &mut self,
        source: &mut dyn Source<'s>,
        held: usize,
        arrivals: &mut Vec<Arrival<'s>>,
    ) -> Result<bool> {
        if self.plan.direct {
            return self.run_all(source, arrivals);
        }
        let before = arrivals.len();
        while arrivals.len() == before {
            self.check()?;
            self.fill(source, held)?;
            if self.state.tasks == 0 && self.state.again.is_empty() {
                return Ok(false);
            }
            let until = self.state.deadline.map(|(until, _)| until);
            self.wait(until)?;
            self.follow_capacity();
            self.take_back(arrivals)?;
        }
        Ok(true)
    }

    /// Waits for what the session returns; not for batches that no longer exist.
    fn wait(&mut self, until: Option<Instant>) -> Result<()> {
        let until = if self.plan.context.has_batches() { until } else { Some(Instant::now()) };
        self.plan.session.wait(until, &mut self.state.returned)?;
        if self.state.returned.is_empty() && !self.plan.context.has_batches() {
            let what = format!("return {} tasks: the backend has dropped their batches", self.state.tasks);
            return Err(Error::backend(what, None));
        }
        Ok(())
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
    /// Returns that reason.
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
    fn fill(&mut self, source: &mut dyn Source<'s>, held: usize) -> Result<()> {
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
            if ahead || self.state.exhausted {
                break;
            }
            let first = self.state.produced;
            let count = self.produce(source);
            self.plan.reporter.dispatched(self.state.produced, self.state.exhausted);
            if count > 0 {
                let context = Arc::clone(&self.plan.context);
                self.submit(TaskBatch::new(context, first, source.take_tasks(), count))?;
            }
            // The producer may have taken its time.
            self.check()?;
        }
        Ok(())
    }

    fn submit(&mut self, batch: TaskBatch<'s>) -> Result<()> {
        self.state.batches += batch.weight();
        self.state.tasks += batch.pending();
        self.plan.session.submit(batch)
    }

    /// Takes a batch of tasks from the source into its list, fewer when that takes long. Returns how many.
    fn produce(&mut self, source: &mut dyn Source<'s>) -> usize {
        let most = self.plan.batching.next(source.size_hint().0, self.plan.workers);
        let started = (most > 1).then(Instant::now);
        let target = self.plan.batching.target();
        let State { places, produced, exhausted, .. } = &mut self.state;
        let first = *produced;
        places.enter(|| {
            while *produced - first < most {
                if !source.produce() {
                    *exhausted = true;
                    break;
                }
                *produced += 1;
                let count = *produced - first;
                if count.is_power_of_two() && started.is_some_and(|since| since.elapsed() > target) {
                    break;
                }
            }
        });
        self.state.produced - first
    }

    /// Sorts what came back into outcomes and what has to go out again.
    fn take_back(&mut self, arrivals: &mut Vec<Arrival<'s>>) -> Result<()> {
        let mut result = Ok(());
        for returned in std::mem::take(&mut self.state.returned) {
            match returned {
                Returned::TimedOut(error) => {
                    self.state.tasks -= 1;
                    self.state.batches = self.state.batches.saturating_sub(1);
                    self.arrive(Arrival::failed(error), arrivals);
                }
                // Values are taken out as the call's own.
                Returned::Batch(batch) if !batch.is_of(&self.plan.context) => {
                    result = Err(Error::backend(
                        "match a batch to its call: the backend returned one of another call",
                        None,
                    ));
                }
                Returned::Batch(mut batch) => {
                    self.settle(&mut batch);
                    let Parts { first, done, failures, tasks, busy, bytes, weight, unrun } =
                        batch.into_parts();
                    self.state.tasks -= done + unrun.as_ref().map_or(0, TaskBatch::pending);
                    self.state.batches = self.state.batches.saturating_sub(weight);
                    if let Some(unrun) = unrun {
                        self.go_again(unrun);
                    }
                    if done > 0 {
                        self.plan.batching.record(done, busy, bytes);
                        self.arrive(Arrival::new(first, done, failures, tasks), arrivals);
                    }
                }
            }
        }
        result
    }

    /// Decides what becomes of a task that could not finish.
    fn settle(&mut self, batch: &mut TaskBatch<'s>) {
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
    fn go_again(&mut self, batch: TaskBatch<'s>) {
        if batch.pending() > 0 && !self.plan.context.stopped() {
            self.state.again.push_back(batch);
        }
    }

    fn arrive(&mut self, mut arrival: Arrival<'s>, arrivals: &mut Vec<Arrival<'s>>) {
        if !self.state.crashes.is_empty() {
            self.state.crashes.retain(|index, crashes| {
                if !arrival.indices().contains(index) {
                    return true;
                }
                if let Some(error) = arrival.failure_of(*index) {
                    error.set_crashes(std::mem::take(crashes));
                }
                false
            });
        }
        if let Some(captured) = &self.plan.context.captured {
            for index in arrival.indices() {
                let output = captured.take(index);
                if let Some(error) = arrival.failure_of(index) {
                    error.set_output(output);
                }
            }
        }
        if let Some(error) = arrival.failures().first() {
            self.plan.reporter.failed_with(error);
        }
        self.plan.reporter.completed(arrival.indices().len(), arrival.failures().len());
        arrivals.push(arrival);
    }

    /// Stops everything and waits for what can't be stopped; what still finished is appended to `arrivals`.
    pub(crate) fn stop(&mut self, source: &mut dyn Source<'s>, arrivals: &mut Vec<Arrival<'s>>) {
        self.plan.context.stop();
        self.state.exhausted = true;
        source.close();
        self.state.again.clear();
        self.plan.session.cancel();
        while self.state.tasks > 0 {
            let before = self.state.tasks;
            // Past the deadline nothing is waited for: what runs on threads is left to end by itself.
            let late =
                self.state.deadline.filter(|(until, _)| *until <= Instant::now()).map(|(until, _)| until);
            if self.wait(late).is_err() {
                break;
            }
            if self.take_back(arrivals).is_err() {
                break;
            }
            if late.is_some() && self.state.tasks == before {
                break;
            }
        }
    }
}

impl Drop for Engine<'_, '_> {
    fn drop(&mut self) {
        // A panic of the producer, or a consumer that has enough: workers stop at the next task.
        self.plan.context.stop();
    }
}
