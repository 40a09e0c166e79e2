//! Catching a task's panic with its message, place and stack.
//!
//! The place of a panic is known only to the process's panic hook, so one is put in front of the existing hook, once.
//! It keeps the details of panics inside tasks, silently, for they arrive as errors; all others it passes on.

use std::any::Any;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::sync::Once;

use super::{backtrace, clock};
use crate::error::Panic;
use crate::sync;

/// The message of a panic whose payload is no text.
const NO_TEXT: &str = "a value that is not text";

thread_local! {
    /// The function of the task that this thread runs.
    static TASK: Cell<Option<&'static str>> = const { Cell::new(None) };
    static DETAILS: RefCell<Option<Box<Panic>>> = const { RefCell::new(None) };
    /// Whether there may be details: most tasks do not panic, and this is looked at faster.
    static HAS_DETAILS: Cell<bool> = const { Cell::new(false) };
}

/// Puts the hook in place; cheap after the first time.
pub(crate) fn install_hook() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            // Both may take the standard library's lock around backtraces.
            sync::undivided(|| match TASK.try_with(Cell::get).ok().flatten() {
                Some(function) => keep(info, function),
                None => previous(info),
            });
        }));
    });
}

fn keep(info: &PanicHookInfo<'_>, function: &'static str) {
    let mut details = Panic {
        message: info.payload_as_str().unwrap_or(NO_TEXT).to_owned(),
        location: info.location().map(ToString::to_string),
        backtrace: None,
    };
    clock::with(|clock| clock.panicked(&details.to_string()));
    let backtrace = Backtrace::capture();
    if backtrace.status() == BacktraceStatus::Captured {
        details.backtrace = Some(backtrace::of_task(&backtrace, function, details.location.as_deref()));
    }
    set_details(Some(Box::new(details)));
    clock::with(|clock| clock.resume());
}

/// Runs `f`, a task of `function`, and turns its panic into a value.
pub(crate) fn catch<R>(function: &'static str, f: impl FnOnce() -> R) -> Result<R, Panic> {
    let (mut f, mut value) = (Some(f), None);
    run(function, &mut || value = f.take().map(__rust_begin_short_backtrace))?;
    // It was run, so there is a value.
    value.ok_or_else(|| Panic { message: NO_TEXT.to_owned(), location: None, backtrace: None })
}

/// [`catch`], compiled once for all types of results.
fn run(function: &'static str, task: &mut dyn FnMut()) -> Result<(), Panic> {
    let outer = TASK.replace(Some(function));
    // Of a panic that the thread caught itself, or that unwinds through what runs this: neither is this task's.
    let outer_details = if HAS_DETAILS.replace(false) { DETAILS.take() } else { None };
    // The task owns what it works on, and nobody sees that again after its panic.
    let result = panic::catch_unwind(AssertUnwindSafe(task));
    let result = result.map_err(|payload| {
        let panic = describe(&*payload);
        // What was thrown may panic when it is dropped; what that throws is not dropped.
        if let Err(second) = panic::catch_unwind(AssertUnwindSafe(|| drop(payload))) {
            std::mem::forget(second);
            DETAILS.take();
        }
        panic
    });
    TASK.set(outer);
    set_details(outer_details);
    result
}

fn set_details(details: Option<Box<Panic>>) {
    if HAS_DETAILS.replace(details.is_some()) || details.is_some() {
        DETAILS.set(details);
    }
}

/// Says that the closure which [`catch`] runs goes on with a task of `function`.
pub(crate) fn set_function(function: &'static str) {
    TASK.set(Some(function));
}

/// Is on the stack where the task begins; the standard library's own name for that, so that it knows it too.
#[inline(never)]
fn __rust_begin_short_backtrace<R>(f: impl FnOnce() -> R) -> R {
    let result = f();
    // Without something to do after the call, this frame could be given up for it.
    std::hint::black_box(());
    result
}

#[cold]
fn describe(payload: &(dyn Any + Send)) -> Panic {
    let message = payload
        .downcast_ref::<&str>()
        .map(|s| (*s).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| NO_TEXT.to_owned());
    // Another hook was installed after ours, or the panic was resumed, perhaps after another one that the task caught: only the
    // payload is left.
    match DETAILS.take() {
        Some(details) if details.message == message => *details,
        _ => Panic { message, location: None, backtrace: None },
    }
}
