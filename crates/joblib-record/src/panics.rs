//! What a panic said, for the step that it ends.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use crate::message::Message;

thread_local! {
    /// What the panic said that unwinds this thread.
    static NOTE: RefCell<Option<String>> = const { RefCell::new(None) };
    /// What the last panic said that ended a redacted step: the steps around that one don't tell it either.
    static UNTOLD: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Does `work`, and notes what it says when it panics. The panic goes on.
pub fn noting_panics<T>(work: impl FnOnce() -> T) -> T {
    // Nothing is done with what the work has left behind.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|payload| {
        let note = message(&*payload).map(|text| Message::of(&text).into_text());
        let is_told = note.is_some() && UNTOLD.try_with(|untold| *untold.borrow() != note).unwrap_or(false);
        let _ = NOTE.try_with(|noted| noted.replace(note.filter(|_| is_told)));
        resume_unwind(payload)
    })
}

fn message(payload: &(dyn Any + Send)) -> Option<&str> {
    payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref::<String>().map(String::as_str))
}

/// What was noted last on this thread.
pub(crate) fn noted() -> Option<String> {
    NOTE.try_with(RefCell::take).ok().flatten()
}

/// What was noted last on this thread ends a redacted step.
pub(crate) fn leave_untold() {
    if let Some(note) = noted() {
        let _ = UNTOLD.try_with(|untold| untold.replace(Some(note)));
    }
}
