//! `run` and `try_run`, for each combination of choices: what they take and what they give.

use super::results::{self, Results};
use super::{
    Anywhere, FailFast, Forked, Generator, GeneratorUnordered, List, OnFailure, Outcomes, Parallel, SharedMem,
};
use crate::backend::processes::multiprocessing;
use crate::backend::sequential::Inline;
use crate::backend::{Session, threads};
use crate::engine::Engine;
use crate::engine::erased::Erased;
use crate::error::{Error, Result, TaskError, TaskFailure};
use crate::task::batch::TaskBatch;
use crate::task::delayed::Value;
use crate::task::fallible::{Fallible, Tried};
use crate::task::forked::{forked_closures, forked_fallible};
use crate::task::{Closure, Portable, Task};

impl Parallel<Anywhere, List, FailFast> {
    /// Runs the tasks and returns their results in order, or the first failure.
    ///
    /// The producer `tasks` is asked for tasks on the caller's thread, as far ahead as
    /// [`pre_dispatch`](Self::pre_dispatch) says; its panic is passed on. An error has the results that were completed.
    ///
    /// # Errors
    ///
    /// An option is invalid, the backend can't start, or a task failed: [`Error::into_completed`] has the results so far.
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
        results::list(self.open(false, tasks.into_iter())?, results::keep)
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
    /// As [`run`](Self::run); and the first error that a function returned.
    pub fn try_run<I, M>(&self, tasks: I) -> Result<Vec<<I::Item as Fallible<M>>::Value>>
    where
        I: IntoIterator<Item: Fallible<M>>,
    {
        results::list(self.open(false, tasks.into_iter().map(Fallible::tried))?, results::keep)
    }
}

impl Parallel<Anywhere, List, Outcomes> {
    /// Runs all tasks and returns for each its result or its failure, in order. An error only if the call as a whole ended
    /// early.
    ///
    /// # Errors
    ///
    /// An option is invalid, the backend can't start, or the deadline has passed. A failed task is no error of the call.
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
        results::outcomes(self.open(false, tasks.into_iter())?)
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
    /// As [`run`](Self::run).
    #[allow(clippy::type_complexity, reason = "two results, as of every form with outcomes")]
    pub fn try_run<I, M>(
        &self,
        tasks: I,
    ) -> Result<Vec<std::result::Result<<I::Item as Fallible<M>>::Value, TaskError>>>
    where
        I: IntoIterator<Item: Fallible<M>>,
    {
        results::outcomes(self.open(false, tasks.into_iter().map(Fallible::tried))?)
    }
}

impl<F: OnFailure> Parallel<Anywhere, Generator, F> {
    /// Starts the tasks; the iterator gives their results in order. An error before the first task is returned here, later
    /// ones by the iterator.
    ///
    /// # Errors
    ///
    /// An option is invalid or the backend can't start. Failures of tasks are given by the iterator.
    ///
    /// ```
    /// use joblib_parallel::{Generator, Parallel, delayed};
    ///
    /// let squares = Parallel::new().n_jobs(2).return_as(Generator).run((0..4).map(|n| delayed(u64::pow, (n, 2))))?;
    /// for (n, square) in (0_u64..).zip(squares) {
    ///     assert_eq!(square?, n * n);
    /// }
    /// # Ok::<(), joblib_parallel::Error>(())
    /// ```
    pub fn run<I>(&self, tasks: I) -> Result<Results<I::IntoIter, Generator, F>>
    where
        I: IntoIterator<Item: Portable>,
    {
        Ok(Results::new(self.open(false, tasks.into_iter())?))
    }

    /// Like [`run`](Self::run), for functions that return `Result`: an `Err` is that task's failure.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
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
    pub fn try_run<I, M>(&self, tasks: I) -> Result<Results<TriedTasks<I::IntoIter, M>, Generator, F>>
    where
        I: IntoIterator<Item: Fallible<M>>,
    {
        let tried = <I::Item as Fallible<M>>::tried as fn(I::Item) -> _;
        Ok(Results::new(self.open(false, tasks.into_iter().map(tried))?))
    }
}

impl<F: OnFailure> Parallel<Anywhere, GeneratorUnordered, F> {
    /// Starts the tasks; the iterator gives their results as they are completed. An error before the first task is returned
    /// here, later ones by the iterator.
    ///
    /// # Errors
    ///
    /// An option is invalid or the backend can't start. Failures of tasks are given by the iterator.
    ///
    /// ```
    /// use joblib_parallel::{GeneratorUnordered, Parallel, delayed};
    ///
    /// let squares = (0..4).map(|n| delayed(u64::pow, (n, 2)));
    /// let squares = Parallel::new().n_jobs(2).return_as(GeneratorUnordered).run(squares)?;
    /// assert_eq!(squares.sum::<Result<u64, _>>()?, 14);
    /// # Ok::<(), joblib_parallel::Error>(())
    /// ```
    pub fn run<I>(&self, tasks: I) -> Result<Results<I::IntoIter, GeneratorUnordered, F>>
    where
        I: IntoIterator<Item: Portable>,
    {
        Ok(Results::new(self.open(false, tasks.into_iter())?))
    }

