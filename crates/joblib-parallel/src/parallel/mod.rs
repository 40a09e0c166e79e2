//! [`Parallel`]: the builder around a loop.
//!
//! Three choices that change what `run` takes and gives are part of its type: where tasks may run
//! ([`Anywhere`], [`SharedMem`]), how results are returned ([`List`], [`Generator`], [`GeneratorUnordered`]) and what
//! a failure does ([`FailFast`], [`Outcomes`]).

pub(crate) mod config;
pub(crate) mod defaults;
mod options;
mod placement;
mod reach;
mod resolve;
pub(crate) mod results;
mod run;
mod settings;
mod type_state;

use std::fmt;
use std::marker::PhantomData;

use self::reach::Reach;
use self::settings::Settings;
pub use self::type_state::{
    Anywhere, AsIterator, FailFast, Forked, Generator, GeneratorUnordered, List, OnFailure, Outcomes,
    ReturnAs, SharedMem,
};
use crate::error::Result;

/// A builder for parallel loops.
///
/// ```
/// use joblib_parallel::{Parallel, delayed};
///
/// let roots = Parallel::new().n_jobs(2).run((0..4).map(|n| delayed(f64::sqrt, (f64::from(n * n),))))?;
/// assert_eq!(roots, [0.0, 1.0, 2.0, 3.0]);
/// # Ok::<(), joblib_parallel::Error>(())
/// ```
///
/// It can be used for any number of calls; workers are kept between them. Options that are not set are taken from
/// [`parallel_config`](crate::parallel_config) and the environment.
#[derive(Clone)]
#[must_use = "nothing runs before `run`"]
pub struct Parallel<W = Anywhere, R = List, F = FailFast> {
    settings: Settings,
    state: PhantomData<(W, R, F)>,
}

impl<W, R, F> fmt::Debug for Parallel<W, R, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.settings.fmt(f)
    }
}

impl Default for Parallel {
    fn default() -> Self {
        Parallel { settings: Settings::default(), state: PhantomData }
    }
}

impl Parallel {
    /// The defaults of joblib's `Parallel()`: one worker, nothing is printed, and the first failure ends the call.
    pub fn new() -> Self {
        Self::default()
    }
}

impl<W, R, F> Parallel<W, R, F> {
    fn with_type<W2, R2, F2>(self) -> Parallel<W2, R2, F2> {
        Parallel { settings: self.settings, state: PhantomData }
    }
}

/// Returns the number of workers that `n_jobs` means for the backend that a call at this place would use; `None` for the
/// default.
///
/// ```
/// use joblib_parallel::{cpu_count, effective_n_jobs};
///
/// assert_eq!(effective_n_jobs(Some(-1))?, cpu_count());
/// assert_eq!(effective_n_jobs(Some(3))?, 3);
/// assert!(effective_n_jobs(Some(0)).is_err());
/// # Ok::<(), joblib_parallel::Error>(())
/// ```
///
/// # Errors
///
/// Returns an error if `n_jobs` is 0, or the configuration or the environment names an unknown
/// backend.
pub fn effective_n_jobs(n_jobs: Option<i32>) -> Result<usize> {
    Ok(Parallel::new().n_jobs(n_jobs).settings.resolve(Reach::Anywhere, true)?.call.n_jobs)
}
