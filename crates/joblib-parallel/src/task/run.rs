//! One task on this thread: its call, and its error where it fails.

use joblib_encoding::Preview;

use super::list::Tasks;
use super::name::readable;
use super::{context, panics};
use crate::error::{Cause, TaskError};

/// The most characters of a task's arguments that its error shows.
const ARGUMENT_CHARS: usize = 120;

/// Runs one task on this thread, the one at `place` of `tasks`, which keep its value: or its panic, with all that is known about
/// the task.
pub(crate) fn run_one(
    tasks: &mut dyn Tasks<'_>,
    place: usize,
    index: usize,
    function: &'static str,
    preview: &mut Preview,
) -> Result<(), TaskError> {
    context::set_index(index);
    record(tasks, place, function, preview);
    match panics::catch(function, || tasks.call(place)) {
        Ok(Ok(())) => Ok(()),
        Ok(Err(cause)) => Err(failed(index, function, preview, cause)),
        Err(panic) => Err(failed(index, function, preview, Cause::Panic(panic))),
    }
}

/// Records the beginning of the arguments of a task; nothing if what the user's types say of themselves panics. They need not
/// be encoded where the task runs, so that is no failure of the task.
fn record(tasks: &dyn Tasks<'_>, place: usize, function: &'static str, preview: &mut Preview) {
    if panics::catch(function, || tasks.record_arguments(place, preview)).is_err() {
        preview.clear();
    }
}

/// An error for a task that is still there to be described.
pub(crate) fn describe(tasks: &dyn Tasks<'_>, place: usize, index: usize, cause: Cause) -> TaskError {
    let function = tasks.function(place).name;
    let mut preview = Preview::new();
    record(tasks, place, function, &mut preview);
    failed(index, function, &preview, cause)
}

#[cold]
fn failed(index: usize, function: &str, preview: &Preview, cause: Cause) -> TaskError {
    TaskError::new(index, readable(function), preview.arguments(ARGUMENT_CHARS), cause)
}
