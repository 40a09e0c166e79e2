//! Ctrl-C during long work: the command stops between two steps, and what it has done is complete.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::failure::Failure;

/// Set by the handler of the signal.
static PRESSED: AtomicBool = AtomicBool::new(false);

/// From now on Ctrl-C is only noted. A second one ends the command at once.
pub(crate) fn catch() {
    // Where a handler can't be set, Ctrl-C ends the command as it always does.
    let _ = ctrlc::set_handler(|| {
        if PRESSED.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    });
}

/// Whether it was pressed.
pub(crate) fn pressed() -> bool {
    PRESSED.load(Ordering::Relaxed)
}

/// Ends the work if it was pressed; `done` says how far it came.
pub(crate) fn check(done: impl FnOnce() -> String) -> Result<(), Failure> {
    if pressed() { Err(Failure::Interrupted(done())) } else { Ok(()) }
}
