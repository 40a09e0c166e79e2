//! The functions and closures that can be cached without a macro.

use serde::Serialize;

use crate::call::{Call, Description};

/// A function of up to eight arguments that can be cached: each argument is hashed by reference
/// before the call.
///
/// ```
/// use joblib_memory::{CacheFn, Memory};
///
/// fn remembered<F: CacheFn<(f64,), Output = f64>>(memory: &Memory, name: &str, f: F) -> f64 {
///     memory.cache(name, f).eval((2.0,))
/// }
/// assert_eq!(remembered(&Memory::none(), "half", |x: f64| x / 2.0), 1.0);
/// ```
pub trait CacheFn<A> {
    /// What it returns.
    type Output;

    /// Calls the function.
    fn call_with(&self, arguments: A) -> Self::Output;

    #[doc(hidden)]
    fn hash_arguments(call: &mut Call<'_>, arguments: &A, ignore: &[usize]);

    #[doc(hidden)]
    fn describe_arguments(description: &mut Description, arguments: &A, ignore: &[usize]);
}

const NAMES: [&str; 8] = ["0", "1", "2", "3", "4", "5", "6", "7"];

macro_rules! cache_fn {
    ($($argument:ident $index:tt),*) => {
        impl<F, R, $($argument),*> CacheFn<($($argument,)*)> for F
        where
            F: Fn($($argument),*) -> R,
            $($argument: Serialize,)*
        {
            type Output = R;

            #[allow(clippy::unused_unit, unused_variables, reason = "there may be no argument")]
            fn call_with(&self, arguments: ($($argument,)*)) -> R {
                self($(arguments.$index),*)
            }

            #[allow(unused_variables, reason = "there may be no argument")]
            fn hash_arguments(call: &mut Call<'_>, arguments: &($($argument,)*), ignore: &[usize]) {
                $(if !ignore.contains(&$index) {
                    call.argument(NAMES[$index], &arguments.$index);
                })*
            }

            #[allow(unused_variables, reason = "there may be no argument")]
            fn describe_arguments(description: &mut Description, arguments: &($($argument,)*), ignore: &[usize]) {
                $(if !ignore.contains(&$index) {
                    description.argument(&arguments.$index);
                })*
            }
        }
    };
}

cache_fn!();
cache_fn!(A0 0);
cache_fn!(A0 0, A1 1);
cache_fn!(A0 0, A1 1, A2 2);
cache_fn!(A0 0, A1 1, A2 2, A3 3);
cache_fn!(A0 0, A1 1, A2 2, A3 3, A4 4);
cache_fn!(A0 0, A1 1, A2 2, A3 3, A4 4, A5 5);
cache_fn!(A0 0, A1 1, A2 2, A3 3, A4 4, A5 5, A6 6);
cache_fn!(A0 0, A1 1, A2 2, A3 3, A4 4, A5 5, A6 6, A7 7);
