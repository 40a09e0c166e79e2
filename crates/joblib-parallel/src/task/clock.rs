//! The clock of a task's time limit, as the task's own thread reaches it: a panic stops it.
//!
//! To resolve the stack of a panic can take longer than the task. That time is not the task's.

use std::cell::RefCell;
use std::sync::Arc;

/// Counts the time of the task that this thread runs.
pub(crate) trait TaskClock {
    /// The task panics with this message: its time stops. The message may be all that is left if the process dies.
    fn panicked(&self, message: &str);
    /// The task's time goes on, as if there had been none since it stopped.
    fn resume(&self);
}

thread_local! {
    static CLOCK: RefCell<Option<Arc<dyn TaskClock>>> = const { RefCell::new(None) };
}

/// Sets the clock of the tasks that this thread runs; returns the one before.
pub(crate) fn set(clock: Option<Arc<dyn TaskClock>>) -> Option<Arc<dyn TaskClock>> {
    CLOCK.replace(clock)
}

/// Calls `f` with this thread's clock, if it has one.
pub(super) fn with(f: impl FnOnce(&dyn TaskClock)) {
    // A thread that ends may have none any more.
    let _ = CLOCK.try_with(|clock| {
        if let Ok(clock) = clock.try_borrow()
            && let Some(clock) = &*clock
        {
            f(&**clock);
        }
    });
}