    /// Like [`run`](Self::run), for functions that return `Result`: an `Err` is that task's failure.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    ///
    /// ```
    /// use joblib_parallel::{GeneratorUnordered, Parallel, delayed};
    ///
    /// let parse = |text: String| text.parse::<i32>();
    /// let numbers = ["1", "2", "3"].map(|text| delayed(parse, (text.to_owned(),)));
    /// let numbers = Parallel::new().n_jobs(2).return_as(GeneratorUnordered).try_run(numbers)?;
    /// assert_eq!(numbers.sum::<Result<i32, _>>()?, 6);
    /// # Ok::<(), joblib_parallel::Error>(())
    /// ```
    pub fn try_run<I, M>(
        &self,
        tasks: I,
    ) -> Result<Results<TriedTasks<I::IntoIter, M>, GeneratorUnordered, F>>
    where
        I: IntoIterator<Item: Fallible<M>>,
    {
        let tried = <I::Item as Fallible<M>>::tried as fn(I::Item) -> _;
        Ok(Results::new(self.open(false, tasks.into_iter().map(tried))?))
    }
}

impl<F: OnFailure> Parallel<SharedMem, List, F> {
    /// Lets `finish` drive an engine whose tasks may borrow from the caller.
    fn scoped<'scope, T, I, O>(
        &self,
        producer: I,
        finish: impl FnOnce(Engine<T, I, Box<dyn Session<TaskBatch<T>> + '_>>) -> Result<O>,
    ) -> Result<O>
    where
        T: Task + 'scope,
        I: Iterator<Item = T>,
    {
        let resolved = self.resolve(true)?;
        let capabilities = resolved.backend.capabilities();
        if capabilities.inline {
            let session: Box<dyn Session<TaskBatch<T>>> = Box::new(Inline::new(&resolved.call));
            return finish(Self::engine(resolved, capabilities, session, producer));
        }
        threads::scoped(&resolved.call.clone(), |session| {
            let session: Box<dyn Session<TaskBatch<T>> + '_> = Box::new(session);
            finish(Self::engine(resolved, capabilities, session, producer))
        })?
    }
}

impl Parallel<SharedMem, List, FailFast> {
    /// Runs closures that may borrow and returns their results in order, or the first failure.
    ///
    /// The failure does not carry the results that were completed before: ask for
    /// [`outcomes`](Self::outcomes) to have them.
    ///
    /// # Errors
    ///
    /// An option is invalid, the backend has no shared memory, or a task failed.
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
        self.scoped(tasks.into_iter().map(Closure), |engine| results::list(engine, results::forget))
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
    /// As [`run`](Self::run); and the first error that a closure returned.
    pub fn try_run<'scope, I, G, R, E, M>(&self, tasks: I) -> Result<Vec<R>>
    where
        I: IntoIterator<Item = G>,
        G: FnOnce() -> std::result::Result<R, E> + Send + 'scope,
        R: Send + 'scope,
        E: TaskFailure<M>,
        M: 'scope,
    {
        let tasks = tasks.into_iter().map(|task| Tried::<_, M>::new(Closure(task)));
        self.scoped(tasks, |engine| results::list(engine, results::forget))
    }
}

impl Parallel<SharedMem, List, Outcomes> {
    /// Runs closures that may borrow and returns for each its result or its failure, in order.
    ///
    /// # Errors
    ///
    /// An option is invalid, the backend has no shared memory, or the deadline has passed. A failed task is no error of the
    /// call.
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
        self.scoped(tasks.into_iter().map(Closure), |engine| {
            // Named by path, the function is not general enough over the engine's lifetime.
            results::outcomes(engine)
        })
    }

    /// Like [`run`](Self::run), for closures that return `Result`: an `Err` is that task's failure.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
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
        #[allow(
            clippy::redundant_closure,
            reason = "the function alone is not general in the session's lifetime"
        )]
        self.scoped(tasks, |engine| results::outcomes(engine))
    }
}

impl Parallel<Forked, List, FailFast> {
    /// Runs the closures in forked processes and returns their results in order, or the first failure.
    ///
    /// # Errors
    ///
    /// An option is invalid, a process can't be forked, or a task failed.
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
        results::list(self.open_forked(forked_closures(&closures))?, results::keep)
    }

    /// Like [`run`](Self::run), for closures that return `Result`: the first `Err` ends the call.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
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
        results::list(self.open_forked(forked_fallible(&closures))?, results::keep)
    }
}

