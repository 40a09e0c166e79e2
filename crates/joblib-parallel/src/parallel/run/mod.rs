//! `run` and `try_run`, for each combination of choices: what they take and what they give.
//!
//! One file for each place where tasks may run, the first choice of [`Parallel`](super::Parallel).

mod anywhere;
mod forked;
mod shared_mem;

use crate::task::Closure;
use crate::task::fallible::{Fallible, Tried};

/// Tasks whose `Err` is their failure.
pub(super) type TriedTasks<I, M> =
    std::iter::Map<I, fn(<I as Iterator>::Item) -> <<I as Iterator>::Item as Fallible<M>>::Tried>;

/// The tasks of closures whose `Err` is their failure.
pub(super) type TriedClosures<I, M> =
    std::iter::Map<I, fn(<I as Iterator>::Item) -> Tried<Closure<<I as Iterator>::Item>, M>>;

/// The tasks of closures.
pub(super) type Closures<I> = std::iter::Map<I, fn(<I as Iterator>::Item) -> Closure<<I as Iterator>::Item>>;
