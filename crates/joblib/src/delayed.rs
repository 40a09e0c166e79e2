//! The macro `delayed!`, beside the function `delayed`.

/// Turns a call into a task, for [`Parallel::run`](crate::Parallel::run), `try_run` and iterators of results.
///
/// ```
/// use joblib::prelude::*;
///
/// fn score(x: &Array<f64>, alpha: f64, name: &str) -> String {
///     format!("{name}: {}", x.iter().sum::<f64>() * alpha)
/// }
///
/// let x = Array::from(vec![1.0, 2.0]);
/// let scores = Parallel::new().n_jobs(2).run([0.5, 1.0].map(|alpha| delayed!(score(&x, alpha, "sum"))))?;
/// assert_eq!(scores, ["sum: 1.5", "sum: 3"]);
/// # Ok::<(), joblib::Error>(())
/// ```
/// - **Arguments that are references**: the task owns a clone of the value, and passes a reference to the clone to the
///   function, on any backend. A `&str`, a slice or a `&Path` becomes a `String`, `Vec` or `PathBuf`. A clone of an `Array` or
///   an `Arc` copies nothing. Other values are cloned once for each call of `run`, as long as the reference is to the same
///   variable and its value did not change, which is checked by one pass over the value for each task. Values that serde
///   writes alike count as the same value: if only a field with `#[serde(skip)]` changes between two tasks of a call, the
///   second one gets the clone that was made for the first.
/// - **Other arguments** are moved into the task.
/// - **The function** is given by its path, with or without generic arguments, or is a method: the receiver of
///   `delayed!(model.score(&x))` is an argument that is a reference.
///
/// Use `try_run` for functions that return a `Result`. A value that can't be an argument, and a closure that captures
/// variables, are compile errors that `cargo check` reports; write a `fn`, or use [`delayed`](fn@crate::delayed) for a
/// closure without captures.
///
/// ```compile_fail,E0308
/// # use joblib::prelude::*;
/// let factor = 3;
/// let scale = move |n: i32| n * factor;
/// delayed!(scale(1));
/// ```
/// The type of an argument is not inferred from the function's signature. If it is the result of a generic function, give
/// the type: `delayed!(fit(&x, parse::<f64>(text)))`.
#[macro_export]
macro_rules! delayed {
    ($($call:tt)*) => {
        $crate::internal::delayed_call!(($crate) $($call)*)
    };
}
