//! The loop at the heart of the crate, on the caller's thread: take tasks from the producer, batch them, give the
//! batches to a session, wait, and hand the outcomes on.
//!
//! It knows tasks' types and no backend; the session knows the backend and no types. How large batches are, who is
//! tried again and how far the producer may run ahead are policies of their own.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::backend::Returned;
use crate::batch::{Parts, Runnable, TaskBatch};
use crate::batching::Batching;
use crate::cancel::{CancellationToken, Waker};
use crate::context::CallContext;
use crate::error::{Cause, Error, Result, TaskError};
use crate::interrupt;
use crate::reporter::Reporter;
use crate::retry::{self, Verdict};
use crate::task::Task;

/// What carries typed batches to where they run.
pub(crate) trait Carrier<T: Task> {
    fn submit(&mut self, batch: TaskBatch<T>) -> Result<()>;
    fn wait(&mut self, until: Option<Instant>, out: &mut Vec<Returned<TaskBatch<T>>>) -> Result<()>;
    fn cancel(&mut self);
    fn waker(&self) -> Waker;
}

impl<T: Task, C: Carrier<T> + ?Sized> Carrier<T> for Box<C> {
    fn submit(&mut self, batch: TaskBatch<T>) -> Result<()> {
        (**self).submit(batch)
    }

    fn wait(&mut self, until: Option<Instant>, out: &mut Vec<Returned<TaskBatch<T>>>) -> Result<()> {
        (**self).wait(until, out)
    }

    fn cancel(&mut self) {
        (**self).cancel();
    }

    fn waker(&self) -> Waker {
        (**self).waker()
    }
}

/// Outcomes of consecutive tasks.
pub(crate) struct Arrival<U> {
    pub(crate) first: usize,
    pub(crate) outcomes: Vec<Outcome<U>>,
}

/// A task's result or the reason that it has none.
pub(crate) type Outcome<U> = std::result::Result<U, TaskError>;

/// What an engine is made from.
pub(crate) struct Plan<I, C> {
    pub(crate) producer: I,
    pub(crate) carrier: C,
    pub(crate) context: Arc<CallContext>,
    pub(crate) batching: Batching,
    pub(crate) workers: usize,
    /// The most batches in flight.
    pub(crate) limit: Option<usize>,
    pub(crate) retries: u32,
    pub(crate) deadline: Option<Duration>,
    pub(crate) tokens: Vec<CancellationToken>,
    /// Ctrl-C.
    pub(crate) interrupt: Option<interrupt::Guard>,
    pub(crate) reporter: Reporter,
}

pub(crate) struct Engine<T: Task, I, C> {
    producer: Option<I>,
    carrier: C,
    context: Arc<CallContext>,
    batching: Batching,
    workers: usize,
    limit: Option<usize>,
    retries: u32,
    deadline: Option<(Instant, Duration)>,
    tokens: Vec<CancellationToken>,
    interrupt: Option<interrupt::Guard>,
    reporter: Reporter,
    /// Tasks taken from the producer.
    produced: usize,
    /// Batches, and tasks, that the carrier has.
    batches: usize,
    tasks: usize,
    /// Came back unrun and goes out again first.
    again: VecDeque<TaskBatch<T>>,
    deaths: HashMap<usize, u32>,
    returned: Vec<Returned<TaskBatch<T>>>,
    /// Kept for as long as it may be called.
    _waker: Waker,
}

