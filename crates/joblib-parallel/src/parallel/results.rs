//! How outcomes reach the user: as a list, or as an iterator that holds few of them.

use std::any::Any;
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::marker::PhantomData;

use super::type_state::{AsIterator, FailFast, OnFailure, Outcomes};
use crate::backend::Session;
use crate::engine::erased::Erased;
use crate::engine::{Arrival, Engine, Outcome};
use crate::error::{Error, Result, TaskError};
use crate::task::batch::TaskBatch;
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

/// All results in order, or the failure of the first task that failed.
pub(crate) fn list<T, I, S>(mut engine: Engine<T, I, S>, keep: Keep<T::Output>) -> Result<Vec<T::Output>>
where
    T: Task,
    I: Iterator<Item = T>,
    S: Session<TaskBatch<T>>,
{
    let mut arrivals = Vec::new();
    let mut seen = 0;
    let stopped = loop {
        match engine.step(0, &mut arrivals) {
            Ok(true) => {
                let new = &arrivals[seen..];
                if new.iter().any(|arrival: &Arrival<_>| arrival.outcomes.iter().any(Outcome::is_err)) {
                    break None;
                }
                seen = arrivals.len();
            }
            Ok(false) => {
                engine.reporter().finish(true);
                let mut values = Vec::with_capacity(engine.produced());
                for Arrival { outcomes, .. } in in_order(arrivals) {
                    #[expect(
                        clippy::manual_flatten,
                        reason = "compiled for each type of results, in less time than an adapter"
                    )]
                    for outcome in outcomes {
                        if let Ok(value) = outcome {
                            values.push(value);
                        }
                    }
                }
                return Ok(values);
            }
            Err(error) => break Some(error),
        }
    };
    engine.stop(&mut arrivals);
    engine.reporter().finish(false);
    let mut completed = none_of(engine.produced());
    let mut first: Option<TaskError> = None;
    for Arrival { first: start, outcomes } in in_order(arrivals) {
        for (place, outcome) in completed[start..].iter_mut().zip(outcomes) {
            match outcome {
                Ok(value) => *place = Some(value),
                // What was merely stopped is not the reason.
                Err(error) if first.as_ref().is_none_or(TaskError::is_stopped) => first = Some(error),
                Err(_) => {}
            }
        }
    }
    let error = stopped.or_else(|| first.map(Error::from)).unwrap_or_else(Error::cancelled);
    Err(keep(error, completed))
}

/// Every task's outcome in order. An error only if the call as a whole ended early.
pub(crate) fn outcomes<T, I, S>(
    mut engine: Engine<T, I, S>,
    keep: Keep<Outcome<T::Output>>,
) -> Result<Vec<Outcome<T::Output>>>
where
    T: Task,
    I: Iterator<Item = T>,
    S: Session<TaskBatch<T>>,
{
    let mut arrivals = Vec::new();
    loop {
        match engine.step(0, &mut arrivals) {
            Ok(true) => {}
            Ok(false) => {
                engine.reporter().finish(true);
                let mut all = Vec::with_capacity(engine.produced());
                for mut arrival in in_order(arrivals) {
                    all.append(&mut arrival.outcomes);
                }
                return Ok(all);
            }
            Err(error) => {
                engine.stop(&mut arrivals);
                engine.reporter().finish(false);
                let mut completed = none_of(engine.produced());
                for Arrival { first, outcomes } in arrivals {
                    for (place, outcome) in completed[first..].iter_mut().zip(outcomes) {
                        // What was merely stopped was not completed.
                        *place = Some(outcome)
                            .filter(|outcome| !outcome.as_ref().is_err_and(TaskError::is_stopped));
                    }
                }
                return Err(keep(error, completed));
            }
        }
    }
}

/// The list of this many tasks, none of which has completed.
fn none_of<U>(tasks: usize) -> Vec<Option<U>> {
    std::iter::repeat_with(|| None).take(tasks).collect()
}

