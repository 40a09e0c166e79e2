//! Tasks of different functions in one list: [`BoxedTask`].

use std::fmt;

use crate::delayed::{Delayed, Function, Value};
use crate::describe::Peek;
use crate::error::Cause;
use crate::portable::Name;
use crate::task::Task;

/// A call of any function that returns `R`: what [`Delayed::boxed`] returns.
///
/// It runs on every backend, as the call it was made from does, for the price of an allocation.
pub struct BoxedTask<R>(Box<dyn Call<R>>);

/// A task without its type.
trait Call<R>: Send {
    fn call(self: Box<Self>) -> Result<R, Cause>;
    fn function_name(&self) -> &'static str;
    fn peek(&self, peek: &mut Peek);
    fn portable_name(&self) -> Result<Name, String>;
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), String>;
}

impl<T: Task> Call<T::Output> for T {
    fn call(self: Box<Self>) -> Result<T::Output, Cause> {
        (*self).call()
    }

    fn function_name(&self) -> &'static str {
        Task::function_name(self)
    }

    fn peek(&self, peek: &mut Peek) {
        Task::peek(self, peek);
    }

    fn portable_name(&self) -> Result<Name, String> {
        Task::portable_name(self)
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), String> {
        Task::encode(self, out)
    }
}

impl<F, Args> Delayed<F, Args>
where
    F: Function<Args>,
    F::Output: Value,
    Args: Value,
{
    /// Forgets which function it is that will be called, so that calls of different functions are of one type.
    ///
    /// ```
    /// use joblib_parallel::{BoxedTask, Parallel, delayed};
    ///
    /// let tasks: Vec<BoxedTask<f64>> =
    ///     vec![delayed(f64::sqrt, (9.0,)).boxed(), delayed(f64::hypot, (3.0, 4.0)).boxed()];
    /// assert_eq!(Parallel::new().n_jobs(2).run(tasks)?, [3.0, 5.0]);
    /// # Ok::<(), joblib_parallel::Error>(())
    /// ```
    pub fn boxed(self) -> BoxedTask<F::Output> {
        BoxedTask(Box::new(self))
    }
}

impl<R: Value> Task for BoxedTask<R> {
    type Output = R;

    fn call(self) -> Result<R, Cause> {
        self.0.call()
    }

    fn function_name(&self) -> &'static str {
        self.0.function_name()
    }

    fn peek(&self, peek: &mut Peek) {
        self.0.peek(peek);
    }

    const UNIFORM: bool = false;

    fn portable_name(&self) -> Result<Name, String> {
        self.0.portable_name()
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), String> {
        self.0.encode(out)
    }

    fn decode(bytes: &[u8]) -> Result<Result<R, Cause>, String> {
        rmp_serde::from_slice(bytes).map(Ok).map_err(|error| error.to_string())
    }
}

impl<R> fmt::Debug for BoxedTask<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BoxedTask").field(&self.0.function_name()).finish()
    }
}
