//! The choices of the builder that are types: where tasks may run, how results are returned, what a failure does.

/// Tasks are made with [`delayed`](crate::delayed) and run on any backend.
///
/// ```
/// use joblib_parallel::{Anywhere, FailFast, List, Parallel, delayed};
///
/// // What `Parallel` without parameters stands for, and what `Parallel::new()` gives.
/// let parallel: Parallel<Anywhere, List, FailFast> = Parallel::new().n_jobs(2);
/// assert_eq!(parallel.run([4.0, 9.0].map(|x| delayed(f64::sqrt, (x,))))?, [2.0, 3.0]);
/// # Ok::<(), joblib_parallel::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Anywhere;

/// Tasks are closures that may borrow, and run on threads of this process only: the argument of
/// [`require`](crate::Parallel::require).
///
/// ```
/// use joblib_parallel::{Parallel, SharedMem};
///
/// let threads: Parallel<SharedMem> = Parallel::new().n_jobs(2).require(SharedMem);
/// let words = ["to", "be"];
/// assert_eq!(threads.run(words.iter().map(|word| || word.len()))?, [2, 2]);
/// # Ok::<(), joblib_parallel::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct SharedMem;

/// Tasks are closures that may capture anything, and run in processes forked for the call: the state after
/// [`fork`](crate::Parallel::fork).
///
/// ```
/// use joblib_parallel::{Forked, Parallel};
///
/// let forks: Parallel<Forked> = Parallel::new().n_jobs(2).fork();
/// let words = ["to", "be"];
/// assert_eq!(forks.run(words.iter().map(|word| || word.len()))?, [2, 2]);
/// # Ok::<(), joblib_parallel::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Forked;

/// Results are returned together, in the order of their tasks.
#[derive(Debug, Clone, Copy)]
pub struct List;

/// Results are an iterator, in the order of their tasks; see [`return_as`](crate::Parallel::return_as).
#[derive(Debug, Clone, Copy)]
pub struct Generator;

/// Results are an iterator, as they are completed; see [`return_as`](crate::Parallel::return_as).
#[derive(Debug, Clone, Copy)]
pub struct GeneratorUnordered;

/// The first failure ends the call.
#[derive(Debug, Clone, Copy)]
pub struct FailFast;

/// Every task has its own outcome; see [`outcomes`](crate::Parallel::outcomes).
#[derive(Debug, Clone, Copy)]
pub struct Outcomes;

/// What a failure does to the other tasks: [`FailFast`] or [`Outcomes`].
///
/// ```
/// use joblib_parallel::{Anywhere, List, OnFailure, Outcomes, Parallel, delayed};
///
/// /// How this program runs its loops, whatever they do about failures.
/// fn usual<F: OnFailure>(parallel: Parallel<Anywhere, List, F>) -> Parallel<Anywhere, List, F> {
///     parallel.n_jobs(2).batch_size(1)
/// }
///
/// let outcomes: Parallel<_, _, Outcomes> = usual(Parallel::new().outcomes());
/// assert!(outcomes.run([delayed(f64::sqrt, (4.0,))])?[0].is_ok());
/// assert_eq!(usual(Parallel::new()).run([delayed(f64::sqrt, (4.0,))])?, [2.0]);
/// # Ok::<(), joblib_parallel::Error>(())
/// ```
pub trait OnFailure: sealed::Sealed {
    #[doc(hidden)]
    const STOPS: bool;
}

impl OnFailure for FailFast {
    const STOPS: bool = true;
}

impl OnFailure for Outcomes {
    const STOPS: bool = false;
}

/// How results are returned: [`List`], [`Generator`] or [`GeneratorUnordered`].
///
/// ```
/// use joblib_parallel::{Anywhere, Generator, GeneratorUnordered, Parallel, ReturnAs, delayed};
///
/// fn usual<R: ReturnAs>(results: R) -> Parallel<Anywhere, R> {
///     Parallel::new().n_jobs(2).return_as(results)
/// }
///
/// let roots = || [4.0, 9.0].map(|x| delayed(f64::sqrt, (x,)));
/// assert_eq!(usual(Generator).run(roots())?.collect::<Result<Vec<f64>, _>>()?, [2.0, 3.0]);
/// assert_eq!(usual(GeneratorUnordered).run(roots())?.sum::<Result<f64, _>>()?, 5.0);
/// # Ok::<(), joblib_parallel::Error>(())
/// ```
pub trait ReturnAs: sealed::Sealed {
    #[doc(hidden)]
    const THIS: Self;
}

impl ReturnAs for List {
    const THIS: Self = List;
}

impl ReturnAs for Generator {
    const THIS: Self = Generator;
}

impl ReturnAs for GeneratorUnordered {
    const THIS: Self = GeneratorUnordered;
}

/// Results are an iterator: [`Generator`] or [`GeneratorUnordered`].
///
/// ```
/// use joblib_parallel::{Anywhere, AsIterator, Generator, GeneratorUnordered, Parallel, Result, delayed};
///
/// fn total<R: AsIterator>(parallel: &Parallel<Anywhere, R>) -> Result<f64> {
///     parallel.run([4.0, 9.0].map(|x| delayed(f64::sqrt, (x,))))?.sum()
/// }
///
/// assert_eq!(total(&Parallel::new().return_as(Generator))?, 5.0);
/// assert_eq!(total(&Parallel::new().return_as(GeneratorUnordered))?, 5.0);
/// # Ok::<(), joblib_parallel::Error>(())
/// ```
pub trait AsIterator: ReturnAs {
    #[doc(hidden)]
    const ORDERED: bool;
}

impl AsIterator for Generator {
    const ORDERED: bool = true;
}

impl AsIterator for GeneratorUnordered {
    const ORDERED: bool = false;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::List {}
    impl Sealed for super::Generator {}
    impl Sealed for super::GeneratorUnordered {}
    impl Sealed for super::FailFast {}
    impl Sealed for super::Outcomes {}
}
