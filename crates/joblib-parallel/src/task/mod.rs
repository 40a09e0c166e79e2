//! Tasks: what the engine needs of one, how one is run, and those of each kind.

pub(crate) mod backtrace;
pub(crate) mod batch;
pub(crate) mod boxed;
pub(crate) mod call;
pub(crate) mod captured;
pub(crate) mod clock;
pub(crate) mod context;
pub(crate) mod delayed;
pub(crate) mod fallible;
pub(crate) mod forked;
pub(crate) mod function;
pub(crate) mod lent;
pub(crate) mod list;
pub(crate) mod name;
pub(crate) mod panics;
pub(crate) mod process_batch;
pub(crate) mod run;
pub(crate) mod run_options;
pub(crate) mod task_batch;
pub(crate) mod trampoline;

use joblib_encoding::Preview;

use self::function::{NOT_PORTABLE, TaskFunction};
use crate::error::Cause;
use crate::wire::arrays::{Arrays, Sender};

/// One call of a function, not made yet. It is sealed: [`Delayed`](crate::Delayed) is the public one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a task that can run on every backend",
    label = "not made with `delayed`",
    note = "`run` takes calls made with `delayed(f, (a, b))`: a function or a closure without captures, and its arguments as a tuple",
    note = "closures that capture or borrow run on threads, after `.require(SharedMem)`, or in forked processes, after `.fork()`"
)]
#[doc(hidden)]
pub trait Task: Send {
    /// What the function returns.
    type Output: Send;

    /// Makes the call.
    fn call(self) -> Result<Self::Output, Cause>;

    /// The function.
    fn function(&self) -> TaskFunction;

    /// Records the beginning of the arguments, for the error of a task that fails: they are gone once it runs.
    fn record_arguments(&self, preview: &mut Preview);

    /// Appends the encoded arguments. Large memory goes through `sender`, if there is one.
    ///
    /// # Errors
    ///
    /// Returns an error if they can't be encoded.
    fn encode(&self, _out: &mut Vec<u8>, _sender: Option<&Sender>) -> Result<(), String> {
        Err(NOT_PORTABLE.to_owned())
    }

    /// The function's result, from its encoded form.
    ///
    /// # Errors
    ///
    /// Returns an error if it can't be decoded.
    fn decode(_bytes: &[u8], _arrays: Arrays<'_>) -> Result<Result<Self::Output, Cause>, String> {
        Err(NOT_PORTABLE.to_owned())
    }
}

/// A task that any backend can run: what [`delayed`](crate::delayed) makes.
///
/// ```
/// use joblib_parallel::{Parallel, Portable, Result, delayed};
///
/// fn total(tasks: impl IntoIterator<Item: Portable<Output = u64>>) -> Result<u64> {
///     Ok(Parallel::new().n_jobs(2).run(tasks)?.iter().sum())
/// }
/// assert_eq!(total([1, 2, 3].map(|n| delayed(u64::pow, (n, 2))))?, 14);
/// # Ok::<(), joblib_parallel::Error>(())
/// ```
pub trait Portable: Task<Output: 'static> + 'static {}

impl<T: Task<Output: 'static> + 'static> Portable for T {}

/// A closure that may borrow, for threads.
#[doc(hidden)]
pub struct Closure<F>(pub(crate) F);

impl<F: FnOnce() -> R + Send, R: Send> Task for Closure<F> {
    type Output = R;

    fn call(self) -> Result<R, Cause> {
        Ok((self.0)())
    }

    fn function(&self) -> TaskFunction {
        TaskFunction::local(std::any::type_name::<F>())
    }

    fn record_arguments(&self, preview: &mut Preview) {
        preview.clear();
    }
}
