//! [`delayed`]: a function and its arguments, kept to be called elsewhere.

use std::fmt;
use std::marker::PhantomData;

use joblib_encoding::Preview;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Task;
use super::function::TaskFunction;
use super::trampoline::EncodedTask;
use crate::error::{Cause, REDACTED};
use crate::wire::arrays::{Arrays, Sender};
use crate::wire::function_id;
use crate::wire::values;

/// A function that another process can call: a function or a closure that captures nothing, of up to twelve
/// arguments.
///
/// It is implemented for every such function; `Args` is the tuple of its arguments.
///
/// ```
/// use joblib_parallel::{Delayed, Function, delayed};
///
/// fn twice<F: Function<(f64,), Output = f64>>(f: F) -> [Delayed<F, (f64,)>; 2] {
///     [delayed(f, (1.0,)), delayed(f, (2.0,))]
/// }
/// assert_eq!(joblib_parallel::Parallel::new().run(twice(f64::sqrt))?[0], 1.0);
/// # Ok::<(), joblib_parallel::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be called with the arguments `{Args}`, or captures something",
    note = "`delayed(f, (a, b))` takes a function or a closure without captures, and its arguments as a tuple: one argument is `(a,)`",
    note = "closures that capture run on threads, after `.require(SharedMem)`"
)]
pub trait Function<Args>: Copy + Send + Sync + 'static {
    /// What it returns.
    type Output;

    /// Calls it.
    fn call(self, args: Args) -> Self::Output;

    /// Its path.
    #[doc(hidden)]
    fn name() -> &'static str {
        std::any::type_name::<Self>()
    }

    /// Whether its arguments are told nowhere.
    #[doc(hidden)]
    fn is_redacted() -> bool {
        false
    }
}

/// Notes the arguments of a call, for the error that it may end with.
pub(crate) fn record_arguments<F: Function<Args>, Args: Value>(args: &Args, preview: &mut Preview) {
    if F::is_redacted() {
        preview.record(REDACTED);
    } else {
        preview.record(args);
    }
}

macro_rules! functions {
    ($($arg:ident)*) => {
        impl<F, R, $($arg),*> Function<($($arg,)*)> for F
        where
            F: Fn($($arg),*) -> R + Copy + Send + Sync + 'static,
        {
            type Output = R;

            #[allow(non_snake_case)]
            #[inline]
            fn call(self, ($($arg,)*): ($($arg,)*)) -> R {
                self($($arg),*)
            }
        }
    };
}

functions!();
functions!(A);
functions!(A B);
functions!(A B C);
functions!(A B C D);
functions!(A B C D E);
functions!(A B C D E G);
functions!(A B C D E G H);
functions!(A B C D E G H I);
functions!(A B C D E G H I J);
functions!(A B C D E G H I J K);
functions!(A B C D E G H I J K L);
functions!(A B C D E G H I J K L M);

/// A value that can travel to another process and back.
///
/// It is implemented for everything that [serde](https://serde.rs) can write and read and that a thread may own.
///
/// ```
/// use joblib_parallel::{Function, Parallel, Result, Value, delayed};
///
/// fn map<A: Value, R: Value>(f: impl Function<(A,), Output = R>, items: Vec<A>) -> Result<Vec<R>> {
///     Parallel::new().n_jobs(2).run(items.into_iter().map(|item| delayed(f, (item,))))
/// }
///
/// #[derive(serde::Serialize, serde::Deserialize)]
/// struct Point(f64, f64);
///
/// assert_eq!(map(|Point(x, y)| x.hypot(y), vec![Point(3.0, 4.0)])?, [5.0]);
/// # Ok::<(), joblib_parallel::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be sent to a worker: arguments and results have to be owned, and known to serde",
    label = "borrows, or is unknown to serde",
    note = "of a `Result`: functions that return one are for `try_run`, where the error can be of any type",
    note = "pass owned arguments (a clone of an `Array` copies nothing), to a function that takes them so: `fn norm(x: Array<f64>)`",
    note = "or lend them as the call is written, with the macro of the crate `joblib`: `delayed!(norm(&x))`",
    note = "or run closures that borrow, on threads: `.require(SharedMem)` and `.run(items.iter().map(|item| move || norm(item)))`",
    note = "types of your own have to derive `serde::Serialize` and `serde::Deserialize`"
)]
pub trait Value: Serialize + DeserializeOwned + Send + 'static {}

// Not recommended, for the compiler would name `Deserialize` as what is missing, which no reference can have.
#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + Send + 'static> Value for T {}

/// A call that has not been made yet, returned by [`delayed`] and run by [`Parallel::run`](crate::Parallel::run).
pub struct Delayed<F, Args> {
    pub(super) args: Args,
    function: PhantomData<F>,
}