impl Parallel<Forked, List, Outcomes> {
    /// Runs the closures in forked processes and returns for each its result or its failure, in order.
    ///
    /// # Errors
    ///
    /// An option is invalid, a process can't be forked, or the deadline has passed. A failed task is no error of the call.
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
        results::outcomes(self.open_forked(forked_closures(&closures))?)
    }

    /// Like [`run`](Self::run), for closures that return `Result`: an `Err` is that task's failure.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
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
        results::outcomes(self.open_forked(forked_fallible(&closures))?)
    }
}

impl<R, F: OnFailure> Parallel<Forked, R, F> {
    fn open_forked<T, I>(&self, producer: I) -> Result<Engine<T, I, Erased>>
    where
        T: Task<Output: 'static> + 'static,
        I: Iterator<Item = T>,
    {
        if multiprocessing::is_disabled() {
            return Err(Error::usage("fork() can't be used while JOBLIB_MULTIPROCESSING=0 forbids to fork"));
        }
        self.open(false, producer)
    }
}

/// Tasks whose `Err` is their failure.
type TriedTasks<I, M> =
    std::iter::Map<I, fn(<I as Iterator>::Item) -> <<I as Iterator>::Item as Fallible<M>>::Tried>;

/// The tasks of closures whose `Err` is their failure.
type TriedClosures<I, M> =
    std::iter::Map<I, fn(<I as Iterator>::Item) -> Tried<Closure<<I as Iterator>::Item>, M>>;

/// The tasks of closures.
type Closures<I> = std::iter::Map<I, fn(<I as Iterator>::Item) -> Closure<<I as Iterator>::Item>>;

impl<F: OnFailure> Parallel<SharedMem, Generator, F> {
    /// Starts closures on threads; the iterator gives their results in order.
    ///
    /// They may outlive the caller's scope, and so may not borrow from it.
    ///
    /// # Errors
    ///
    /// An option is invalid or the backend has no shared memory. Failures of tasks are given by the iterator.
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
    pub fn run<I, G, R>(&self, tasks: I) -> Result<Results<Closures<I::IntoIter>, Generator, F>>
    where
        I: IntoIterator<Item = G>,
        G: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        Ok(Results::new(self.open(true, tasks.into_iter().map(Closure as fn(G) -> Closure<G>))?))
    }

    /// Like [`run`](Self::run), for closures that return `Result`: an `Err` is that task's failure.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub fn try_run<I, G, R, E, M>(
        &self,
        tasks: I,
    ) -> Result<Results<TriedClosures<I::IntoIter, M>, Generator, F>>
    where
        I: IntoIterator<Item = G>,
        G: FnOnce() -> std::result::Result<R, E> + Send + 'static,
        R: Send + 'static,
        E: TaskFailure<M> + 'static,
        M: 'static,
    {
        let tried: fn(G) -> Tried<Closure<G>, M> = |task| Tried::new(Closure(task));
        Ok(Results::new(self.open(true, tasks.into_iter().map(tried))?))
    }
}

impl<F: OnFailure> Parallel<SharedMem, GeneratorUnordered, F> {
    /// Starts closures on threads; the iterator gives their results as they are completed.
    ///
    /// They may outlive the caller's scope, and so may not borrow from it.
    ///
    /// # Errors
    ///
    /// An option is invalid or the backend has no shared memory. Failures of tasks are given by the iterator.
    ///
    /// ```
    /// use joblib_parallel::{GeneratorUnordered, Parallel, SharedMem};
    ///
    /// let factor = 3;
    /// let parallel = Parallel::new().n_jobs(2).require(SharedMem).return_as(GeneratorUnordered);
    /// let products = parallel.run((0..4).map(|n| move || n * factor))?;
    /// assert_eq!(products.sum::<Result<i32, _>>()?, 18);
    /// # Ok::<(), joblib_parallel::Error>(())
    /// ```
    pub fn run<I, G, R>(&self, tasks: I) -> Result<Results<Closures<I::IntoIter>, GeneratorUnordered, F>>
    where
        I: IntoIterator<Item = G>,
        G: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        Ok(Results::new(self.open(true, tasks.into_iter().map(Closure as fn(G) -> Closure<G>))?))
    }

    /// Like [`run`](Self::run), for closures that return `Result`: an `Err` is that task's failure.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub fn try_run<I, G, R, E, M>(
        &self,
        tasks: I,
    ) -> Result<Results<TriedClosures<I::IntoIter, M>, GeneratorUnordered, F>>
    where
        I: IntoIterator<Item = G>,
        G: FnOnce() -> std::result::Result<R, E> + Send + 'static,
        R: Send + 'static,
        E: TaskFailure<M> + 'static,
        M: 'static,
    {
        let tried: fn(G) -> Tried<Closure<G>, M> = |task| Tried::new(Closure(task));
        Ok(Results::new(self.open(true, tasks.into_iter().map(tried))?))
    }
}
