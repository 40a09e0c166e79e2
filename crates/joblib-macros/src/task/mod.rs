//! Tasks of calls as they are written: `delayed!`, and the companion `delayed` of functions with `#[task]` or `#[cached]`.

mod argument;
mod attribute;
mod call;
mod companion;

pub(crate) use attribute::attribute;
pub(crate) use call::call;
pub(crate) use companion::companion;

/// The most arguments of a task, as many as `joblib_parallel::Function` is implemented for.
const MOST_ARGUMENTS: usize = 12;
