//! The names of functions.

/// A function's path without the noise that `type_name` adds.
pub(crate) fn readable(function: &str) -> String {
    function.replace("::{{closure}}", "::{closure}")
}