impl<T, I, C> Engine<T, I, C>
where
    T: Task,
    I: Iterator<Item = T>,
    C: Carrier<T>,
{
    pub(crate) fn new(plan: Plan<I, C>) -> Self {
        let waker = plan.carrier.waker();
        for token in plan.tokens.iter().chain(plan.interrupt.as_ref().map(interrupt::Guard::token)) {
            token.on_cancel(&waker);
        }
        Engine {
            producer: Some(plan.producer),
            carrier: plan.carrier,
            context: plan.context,
            batching: plan.batching,
            workers: plan.workers,
            limit: plan.limit,
            retries: plan.retries,
            deadline: plan.deadline.and_then(|limit| Some((Instant::now().checked_add(limit)?, limit))),
            tokens: plan.tokens,
            interrupt: plan.interrupt,
            reporter: plan.reporter,
            produced: 0,
            batches: 0,
            tasks: 0,
            again: VecDeque::new(),
            deaths: HashMap::new(),
            returned: Vec::new(),
            _waker: waker,
        }
    }

    /// Tasks taken from the producer so far.
    pub(crate) fn produced(&self) -> usize {
        self.produced
    }

    pub(crate) fn reporter(&mut self) -> &mut Reporter {
        &mut self.reporter
    }

    /// Goes on until outcomes arrive, which are appended to `arrivals`; `false` when all tasks have theirs.
    ///
    /// `held` is how many arrivals wait to be consumed: the producer is slowed down when there are many.
    pub(crate) fn step(&mut self, held: usize, arrivals: &mut Vec<Arrival<T::Output>>) -> Result<bool> {
        let before = arrivals.len();
        while arrivals.len() == before {
            self.check()?;
            self.fill(held)?;
            if self.tasks == 0 && self.again.is_empty() {
                return Ok(false);
            }
            self.carrier.wait(self.deadline.map(|(until, _)| until), &mut self.returned)?;
            self.take_back(arrivals);
        }
        Ok(true)
    }

    /// Is there a reason from outside to stop?
    fn check(&self) -> Result<()> {
        if self.interrupt.as_ref().is_some_and(|guard| guard.token().is_cancelled()) {
            return Err(Error::interrupted());
        }
        if self.tokens.iter().any(CancellationToken::is_cancelled) {
            return Err(Error::cancelled());
        }
        match self.deadline {
            Some((until, limit)) if Instant::now() >= until => Err(Error::deadline(limit)),
            _ => Ok(()),
        }
    }

    /// Dispatches what may be dispatched.
    fn fill(&mut self, held: usize) -> Result<()> {
        if self.context.stopped() {
            return Ok(());
        }
        while self.limit.is_none_or(|limit| self.batches < limit) {
            if let Some(mut batch) = self.again.pop_front() {
                let tail = batch.split_off(self.batching.next(0, self.workers));
                if tail.pending() > 0 {
                    self.again.push_front(tail);
                }
                self.submit(batch)?;
                continue;
            }
            let ahead = self.limit.is_some_and(|limit| self.batches + held >= 2 * limit);
            if ahead || self.producer.is_none() {
                break;
            }
            let first = self.produced;
            let tasks = self.produce();
            self.reporter.dispatched(self.produced, self.producer.is_none());
            if !tasks.is_empty() {
                self.submit(TaskBatch::new(Arc::clone(&self.context), first, tasks))?;
            }
            // The producer may have taken its time.
            self.check()?;
        }
        Ok(())
    }

    fn submit(&mut self, batch: TaskBatch<T>) -> Result<()> {
        self.batches += batch.weight();
        self.tasks += batch.pending();
        self.carrier.submit(batch)
    }

    /// Takes a batch of tasks from the producer, fewer when that takes long.
    fn produce(&mut self) -> VecDeque<T> {
        let mut tasks = VecDeque::new();
        let Some(producer) = &mut self.producer else { return tasks };
        let most = self.batching.next(producer.size_hint().0, self.workers);
        let started = (most > 1).then(Instant::now);
        while tasks.len() < most {
            let Some(task) = producer.next() else {
                self.producer = None;
                break;
            };
            tasks.push_back(task);
            self.produced += 1;
            if tasks.len().is_power_of_two() && started.is_some_and(|s| s.elapsed() > self.batching.target())
            {
                break;
            }
        }
        tasks
    }

    /// Sorts what came back into outcomes and what has to go out again.
    fn take_back(&mut self, arrivals: &mut Vec<Arrival<T::Output>>) {
        for returned in std::mem::take(&mut self.returned) {
            match returned {
                Returned::Lost(error) => {
                    self.tasks -= 1;
                    self.batches = self.batches.saturating_sub(1);
                    self.arrive(error.index(), vec![Err(error)], arrivals);
                }
                Returned::Batch(mut batch) => {
                    self.settle(&mut batch);
                    let Parts { first, outcomes, busy, bytes, weight, unrun } = batch.into_parts();
                    self.tasks -= outcomes.len() + unrun.as_ref().map_or(0, Runnable::pending);
                    self.batches = self.batches.saturating_sub(weight);
                    if let Some(unrun) = unrun {
                        self.go_again(unrun);
                    }
                    if !outcomes.is_empty() {
                        self.batching.record(outcomes.len(), busy, bytes);
                        self.arrive(first, outcomes, arrivals);
                    }
                }
            }
        }
    }

    /// Decides what becomes of a task that could not finish.
    fn settle(&mut self, batch: &mut TaskBatch<T>) {
        let Some((cause, worker)) = batch.take_broken() else { return };
        let index = batch.next_index();
        let attempts = 1 + self.deaths.get(&index).copied().unwrap_or(0);
        if let Cause::Crash(_) = &cause {
            self.deaths.insert(index, attempts);
            if retry::judge(attempts, self.retries) == Verdict::Again && !self.context.stopped() {
                let tail = batch.split_off(1);
                self.tasks -= tail.pending();
                self.go_again(tail);
                return;
            }
        }
        self.deaths.remove(&index);
        batch.give_up(cause, &worker, attempts);
    }

    /// Keeps tasks to be dispatched again, unless there is no more dispatching.
    fn go_again(&mut self, batch: TaskBatch<T>) {
        if batch.pending() > 0 && !self.context.stopped() {
            self.again.push_back(batch);
        }
    }

    fn arrive(
        &mut self,
        first: usize,
        outcomes: Vec<Outcome<T::Output>>,
        arrivals: &mut Vec<Arrival<T::Output>>,
    ) {
        let failed = outcomes.iter().filter(|outcome| outcome.is_err()).count();
        self.reporter.completed(outcomes.len(), failed);
        arrivals.push(Arrival { first, outcomes });
    }

    /// Stops everything and waits for what can't be stopped; what still finished is appended to `arrivals`.
    pub(crate) fn stop(&mut self, arrivals: &mut Vec<Arrival<T::Output>>) {
        self.context.stop();
        self.producer = None;
        self.again.clear();
        self.carrier.cancel();
        while self.tasks > 0 {
            let before = self.tasks;
            // Past the deadline nothing is waited for: what runs on threads is left to end by itself.
            let late = self.deadline.filter(|(until, _)| *until <= Instant::now()).map(|(until, _)| until);
            if self.carrier.wait(late, &mut self.returned).is_err() {
                break;
            }
            self.take_back(arrivals);
            if late.is_some() && self.tasks == before {
                break;
            }
        }
    }
}

impl<T: Task, I, C> Drop for Engine<T, I, C> {
    fn drop(&mut self) {
        // A panic of the producer, or a consumer that has enough: workers stop at the next task.
        self.context.stop();
    }
}
