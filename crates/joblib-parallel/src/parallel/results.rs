//! How outcomes reach the user: as a list, or as an iterator that holds few of them.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use super::type_state::{AsIterator, FailFast, OnFailure, Outcomes};
use crate::engine::arrival::{Arrival, Arrived, Outcome};
use crate::engine::source::{Producer, Source};
use crate::engine::{End, Engine, Finished};
use crate::error::{Error, Result, TaskError};
use crate::task::{Portable, Task};

/// What becomes of the results that were there before a failure.
pub(crate) type Keep<R> = fn(Error, Vec<Option<R>>) -> Error;

/// They go along with the error.
pub(crate) fn keep<R: Send + 'static>(error: Error, completed: Vec<Option<R>>) -> Error {
    let completed: Box<dyn Any + Send> = Box::new(completed);
    error.with_completed(completed)
}

/// They may borrow, and can't.
pub(crate) fn forget<R>(error: Error, _completed: Vec<Option<R>>) -> Error {
    error
}

/// A call that is over, whose tasks return `R`.
pub(crate) struct FinishedOf<'s, R> {
    call: Finished<'s>,
    returns: PhantomData<fn() -> R>,
}

impl<'s, R> FinishedOf<'s, R> {
    /// # Safety
    ///
    /// The tasks return `R`.
    pub(crate) unsafe fn new(call: Finished<'s>) -> Self {
        Self { call, returns: PhantomData }
    }

    /// All results in order, or the failure of the first task that failed.
    pub(crate) fn into_list(self, keep: Keep<R>) -> Result<Vec<R>> {
        let Finished { arrivals, produced, end } = self.call;
        let stopped = match end {
            End::Complete => {
                let mut values = Vec::new();
                for arrival in arrivals {
                    // SAFETY: the tasks return `R`.
                    let mut arrived = unsafe { arrival.into_values() };
                    if values.is_empty() {
                        values = arrived;
                        values.reserve(produced - values.len());
                    } else {
                        values.append(&mut arrived);
                    }
                }
                return Ok(values);
            }
            End::Failure => None,
            End::Stopped(error) => Some(error),
        };
        let mut failures = Vec::new();
        let mut completed = none_of(produced);
        for arrival in arrivals {
            // SAFETY: the tasks return `R`.
            let mut arrived = unsafe { arrival.into_outcomes() };
            while let Some((index, outcome)) = arrived.next_outcome() {
                match outcome {
                    Ok(value) => completed[index] = Some(value),
                    Err(failure) => failures.push(failure),
                }
            }
        }
        Err(keep(reason(stopped, failures), completed))
    }

    /// Every task's outcome in order. An error only if the call as a whole ended early.
    pub(crate) fn into_outcomes(self, keep: Keep<Outcome<R>>) -> Result<Vec<Outcome<R>>> {
        let Finished { arrivals, produced, end } = self.call;
        let End::Stopped(error) = end else {
            let mut all = Vec::with_capacity(produced);
            for arrival in arrivals {
                // SAFETY: the tasks return `R`.
                let mut arrived = unsafe { arrival.into_outcomes() };
                while let Some((_, outcome)) = arrived.next_outcome() {
                    all.push(outcome);
                }
            }
            return Ok(all);
        };
        let mut completed = none_of(produced);
        for arrival in arrivals {
            // SAFETY: the tasks return `R`.
            let mut arrived = unsafe { arrival.into_outcomes() };
            while let Some((index, outcome)) = arrived.next_outcome() {
                // What was merely stopped was not completed.
                if !matches!(&outcome, Err(failure) if failure.is_stopped()) {
                    completed[index] = Some(outcome);
                }
            }
        }
        Err(keep(error, completed))
    }
}

/// Why the call ended, of the failures of its tasks in their order.
fn reason(stopped: Option<Error>, failures: Vec<TaskError>) -> Error {
    stopped.unwrap_or_else(|| {
        // What was merely stopped is not the reason.
        let first = failures.iter().position(|failure| !failure.is_stopped()).unwrap_or(0);
        failures.into_iter().nth(first).map_or_else(Error::cancelled, Error::from)
    })
}

/// The list of this many tasks, none of which has completed.
fn none_of<R>(tasks: usize) -> Vec<Option<R>> {
    let mut none = Vec::with_capacity(tasks);
    none.resize_with(tasks, || None);
    none
}

/// The results of a call as an iterator; see [`Parallel::return_as`](crate::Parallel::return_as).
///
/// Dropping it ends the call. Tasks are produced, on this thread, while `next` waits.
///
/// ```
/// use joblib_parallel::{FailFast, Generator, Parallel, Results, delayed};
///
/// let tasks = (0_u64..).map(|n| delayed(u64::pow, (n, 2)));
/// let mut squares: Results<_, Generator, FailFast> = Parallel::new().n_jobs(2).return_as(Generator).run(tasks)?;
/// let large = squares.find(|square| square.as_ref().is_ok_and(|square| *square > 50));
/// assert_eq!(large.transpose()?, Some(64));
/// drop(squares); // nothing further is produced
/// # Ok::<(), joblib_parallel::Error>(())
/// ```
pub struct Results<I: Iterator<Item: Portable>, R, F> {
    producer: Producer<I>,
    stream: Stream,
    /// What is next.
    arrived: Arrived<<I::Item as Task>::Output>,
    form: PhantomData<fn() -> (R, F)>,
}

