//! Tasks whose `Err` is their failure: what `try_run` makes of functions that return a `Result`.
//!
//! Only the value of the `Result` has to be one that can be sent. The error becomes a failure where the task runs: it is
//! kept as it is on threads, and sent as text from processes.

use std::marker::PhantomData;

use joblib_encoding::Preview;

use super::boxed::BoxedTask;
use super::delayed::{Delayed, Function, Value, instance, record_arguments, type_check};
use super::function::TaskFunction;
use super::trampoline::{EncodedTask, Failure};
use super::{Closure, Portable, Task};
use crate::error::{Cause, TaskFailure};
use crate::wire::arrays::{Arrays, Sender};
use crate::wire::values;

/// A call made with [`delayed`](crate::delayed) of a function that returns a `Result`: what `try_run` takes.
///
/// The value of the `Result` is a [`Value`](crate::Value), and its error a [`TaskFailure`]. `M` is inferred.
///
/// ```
/// use joblib_parallel::{Fallible, Parallel, Result, delayed};
///
/// fn total<M>(tasks: impl IntoIterator<Item: Fallible<M, Value = i64>>) -> Result<i64> {
///     Ok(Parallel::new().n_jobs(2).try_run(tasks)?.iter().sum())
/// }
///
/// let parse = |text: String| text.parse::<i64>();
/// assert_eq!(total(["1", "2"].map(|text| delayed(parse, (text.to_owned(),))))?, 3);
/// # Ok::<(), joblib_parallel::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a task that returns a `Result`",
    note = "`try_run` takes calls of functions that return `Result<T, E>`, made with `delayed(f, (a, b))`: `T` is known to serde, and `E` converts into `Box<dyn Error + Send + Sync>` or is a `Box<dyn Error>`",
    note = "calls of other functions are for `run`"
)]
pub trait Fallible<M>: Send {
    /// What the function returns where it succeeds.
    type Value: Send + 'static;

    #[doc(hidden)]
    type Tried: Portable<Output = Self::Value>;

    #[doc(hidden)]
    fn tried(self) -> Self::Tried;
}

/// A task of which the function's `Err` is the task's failure.
#[doc(hidden)]
#[derive(Debug)]
pub struct Tried<T, M>(pub(crate) T, PhantomData<fn() -> M>);

impl<T, M> Tried<T, M> {
    pub(crate) fn new(task: T) -> Self {
        Tried(task, PhantomData)
    }
}

impl<F, Args, U, E, M> Fallible<M> for Delayed<F, Args>
where
    F: Function<Args, Output = Result<U, E>>,
    Args: Value,
    U: Value,
    E: TaskFailure<M>,
    M: 'static,
{
    type Value = U;
    type Tried = Tried<Self, M>;

    fn tried(self) -> Tried<Self, M> {
        Tried::new(self)
    }
}

impl<F, Args, U, E, M> Task for Tried<Delayed<F, Args>, M>
where
    F: Function<Args, Output = Result<U, E>>,
    Args: Value,
    U: Value,
    E: TaskFailure<M>,
{
    type Output = U;

    fn call(self) -> Result<U, Cause> {
        instance::<F>().call(self.0.args).map_err(|error| Cause::Failed(error.into_failure()))
    }

    fn function(&self) -> TaskFunction {
        TaskFunction::portable(F::name(), run_encoded::<F, Args, U, E, M>, type_check::<F, Args>)
    }

    fn record_arguments(&self, preview: &mut Preview) {
        record_arguments::<F, Args>(&self.0.args, preview);
    }

    fn encode(&self, out: &mut Vec<u8>, sender: Option<&Sender>) -> Result<(), String> {
        values::encode(&self.0.args, out, sender)
    }

    fn decode(bytes: &[u8], arrays: Arrays<'_>) -> Result<Result<U, Cause>, String> {
        values::decode(bytes, arrays).map(Ok)
    }
}

/// The trampoline of tasks of this type.
fn run_encoded<F, Args, U, E, M>(task: &mut EncodedTask<'_>)
where
    F: Function<Args, Output = Result<U, E>>,
    Args: Value,
    U: Value,
    E: TaskFailure<M>,
{
    task.run(type_check::<F, Args>, F::name(), |task| match instance::<F>().call(task.arguments()?) {
        Ok(result) => task.result(&result),
        Err(error) => Err(Failure::returned(&error.into_failure())),
    });
}

impl<U, E, M> Fallible<M> for BoxedTask<Result<U, E>>
where
    Result<U, E>: Value,
    U: Send,
    E: TaskFailure<M>,
    M: 'static,
{
    type Value = U;
    type Tried = Tried<Self, M>;

    fn tried(self) -> Tried<Self, M> {
        Tried::new(self)
    }
}

/// The error of a boxed task is sent as a value, for its function is not known here.
impl<U, E, M> Task for Tried<BoxedTask<Result<U, E>>, M>
where
    Result<U, E>: Value,
    U: Send,
    E: TaskFailure<M>,
{
    type Output = U;

    fn call(self) -> Result<U, Cause> {
        self.0.call()?.map_err(|error| Cause::Failed(error.into_failure()))
    }

    fn function(&self) -> TaskFunction {
        self.0.function()
    }

    fn record_arguments(&self, preview: &mut Preview) {
        self.0.record_arguments(preview);
    }

    fn encode(&self, out: &mut Vec<u8>, sender: Option<&Sender>) -> Result<(), String> {
        self.0.encode(out, sender)
    }

    fn decode(bytes: &[u8], arrays: Arrays<'_>) -> Result<Result<U, Cause>, String> {
        let outcome = BoxedTask::<Result<U, E>>::decode(bytes, arrays)?;
        Ok(outcome.and_then(|result| result.map_err(|error| Cause::Failed(error.into_failure()))))
    }
}

impl<G, R, E, M> Task for Tried<Closure<G>, M>
where
    G: FnOnce() -> Result<R, E> + Send,
    R: Send,
    E: TaskFailure<M>,
{
    type Output = R;

    fn call(self) -> Result<R, Cause> {
        (self.0.0)().map_err(|error| Cause::Failed(error.into_failure()))
    }

    fn function(&self) -> TaskFunction {
        TaskFunction::local(std::any::type_name::<G>())
    }

    fn record_arguments(&self, preview: &mut Preview) {
        preview.clear();
    }
}
