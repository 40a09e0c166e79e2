//! Tasks of different functions in one list: [`BoxedTask`].

use std::fmt;

use joblib_encoding::Preview;

use super::Task;
use super::delayed::{Delayed, Function, Value};
use super::function::TaskFunction;
use crate::error::Cause;
use crate::wire::arrays::{Arrays, Sender};
use crate::wire::values;

/// A call of any function that returns `R`: what [`Delayed::boxed`] returns.
///
/// It runs on every backend, like the call that it was made from, and needs one allocation.
pub struct BoxedTask<R>(Box<dyn Call<R>>);

/// A task without its type.
trait Call<R>: Send {
    fn call(self: Box<Self>) -> Result<R, Cause>;
    fn function(&self) -> TaskFunction;
    fn record_arguments(&self, preview: &mut Preview);
    fn encode(&self, out: &mut Vec<u8>, sender: Option<&Sender>) -> Result<(), String>;
}

impl<T: Task> Call<T::Output> for T {
    fn call(self: Box<Self>) -> Result<T::Output, Cause> {
        (*self).call()
    }

    fn function(&self) -> TaskFunction {
        Task::function(self)
    }

    fn record_arguments(&self, preview: &mut Preview) {
        Task::record_arguments(self, preview);
    }

    fn encode(&self, out: &mut Vec<u8>, sender: Option<&Sender>) -> Result<(), String> {
        Task::encode(self, out, sender)
    }
}

impl<F, Args> Delayed<F, Args>
where
    F: Function<Args>,
    F::Output: Value,
    Args: Value,
{
    /// Erases the type of the function, so that calls of different functions have the same type.
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

    fn function(&self) -> TaskFunction {
        TaskFunction { is_uniform: false, ..self.0.function() }
    }

    fn record_arguments(&self, preview: &mut Preview) {
        self.0.record_arguments(preview);
    }

    fn encode(&self, out: &mut Vec<u8>, sender: Option<&Sender>) -> Result<(), String> {
        self.0.encode(out, sender)
    }

    fn decode(bytes: &[u8], arrays: Arrays<'_>) -> Result<Result<R, Cause>, String> {
        values::decode(bytes, arrays).map(Ok)
    }
}

impl<R> fmt::Debug for BoxedTask<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BoxedTask").field(&self.0.function().name).finish()
    }
}