/// The arrivals of a call, in the order in which they are returned.
struct Stream {
    engine: Engine<'static, 'static>,
    /// Whether results are in the order of their tasks.
    ordered: bool,
    /// Whether a failure ends the call.
    stops: bool,
    /// Arrived, but not returned: those that are in order by the index of their first task, others by when they came.
    early: BTreeMap<usize, Arrival<'static>>,
    /// The key of the next one.
    next: usize,
    /// The key of what arrives next, where there is no order.
    last: usize,
    over: bool,
    /// The failure that ended the call, to be returned after the results before it.
    failure: Option<TaskError>,
}

impl Stream {
    /// The next arrival; `None` when there are no more.
    fn next_arrival(&mut self, source: &mut dyn Source<'static>) -> Result<Option<Arrival<'static>>> {
        loop {
            if let Some(arrival) = self.early.remove(&self.next) {
                self.next += if self.ordered { arrival.indices().len() } else { 1 };
                return Ok(Some(arrival));
            }
            if self.over {
                // What is left behind a gap was run for nothing.
                self.early.clear();
                return Ok(self.failure.take().map(Arrival::failed));
            }
            let mut arrivals = Vec::new();
            match self.engine.step(source, self.early.len(), &mut arrivals) {
                Ok(true) => {}
                Ok(false) => self.end(source, true),
                Err(error) => {
                    self.end(source, false);
                    return Err(error);
                }
            }
            let failed = |arrival: &Arrival<'_>| !arrival.failures().is_empty();
            if self.stops && arrivals.iter().any(failed) {
                self.over = true;
                self.engine.stop(source, &mut arrivals);
                self.engine.reporter().finish(false);
            }
            arrivals.sort_unstable_by_key(|arrival| arrival.indices().start);
            for arrival in arrivals {
                self.take_in(arrival);
            }
        }
    }

    /// Runs the next task on this thread: its outcome is next in every order. Its value is in the list of `source`.
    fn run_next(&mut self, source: &mut dyn Source<'static>) -> Result<Option<Result<(), TaskError>>> {
        if self.over {
            return Ok(None);
        }
        let outcome = self.engine.run_next(source);
        match &outcome {
            Ok(Some(outcome)) if !(self.stops && outcome.is_err()) => {}
            Ok(None) => self.end(source, true),
            _ => self.end(source, false),
        }
        outcome
    }

    /// Keeps what arrived until it is its turn. Of failures that end the call only the first is kept.
    fn take_in(&mut self, mut arrival: Arrival<'static>) {
        if self.stops {
            let failure = arrival.cut_at_failure();
            self.failure = self.failure.take().or(failure);
        }
        if arrival.indices().is_empty() {
            return;
        }
        let key = if self.ordered { arrival.indices().start } else { self.last };
        self.last += 1;
        self.early.insert(key, arrival);
    }

    fn end(&mut self, source: &mut dyn Source<'static>, complete: bool) {
        self.over = true;
        if !complete {
            self.engine.stop(source, &mut Vec::new());
        }
        self.engine.reporter().finish(complete);
    }
}

impl<I, R, F> Results<I, R, F>
where
    I: Iterator<Item: Portable>,
    R: AsIterator,
    F: OnFailure,
{
    pub(crate) fn new(engine: Engine<'static, 'static>, producer: Producer<I>) -> Self {
        let stream = Stream {
            engine,
            ordered: R::ORDERED,
            stops: F::STOPS,
            early: BTreeMap::new(),
            next: 0,
            last: 0,
            over: false,
            failure: None,
        };
        Results { producer, stream, arrived: Arrived::empty(), form: PhantomData }
    }

    fn next_outcome(&mut self) -> Option<Result<Outcome<<I::Item as Task>::Output>>> {
        if self.stream.engine.is_direct() {
            return match self.stream.run_next(&mut self.producer) {
                Ok(Some(Ok(()))) => Some(Ok(Ok(self.producer.pop_value()?))),
                Ok(Some(Err(failure))) => Some(Ok(Err(failure))),
                Ok(None) => None,
                Err(error) => Some(Err(error)),
            };
        }
        loop {
            if let Some((_, outcome)) = self.arrived.next_outcome() {
                return Some(Ok(outcome));
            }
            match self.stream.next_arrival(&mut self.producer) {
                // SAFETY: the tasks of the engine are all from the producer, and so return this.
                Ok(Some(arrival)) => self.arrived = unsafe { arrival.into_outcomes() },
                Ok(None) => return None,
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

impl<I, R> Iterator for Results<I, R, FailFast>
where
    I: Iterator<Item: Portable>,
    R: AsIterator,
{
    type Item = Result<<I::Item as Task>::Output>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_outcome().map(|outcome| outcome?.map_err(Error::from))
    }
}

impl<I, R> Iterator for Results<I, R, Outcomes>
where
    I: Iterator<Item: Portable>,
    R: AsIterator,
{
    type Item = Result<Outcome<<I::Item as Task>::Output>>;

    /// The next task's outcome; an error if the call as a whole ended early.
    fn next(&mut self) -> Option<Self::Item> {
        self.next_outcome()
    }
}

impl<I: Iterator<Item: Portable>, R, F> fmt::Debug for Results<I, R, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Results").field("produced", &self.stream.engine.produced()).finish_non_exhaustive()
    }
}
