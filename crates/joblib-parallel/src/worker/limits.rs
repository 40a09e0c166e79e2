//! The limits of a worker: nice level and memory; and how it reports that it hit the latter.

use std::sync::Arc;
use std::sync::atomic::{AtomicPtr, Ordering};

use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};

use crate::wire::message::Setup;
use crate::wire::status_page::StatusPage;

/// Applies the limits of `setup` to this process.
pub(crate) fn apply(setup: &Setup, page: &Arc<StatusPage>) -> Result<(), String> {
    if let Some(nice) = setup.nice {
        // SAFETY: it takes and returns numbers only.
        let failed = unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, nice) } != 0;
        if failed {
            return Err(format!("nice level {nice}: {}", std::io::Error::last_os_error()));
        }
    }
    if let Some(limit) = setup.memory_limit {
        // The data segment: private memory that the process can write to. Mapped arrays do not count.
        setrlimit(Resource::RLIMIT_DATA, limit, limit)
            .map_err(|error| format!("memory limit {limit}: {error}"))?;
        report_oom_on_abort(page)?;
    }
    Ok(())
}

/// The page to write to when the process aborts.
static PAGE: AtomicPtr<StatusPage> = AtomicPtr::new(std::ptr::null_mut());

/// Running out of memory ends a Rust program by abort, like other things do. This tells them apart.
fn report_oom_on_abort(page: &Arc<StatusPage>) -> Result<(), String> {
    // Leaked: the handler may run at any time until the process ends.
    PAGE.store(Arc::into_raw(Arc::clone(page)).cast_mut(), Ordering::SeqCst);
    let action = SigAction::new(SigHandler::Handler(on_abort), SaFlags::SA_RESETHAND, SigSet::empty());
    // SAFETY: the handler looks at its own stack, writes an atomic, and raises the signal again, which then ends the process
    // as it would without a handler.
    unsafe { sigaction(Signal::SIGABRT, &action) }.map(drop).map_err(|error| error.to_string())
}

extern "C" fn on_abort(_signal: libc::c_int) {
    // SAFETY: the pointer is null or one that was leaked for this handler.
    let page = unsafe { PAGE.load(Ordering::SeqCst).as_ref() };
    if let Some(page) = page
        && allocation_failed()
    {
        page.out_of_memory();
    }
    // A signal that somebody sent, and that `abort` did not raise, would have no effect else. It comes when this returns, and
    // finds the default action.
    // SAFETY: a handler may raise signals.
    unsafe { libc::raise(libc::SIGABRT) };
}

/// Whether the process aborted because an allocation failed: then the standard library's function for that case is
/// on the stack.
fn allocation_failed() -> bool {
    use std::ffi::{c_int, c_void};

    unsafe extern "C" {
        fn _Unwind_Backtrace(
            step: extern "C" fn(*mut c_void, *mut c_void) -> c_int,
            found: *mut c_void,
        ) -> c_int;
        fn _Unwind_GetIP(frame: *mut c_void) -> usize;
        fn _Unwind_FindEnclosingFunction(place: *mut c_void) -> *mut c_void;
    }

    extern "C" fn step(frame: *mut c_void, found: *mut c_void) -> c_int {
        let handler = std::alloc::handle_alloc_error as fn(std::alloc::Layout) -> ! as *mut c_void;
        // SAFETY: the unwinder passes a valid frame; a return address is just behind the call in its function.
        let function =
            unsafe { _Unwind_FindEnclosingFunction(_Unwind_GetIP(frame).wrapping_sub(1) as *mut c_void) };
        if function == handler {
            // SAFETY: it is the `found` below.
            unsafe { *found.cast::<bool>() = true };
        }
        0
    }

    let mut found = false;
    // SAFETY: the callback is of the declared type, and `found` outlives the walk. The walk takes no lock that the
    // aborting thread could hold: it is not in the middle of unwinding, but in an ordinary call of `abort`.
    unsafe { _Unwind_Backtrace(step, (&raw mut found).cast()) };
    found
}