/// Creates a task that calls `f(args…)`.
///
/// `f` is a function or a closure that captures nothing. It is checked at compile time that it has no data, so that it can
/// be called in another process. `args` is the tuple of its arguments. On threads they are moved to the worker without
/// being encoded; in processes they are encoded.
///
/// ```
/// use joblib_parallel::{Parallel, delayed};
///
/// fn score(alpha: f64, folds: u32) -> f64 {
///     alpha * f64::from(folds)
/// }
///
/// let scores = Parallel::new().n_jobs(2).run([0.1, 1.0, 10.0].map(|alpha| delayed(score, (alpha, 5))))?;
/// assert_eq!(scores, [0.5, 5.0, 50.0]);
/// # Ok::<(), joblib_parallel::Error>(())
/// ```
///
/// Arguments are owned; arguments that borrow do not compile:
///
/// ```compile_fail,E0277
/// fn norm(x: &Vec<f64>) -> f64 {
///     x.iter().map(|v| v * v).sum::<f64>().sqrt()
/// }
/// let x = vec![3.0, 4.0];
/// joblib_parallel::delayed(norm, (&x,));
/// ```
///
/// A closure that captures variables does not compile here; such closures can run on threads, after
/// [`require(SharedMem)`](crate::Parallel::require). `cargo build` reports this, but not `cargo check`, which does not
/// evaluate the size of closures; the macro `delayed!` of the crate `joblib` is checked by both.
///
/// ```compile_fail,E0080
/// let factor = 3;
/// joblib_parallel::delayed(move |n: i32| n * factor, (1,));
/// ```
pub fn delayed<F, Args>(f: F, args: Args) -> Delayed<F, Args>
where
    F: Function<Args>,
    Args: Value,
{
    // Not in a function that this one calls: the compiler names the line that calls the function with the check.
    const { NoData::<F>::CHECKED };
    Delayed::of(&f, args)
}

impl<F: Function<Args>, Args> Delayed<F, Args> {
    /// A call of `function`, which has no data: the caller checks it.
    pub(super) fn of(_function: &F, args: Args) -> Self {
        Delayed { args, function: PhantomData }
    }
}

/// Checks, when the program is compiled, that values of `F` hold no data.
pub(super) struct NoData<F>(PhantomData<F>);

impl<F> NoData<F> {
    /// One constant wherever it is relied on, so that the compiler reports one error, which has this text.
    pub(super) const CHECKED: () = assert!(
        size_of::<F>() == 0,
        "delayed() takes a function or a closure that captures nothing, and no pointer to a function (`as fn(A) -> R`): pass \
         what a closure captures as an argument, or make the closure itself the task, on threads with require(SharedMem) or in \
         forks with .fork(); for calls of different functions in one list, \
         write delayed(f, (a,)).boxed(), delayed(g, (b,)).boxed()"
    );
}

/// The one value of `F`, which holds no data.
pub(super) fn instance<F: Copy>() -> F {
    const { NoData::<F>::CHECKED };
    // SAFETY: F has no bytes, so any (aligned, dangling) pointer reads it; it is Copy, so no value is dropped twice.
    // A value of F existed in this program: `Delayed<F, _>` is made from one.
    unsafe { std::ptr::NonNull::<F>::dangling().as_ptr().read() }
}

impl<F, Args> Task for Delayed<F, Args>
where
    F: Function<Args>,
    F::Output: Value,
    Args: Value,
{
    type Output = F::Output;

    #[inline]
    fn call(self) -> Result<F::Output, Cause> {
        Ok(instance::<F>().call(self.args))
    }

    fn function(&self) -> TaskFunction {
        TaskFunction::portable(F::name(), run_encoded::<F, Args>, type_check::<F, Args>)
    }

    #[inline]
    fn record_arguments(&self, preview: &mut Preview) {
        record_arguments::<F, Args>(&self.args, preview);
    }

    #[inline]
    fn encode(&self, out: &mut Vec<u8>, sender: Option<&Sender>) -> Result<(), String> {
        values::encode(&self.args, out, sender)
    }

    #[inline]
    fn decode(bytes: &[u8], arrays: Arrays<'_>) -> Result<Result<F::Output, Cause>, String> {
        values::decode(bytes, arrays).map(Ok)
    }
}

/// The trampoline of tasks of this type.
fn run_encoded<F, Args>(task: &mut EncodedTask<'_>)
where
    F: Function<Args>,
    F::Output: Value,
    Args: Value,
{
    task.run(type_check::<F, Args>, F::name(), |task| {
        let result = instance::<F>().call(task.arguments()?);
        task.result(&result)
    });
}

/// A hash of the types that both sides have to agree on.
pub(super) fn type_check<F: Function<Args>, Args>() -> u64 {
    function_id::hash_texts(&[
        std::any::type_name::<F>(),
        std::any::type_name::<Args>(),
        std::any::type_name::<F::Output>(),
    ])
}

impl<F, Args: Clone> Clone for Delayed<F, Args> {
    fn clone(&self) -> Self {
        Delayed { args: self.args.clone(), function: PhantomData }
    }
}

impl<F, Args: fmt::Debug> fmt::Debug for Delayed<F, Args> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delayed")
            .field("function", &std::any::type_name::<F>())
            .field("args", &self.args)
            .finish()
    }
}
