//! What a panic said, for the step that it ends.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use crate::message::Message;

/// A panic, known by the address of what it carries. Another one may have the same later: it then says nothing here.
type Panic = usize;

thread_local! {
    /// The panic that unwinds this thread, and what it said.
    static NOTE: RefCell<Option<(Panic, Option<String>)>> = const { RefCell::new(None) };
    /// The last panic that ended a redacted step: the steps around that one don't tell either.
    static UNTOLD: Cell<Option<Panic>> = const { Cell::new(None) };
}

/// Does `work`, and notes what it says when it panics. The panic goes on.
pub fn noting_panics<T>(work: impl FnOnce() -> T) -> T {
    // Nothing is done with what the work has left behind.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|payload| {
        let panic = (&raw const *payload).cast::<()>().addr();
        let is_untold = UNTOLD.try_with(|untold| untold.get() == Some(panic)).unwrap_or(true);
        let text = message(&*payload).filter(|_| !is_untold).map(|text| Message::of(&text).into_text());
        let _ = NOTE.try_with(|noted| noted.replace(Some((panic, text))));
        resume_unwind(payload)
    })
}

fn message(payload: &(dyn Any + Send)) -> Option<&str> {
    payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref::<String>().map(String::as_str))
}

/// What was noted last on this thread.
pub(crate) fn noted() -> Option<String> {
    NOTE.try_with(RefCell::take).ok().flatten()?.1
}

/// The panic that was noted last on this thread ends a redacted step.
pub(crate) fn leave_untold() {
    if let Ok(Some((panic, _))) = NOTE.try_with(RefCell::take) {
        let _ = UNTOLD.try_with(|untold| untold.set(Some(panic)));
    }
}
