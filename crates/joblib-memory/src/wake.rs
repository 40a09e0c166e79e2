//! Waking the tasks of executors, which are other people's code.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Waker;

/// Wakes a task. A panic of its executor, which the panic hook reports, concerns neither the caller
/// nor other tasks that it wakes.
pub(crate) fn wake(waker: Waker) {
    let _ = catch_unwind(AssertUnwindSafe(|| waker.wake()));
}
