//! Tasks that may run anywhere: portable ones, as `delayed` makes them.

use super::super::results::{self, Results};
use super::super::{Anywhere, AsIterator, FailFast, List, OnFailure, Outcomes, Parallel};
use super::TriedTasks;
use crate::engine::source::Producer;
use crate::error::{Result, TaskError};
use crate::parallel::reach::Reach;
use crate::task::fallible::Fallible;
use crate::task::{Portable, Task};

impl Parallel<Anywhere, List, FailFast> {
    /// Runs the tasks and returns their results in order, or the first failure.
    ///
    /// The iterator `tasks` is advanced on the caller's thread, as far ahead as [`pre_dispatch`](Self::pre_dispatch)
    /// allows; its panic is passed on. An error has the results that were completed.
    ///
    /// # Errors
    ///
    /// Returns an error if an option is invalid, the backend can't start, or a task failed:
    /// [`Error::into_completed`](crate::Error::into_completed) has the results so far.
    ///
    /// ```
    /// use joblib_parallel::{Parallel, delayed};
    ///
    /// let squares = Parallel::new().n_jobs(2).run((0..4).map(|n| delayed(u64::pow, (n, 2))))?;
    /// assert_eq!(squares, [0, 1, 4, 9]);
    /// # Ok::<(), joblib_parallel::Error>(())
    /// ```
    pub fn run<I>(&self, tasks: I) -> Result<Vec<<I::Item as Task>::Output>>
    where
        I: IntoIterator<Item: Portable>,
    {
        let mut producer = Producer::new(tasks.into_iter());
        self.settings.run(Reach::Anywhere, true, producer.source())?.into_list(results::keep)
    }

    /// Like [`run`](Self::run), for functions that return `Result`: the first `Err` ends the call like a panic would.
    ///
    /// ```
    /// use joblib_parallel::{Parallel, delayed};
    ///
    /// fn parse(text: String) -> Result<i32, String> {
    ///     text.parse().map_err(|_| format!("{text:?} is not a number"))
    /// }
    ///
    /// let parse_all = |texts: [&str; 2]| {
    ///     Parallel::new().try_run(texts.map(|text| delayed(parse, (text.to_owned(),))))
    /// };
    /// assert_eq!(parse_all(["1", "2"])?, [1, 2]);
    /// let error = parse_all(["1", "two"]).unwrap_err();
    /// assert!(error.is_failure() && error.to_string().contains("\"two\" is not a number"));
    /// # Ok::<(), joblib_parallel::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`run`](Self::run), and the first error that a function returned.
    pub fn try_run<I, M>(&self, tasks: I) -> Result<Vec<<I::Item as Fallible<M>>::Value>>
    where
        I: IntoIterator<Item: Fallible<M>>,
    {
        let mut producer = Producer::new(tasks.into_iter().map(Fallible::tried));
        self.settings.run(Reach::Anywhere, true, producer.source())?.into_list(results::keep)
    }
}

impl Parallel<Anywhere, List, Outcomes> {
    /// Runs all tasks and returns for each its result or its failure, in order. An error only if the call as a whole ended
    /// early.
    ///
    /// # Errors
    ///
    /// Returns an error if an option is invalid, the backend can't start, or the deadline has passed. A failed task is
    /// not an error of the call.
    ///
    /// ```
    /// use joblib_parallel::{Parallel, delayed};
    ///
    /// let outcomes = Parallel::new().outcomes().run([3, 0].map(|n| delayed(|n: u32| 12 / n, (n,))))?;
    /// assert!(outcomes[0].as_ref().is_ok_and(|quotient| *quotient == 4));
    /// assert!(outcomes[1].as_ref().is_err_and(|error| error.is_panic()));
    /// # Ok::<(), joblib_parallel::Error>(())
    /// ```
    pub fn run<I>(&self, tasks: I) -> Result<Vec<std::result::Result<<I::Item as Task>::Output, TaskError>>>
    where
        I: IntoIterator<Item: Portable>,
    {
        let mut producer = Producer::new(tasks.into_iter());
        self.settings.run(Reach::Anywhere, false, producer.source())?.into_outcomes(results::keep)
    }

