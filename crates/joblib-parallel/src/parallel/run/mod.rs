//! `run` and `try_run`, for each combination of choices: what they take and what they give.
//!
//! One file for each place where tasks may run, the first choice of [`Parallel`](super::Parallel).

mod anywhere;
mod forked;
mod shared_mem;

use super::reach::Reach;
use super::results::Results;
use super::{AsIterator, OnFailure, Parallel};
use crate::engine::source::Producer;
use crate::error::Result;
use crate::task::fallible::{Fallible, Tried};
use crate::task::{Closure, Portable};

impl<W, R: AsIterator, F: OnFailure> Parallel<W, R, F> {
    fn iterator<I: Iterator<Item: Portable>>(
        &self,
        reach: Reach,
        producer: Producer<I>,
    ) -> Result<Results<I, R, F>> {
        Ok(Results::new(self.settings.open(reach, F::STOPS, &producer)?, producer))
    }
}

/// Tasks whose `Err` is their failure.
pub(super) type TriedTasks<I, M> =
    std::iter::Map<I, fn(<I as Iterator>::Item) -> <<I as Iterator>::Item as Fallible<M>>::Tried>;

/// The tasks of closures whose `Err` is their failure.
pub(super) type TriedClosures<I, M> =
    std::iter::Map<I, fn(<I as Iterator>::Item) -> Tried<Closure<<I as Iterator>::Item>, M>>;

/// The tasks of closures.
pub(super) type Closures<I> = std::iter::Map<I, fn(<I as Iterator>::Item) -> Closure<<I as Iterator>::Item>>;
