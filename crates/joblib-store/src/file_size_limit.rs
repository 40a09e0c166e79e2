//! A write beyond `RLIMIT_FSIZE` is an error, and not the end of the program.

use std::sync::atomic::{AtomicBool, Ordering};

use nix::libc::c_int;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};

/// Installs a handler of `SIGXFSZ` that does nothing, unless the program has set that signal's action itself. A write
/// beyond the limit then fails with `EFBIG`. Programs that are started by this one get the default action again.
pub(crate) fn survive_file_size_limit() {
    static DONE: AtomicBool = AtomicBool::new(false);
    if DONE.swap(true, Ordering::Relaxed) {
        return;
    }
    let set = |handler| {
        let action = SigAction::new(handler, SaFlags::SA_RESTART, SigSet::empty());
        // SAFETY: the handler does nothing, which is safe at any moment.
        unsafe { sigaction(Signal::SIGXFSZ, &action) }
    };
    // There is no way to ask with `sigaction` of nix but to set.
    if let Ok(before) = set(SigHandler::Handler(ignore))
        && !matches!(before.handler(), SigHandler::SigDfl)
    {
        // SAFETY: it is what was in place before.
        let _ = unsafe { sigaction(Signal::SIGXFSZ, &before) };
    }
}

extern "C" fn ignore(_signal: c_int) {}
