//! The macro `delayed!`, beside the function `delayed`.

/// Makes a task of a call as it is written, for [`Parallel::run`](crate::Parallel::run) and every other form.
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
///
/// - **Arguments that are references** are lent: the task owns a value of its own, and lends it to the function where it runs,
///   on any backend. A `&str`, a slice or a `&Path` becomes a `String`, `Vec` or `PathBuf`; a `&T` a clone. A clone of an
///   `Array` or an `Arc` copies nothing. Other values are cloned once for each call of `run`, where the same place is lent
///   again and nothing was written to it, which one pass over the value finds out.
/// - **Other arguments** are moved into the task.
/// - **The function** is named by its path, with or without generic arguments, or is a method: the receiver of
///   `delayed!(model.score(&x))` is lent.
///
/// A function that returns a `Result` is for `try_run`. What can't be an argument, and a function that is a closure with
/// captures, is a compile error that `cargo check` reports; write a `fn`, or [`delayed`](fn@crate::delayed) for a closure
/// without captures.
///
/// ```compile_fail,E0308
/// # use joblib::prelude::*;
/// let factor = 3;
/// let scale = move |n: i32| n * factor;
/// delayed!(scale(1));
/// ```
///
/// An argument whose type only the function's signature tells, from a generic function of your own, needs to be given its
/// type: `delayed!(fit(&x, parse::<f64>(text)))`.
#[macro_export]
macro_rules! delayed {
    ($($call:tt)*) => {
        $crate::internal::delayed_call!(($crate) $($call)*)
    };
}