    /// Like [`run`](Self::run), for functions that return `Result`: an `Err` is that task's failure.
    ///
    /// ```
    /// use joblib_parallel::{Parallel, delayed};
    ///
    /// fn parse(text: String) -> Result<i32, String> {
    ///     text.parse().map_err(|_| format!("{text:?} is not a number"))
    /// }
    ///
    /// let outcomes = Parallel::new().outcomes().try_run(["1", "two"].map(|text| delayed(parse, (text.to_owned(),))))?;
    /// assert!(outcomes[0].is_ok() && outcomes[1].as_ref().is_err_and(|error| error.is_failure()));
    /// # Ok::<(), joblib_parallel::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`run`](Self::run).
    #[allow(clippy::type_complexity, reason = "two results, as of every form with outcomes")]
    pub fn try_run<I, M>(
        &self,
        tasks: I,
    ) -> Result<Vec<std::result::Result<<I::Item as Fallible<M>>::Value, TaskError>>>
    where
        I: IntoIterator<Item: Fallible<M>>,
    {
        let mut producer = Producer::new(tasks.into_iter().map(Fallible::tried));
        self.settings.run(Reach::Anywhere, false, producer.source())?.into_outcomes(results::keep)
    }
}

impl<R: AsIterator, F: OnFailure> Parallel<Anywhere, R, F> {
    /// Starts the tasks; the iterator gives their results, in order or, with [`GeneratorUnordered`](crate::GeneratorUnordered),
    /// as they are completed. An error before the first task is returned here, later ones by the iterator.
    ///
    /// # Errors
    ///
    /// Returns an error if an option is invalid or the backend can't start. Failures of tasks are
    /// given by the iterator.
    ///
    /// ```
    /// use joblib_parallel::{Generator, GeneratorUnordered, Parallel, delayed};
    ///
    /// let squares = Parallel::new().n_jobs(2).return_as(Generator).run((0..4).map(|n| delayed(u64::pow, (n, 2))))?;
    /// for (n, square) in (0_u64..).zip(squares) {
    ///     assert_eq!(square?, n * n);
    /// }
    ///
    /// let squares = (0..4).map(|n| delayed(u64::pow, (n, 2)));
    /// let squares = Parallel::new().n_jobs(2).return_as(GeneratorUnordered).run(squares)?;
    /// assert_eq!(squares.sum::<Result<u64, _>>()?, 14);
    /// # Ok::<(), joblib_parallel::Error>(())
    /// ```
    pub fn run<I>(&self, tasks: I) -> Result<Results<I::IntoIter, R, F>>
    where
        I: IntoIterator<Item: Portable>,
    {
        self.iterator(Reach::Anywhere, Producer::new(tasks.into_iter()))
    }

    /// Like [`run`](Self::run), for functions that return `Result`: an `Err` is that task's failure.
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`run`](Self::run).
    ///
    /// ```
    /// use joblib_parallel::{Generator, Parallel, delayed};
    ///
    /// let parse = |text: String| text.parse::<i32>();
    /// let numbers = ["1", "2", "3"].map(|text| delayed(parse, (text.to_owned(),)));
    /// let numbers = Parallel::new().n_jobs(2).return_as(Generator).try_run(numbers)?;
    /// assert_eq!(numbers.sum::<Result<i32, _>>()?, 6);
    /// # Ok::<(), joblib_parallel::Error>(())
    /// ```
    pub fn try_run<I, M>(&self, tasks: I) -> Result<Results<TriedTasks<I::IntoIter, M>, R, F>>
    where
        I: IntoIterator<Item: Fallible<M>>,
    {
        let tried = <I::Item as Fallible<M>>::tried as fn(I::Item) -> _;
        self.iterator(Reach::Anywhere, Producer::new(tasks.into_iter().map(tried)))
    }
}
