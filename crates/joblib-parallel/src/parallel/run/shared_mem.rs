//! Closures on threads: they share the memory of the caller, and may borrow from it where the call waits for them.

use super::super::results::{self, Results};
use super::super::{AsIterator, FailFast, List, OnFailure, Outcomes, Parallel, SharedMem};
use super::{Closures, TriedClosures};
use crate::engine::source::Producer;
use crate::error::{Result, TaskError, TaskFailure};
use crate::parallel::reach::Reach;
use crate::task::Closure;
use crate::task::fallible::Tried;

impl Parallel<SharedMem, List, FailFast> {
    /// Runs closures that may borrow and returns their results in order, or the first failure.
    ///
    /// The error does not have the results that were completed before: use [`outcomes`](Self::outcomes) to get them.
    ///
    /// # Errors
    ///
    /// Returns an error if an option is invalid, the backend has no shared memory, or a task
    /// failed.
    ///
    /// ```
    /// use joblib_parallel::{Parallel, SharedMem};
    ///
    /// let text = String::from("to be or not");
    /// let lengths = Parallel::new().n_jobs(2).require(SharedMem).run(text.split(' ').map(|word| || word.len()))?;
    /// assert_eq!(lengths, [2, 2, 2, 3]);
    /// # Ok::<(), joblib_parallel::Error>(())
    /// ```
    pub fn run<'scope, I, G, R>(&self, tasks: I) -> Result<Vec<R>>
    where
        I: IntoIterator<Item = G>,
        G: FnOnce() -> R + Send + 'scope,
        R: Send + 'scope,
    {
        let mut producer = Producer::new(tasks.into_iter().map(Closure));
        self.settings.run_scoped(true, producer.source())?.into_list(results::forget)
    }

    /// Like [`run`](Self::run), for closures that return `Result`: the first `Err` ends the call.
    ///
    /// ```
    /// use joblib_parallel::{Parallel, SharedMem};
    ///
    /// let parse_all = |text: &str| {
    ///     Parallel::new().require(SharedMem).try_run(text.split(' ').map(|word| || word.parse::<i32>()))
    /// };
    /// assert_eq!(parse_all("1 2 3")?, [1, 2, 3]);
    /// assert!(parse_all("1 two 3").unwrap_err().is_failure());
    /// # Ok::<(), joblib_parallel::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`run`](Self::run), and the first error that a closure returned.
    pub fn try_run<'scope, I, G, R, E, M>(&self, tasks: I) -> Result<Vec<R>>
    where
        I: IntoIterator<Item = G>,
        G: FnOnce() -> std::result::Result<R, E> + Send + 'scope,
        R: Send + 'scope,
        E: TaskFailure<M>,
        M: 'scope,
    {
        let tasks = tasks.into_iter().map(|task| Tried::<_, M>::new(Closure(task)));
        self.settings.run_scoped(true, Producer::new(tasks).source())?.into_list(results::forget)
    }
}

impl Parallel<SharedMem, List, Outcomes> {
    /// Runs closures that may borrow and returns for each its result or its failure, in order.
    ///
    /// If the call ends early, its error does not have the results that were completed before, because they may borrow.
    ///
    /// # Errors
    ///
    /// Returns an error if an option is invalid, the backend has no shared memory, or the deadline has passed. A failed
    /// task is not an error of the call.
    ///
    /// ```
    /// use joblib_parallel::{Parallel, SharedMem};
    ///
    /// let numbers = [3, 0];
    /// let parallel = Parallel::new().n_jobs(2).require(SharedMem).outcomes();
    /// let outcomes = parallel.run(numbers.iter().map(|n| move || 12 / n))?;
    /// assert!(outcomes[0].is_ok() && outcomes[1].as_ref().is_err_and(|error| error.is_panic()));
    /// # Ok::<(), joblib_parallel::Error>(())
    /// ```
    pub fn run<'scope, I, G, R>(&self, tasks: I) -> Result<Vec<std::result::Result<R, TaskError>>>
    where
        I: IntoIterator<Item = G>,
        G: FnOnce() -> R + Send + 'scope,
        R: Send + 'scope,
    {
        let mut producer = Producer::new(tasks.into_iter().map(Closure));
        self.settings.run_scoped(false, producer.source())?.into_outcomes(results::forget)
    }

    /// Like [`run`](Self::run), for closures that return `Result`: an `Err` is that task's failure.
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`run`](Self::run).
    ///
    /// ```
    /// use joblib_parallel::{Parallel, SharedMem};
    ///
    /// let text = "1 two 3";
    /// let parallel = Parallel::new().n_jobs(2).require(SharedMem).outcomes();
    /// let outcomes = parallel.try_run(text.split(' ').map(|word| || word.parse::<i32>()))?;
    /// assert!(outcomes[0].is_ok() && outcomes[1].as_ref().is_err_and(|error| error.is_failure()));
    /// # Ok::<(), joblib_parallel::Error>(())
    /// ```
    pub fn try_run<'scope, I, G, R, E, M>(&self, tasks: I) -> Result<Vec<std::result::Result<R, TaskError>>>
    where
        I: IntoIterator<Item = G>,
        G: FnOnce() -> std::result::Result<R, E> + Send + 'scope,
        R: Send + 'scope,
        E: TaskFailure<M>,
        M: 'scope,
    {
        let tasks = tasks.into_iter().map(|task| Tried::<_, M>::new(Closure(task)));
        self.settings.run_scoped(false, Producer::new(tasks).source())?.into_outcomes(results::forget)
    }
}

impl<O: AsIterator, F: OnFailure> Parallel<SharedMem, O, F> {
    /// Starts closures on threads; the iterator gives their results, in order or, with
    /// [`GeneratorUnordered`](crate::GeneratorUnordered), as they are completed.
    ///
    /// They may outlive the caller's scope, so they can't borrow from it.
    ///
    /// # Errors
    ///
    /// Returns an error if an option is invalid or the backend has no shared memory. Failures of tasks are
    /// given by the iterator.
    ///
    /// ```
    /// use joblib_parallel::{Generator, Parallel, SharedMem};
    /// use std::sync::Arc;
    ///
    /// let words = Arc::new(["to", "be", "or", "not"]);
    /// let mut lengths = Parallel::new().n_jobs(2).require(SharedMem).return_as(Generator).run((0..4).map(|i| {
    ///     let words = Arc::clone(&words);
    ///     move || words[i].len()
    /// }))?;
    /// assert_eq!(lengths.next().transpose()?, Some(2));
    /// # Ok::<(), joblib_parallel::Error>(())
    /// ```
    pub fn run<I, G, R>(&self, tasks: I) -> Result<Results<Closures<I::IntoIter>, O, F>>
    where
        I: IntoIterator<Item = G>,
        G: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        self.iterator(Reach::Process, Producer::new(tasks.into_iter().map(Closure as fn(G) -> Closure<G>)))
    }

    /// Like [`run`](Self::run), for closures that return `Result`: an `Err` is that task's failure.
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`run`](Self::run).
    pub fn try_run<I, G, R, E, M>(&self, tasks: I) -> Result<Results<TriedClosures<I::IntoIter, M>, O, F>>
    where
        I: IntoIterator<Item = G>,
        G: FnOnce() -> std::result::Result<R, E> + Send + 'static,
        R: Send + 'static,
        E: TaskFailure<M> + 'static,
        M: 'static,
    {
        let tried: fn(G) -> Tried<Closure<G>, M> = |task| Tried::new(Closure(task));
        self.iterator(Reach::Process, Producer::new(tasks.into_iter().map(tried)))
    }
}