fn in_order<U>(mut arrivals: Vec<Arrival<U>>) -> Vec<Arrival<U>> {
    arrivals.sort_unstable_by_key(|arrival| arrival.first);
    arrivals
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
    engine: Engine<I::Item, I, Erased>,
    /// Arrived, but not next in order.
    early: BTreeMap<usize, Vec<Outcome<<I::Item as Task>::Output>>>,
    /// Next to be returned.
    ready: VecDeque<Outcome<<I::Item as Task>::Output>>,
    /// The index of the first task whose outcome is neither in `ready` nor was returned.
    next: usize,
    over: bool,
    /// The failure that ended the call, to be returned after the results before it.
    failure: Option<TaskError>,
    form: PhantomData<fn() -> (R, F)>,
}

impl<I, R, F> Results<I, R, F>
where
    I: Iterator<Item: Portable>,
    R: AsIterator,
    F: OnFailure,
{
    pub(crate) fn new(engine: Engine<I::Item, I, Erased>) -> Self {
        Results {
            engine,
            early: BTreeMap::new(),
            ready: VecDeque::new(),
            next: 0,
            over: false,
            failure: None,
            form: PhantomData,
        }
    }

    fn next_outcome(&mut self) -> Option<Result<Outcome<<I::Item as Task>::Output>>> {
        if self.engine.is_direct() {
            return self.run_next();
        }
        loop {
            if let Some(outcome) = self.ready.pop_front() {
                return Some(Ok(outcome));
            }
            if let Some(outcomes) = self.early.remove(&self.next) {
                self.next += outcomes.len();
                self.ready = outcomes.into();
                continue;
            }
            if self.over {
                // What is left behind a gap was run for nothing.
                self.early.clear();
                return self.failure.take().map(|failure| Ok(Err(failure)));
            }
            let mut arrivals = Vec::new();
            match self.engine.step(self.early.len(), &mut arrivals) {
                Ok(true) => {}
                Ok(false) => self.end(true),
                Err(error) => {
                    self.end(false);
                    return Some(Err(error));
                }
            }
            let failed = |arrival: &Arrival<_>| arrival.outcomes.iter().any(Outcome::is_err);
            if F::STOPS && arrivals.iter().any(failed) {
                self.over = true;
                self.engine.stop(&mut arrivals);
                self.engine.reporter().finish(false);
            }
            for arrival in in_order(arrivals) {
                self.take_in(arrival);
            }
        }
    }

    /// Runs the next task on this thread: its outcome is next in every order.
    fn run_next(&mut self) -> Option<Result<Outcome<<I::Item as Task>::Output>>> {
        if self.over {
            return None;
        }
        let outcome = self.engine.run_next();
        match &outcome {
            Ok(Some(outcome)) if !(F::STOPS && outcome.is_err()) => {}
            Ok(None) => self.end(true),
            _ => self.end(false),
        }
        outcome.transpose()
    }

    /// Keeps what arrived until it is its turn. Of failures that end the call only the first is kept.
    fn take_in(&mut self, arrival: Arrival<<I::Item as Task>::Output>) {
        let Arrival { first, mut outcomes } = arrival;
        if F::STOPS
            && let Some(place) = outcomes.iter().position(Outcome::is_err)
        {
            let failure = outcomes.drain(place..).next().and_then(Outcome::err);
            self.failure = self.failure.take().or(failure);
        }
        if outcomes.is_empty() {
            return;
        }
        if R::ORDERED {
            self.early.insert(first, outcomes);
        } else {
            self.ready.extend(outcomes);
        }
    }

    fn end(&mut self, complete: bool) {
        self.over = true;
        if !complete {
            self.engine.stop(&mut Vec::new());
        }
        self.engine.reporter().finish(complete);
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
        f.debug_struct("Results").field("produced", &self.engine.produced()).finish_non_exhaustive()
    }
}
