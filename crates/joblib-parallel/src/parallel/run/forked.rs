//! Closures in forked processes: each has a copy of the memory of the caller.

use super::super::{FailFast, Forked, List, OnFailure, Outcomes, Parallel, results};
use crate::backend::processes::multiprocessing;
use crate::engine::source::Producer;
use crate::error::{Error, Result, TaskError, TaskFailure};
use crate::parallel::reach::Reach;
use crate::parallel::results::FinishedOf;
use crate::task::Portable;
use crate::task::delayed::Value;
use crate::task::forked::{forked_closures, forked_fallible};

impl Parallel<Forked, List, FailFast> {
    /// Runs the closures in forked processes and returns their results in order, or the first failure.
    ///
    /// # Errors
    ///
    /// Returns an error if an option is invalid, a process can't be forked, or a task failed.
    ///
    /// ```
    /// use joblib_parallel::Parallel;
    ///
    /// let words = std::rc::Rc::new(["to", "be", "or", "not"]); // which no thread could have
    /// let lengths = Parallel::new().n_jobs(2).fork().run((0..4).map(|i| {
    ///     let words = words.clone();
    ///     move || words[i].len()
    /// }))?;
    /// assert_eq!(lengths, [2, 2, 2, 3]);
    /// # Ok::<(), joblib_parallel::Error>(())
    /// ```
    pub fn run<I, G, R>(&self, tasks: I) -> Result<Vec<R>>
    where
        I: IntoIterator<Item = G>,
        G: FnOnce() -> R,
        R: Value,
    {
        let closures: Vec<G> = tasks.into_iter().collect();
        self.run_forked(forked_closures(&closures))?.into_list(results::keep)
    }

    /// Like [`run`](Self::run), for closures that return `Result`: the first `Err` ends the call.
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`run`](Self::run).
    ///
    /// ```
    /// use joblib_parallel::Parallel;
    ///
    /// let words = ["1", "2"];
    /// let parse = |i: usize| move || words[i].parse::<i32>();
    /// assert_eq!(Parallel::new().n_jobs(2).fork().try_run((0..2).map(parse))?, [1, 2]);
    /// # Ok::<(), joblib_parallel::Error>(())
    /// ```
    pub fn try_run<I, G, R, E, M>(&self, tasks: I) -> Result<Vec<R>>
    where
        I: IntoIterator<Item = G>,
        G: FnOnce() -> std::result::Result<R, E>,
        R: Value,
        E: TaskFailure<M>,
    {
        let closures: Vec<G> = tasks.into_iter().collect();
        self.run_forked(forked_fallible(&closures))?.into_list(results::keep)
    }
}

impl Parallel<Forked, List, Outcomes> {
    /// Runs the closures in forked processes and returns for each its result or its failure, in order.
    ///
    /// # Errors
    ///
    /// Returns an error if an option is invalid, a process can't be forked, or the deadline has passed. A failed task
    /// is not an error of the call.
    ///
    /// ```
    /// use joblib_parallel::Parallel;
    ///
    /// let leave = 1;
    /// let parallel = Parallel::new().n_jobs(2).fork().outcomes();
    /// let outcomes = parallel.run((0..2).map(|n| move || if n == leave { std::process::exit(3) } else { n }))?;
    /// assert!(outcomes[0].is_ok() && outcomes[1].as_ref().is_err_and(|error| error.is_crash()));
    /// # Ok::<(), joblib_parallel::Error>(())
    /// ```
    pub fn run<I, G, R>(&self, tasks: I) -> Result<Vec<std::result::Result<R, TaskError>>>
    where
        I: IntoIterator<Item = G>,
        G: FnOnce() -> R,
        R: Value,
    {
        let closures: Vec<G> = tasks.into_iter().collect();
        self.run_forked(forked_closures(&closures))?.into_outcomes(results::keep)
    }

    /// Like [`run`](Self::run), for closures that return `Result`: an `Err` is that task's failure.
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`run`](Self::run).
    ///
    /// ```
    /// use joblib_parallel::Parallel;
    ///
    /// let words = ["1", "2"];
    /// let parse = |i: usize| move || words[i].parse::<i32>();
    /// assert_eq!(Parallel::new().n_jobs(2).fork().try_run((0..2).map(parse))?, [1, 2]);
    /// # Ok::<(), joblib_parallel::Error>(())
    /// ```
    pub fn try_run<I, G, R, E, M>(&self, tasks: I) -> Result<Vec<std::result::Result<R, TaskError>>>
    where
        I: IntoIterator<Item = G>,
        G: FnOnce() -> std::result::Result<R, E>,
        R: Value,
        E: TaskFailure<M>,
    {
        let closures: Vec<G> = tasks.into_iter().collect();
        self.run_forked(forked_fallible(&closures))?.into_outcomes(results::keep)
    }
}

impl<R, F: OnFailure> Parallel<Forked, R, F> {
    fn run_forked<T: Portable>(
        &self,
        tasks: impl Iterator<Item = T>,
    ) -> Result<FinishedOf<'static, T::Output>> {
        if multiprocessing::is_disabled() {
            return Err(Error::usage("fork() can't be used while JOBLIB_MULTIPROCESSING=0 forbids to fork"));
        }
        self.settings.run(Reach::Anywhere, F::STOPS, Producer::new(tasks).source())
    }
}
