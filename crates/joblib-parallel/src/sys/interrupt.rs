//! Ctrl-C while a call runs: the first press ends the call with an error, the second ends the program.
//!
//! The handler is in place only while there are calls, and only if nobody else handles the signal. A signal handler
//! may do next to nothing, so it writes to a pipe, and a thread that sleeps at the other end cancels the calls.

use std::io::{PipeReader, Read, pipe};
use std::os::fd::IntoRawFd;
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering};

use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};

use crate::cancel::CancellationToken;
use crate::sync::ForkSafe;

/// Calls that run, and whether the handler is in place for them.
struct Calls {
    next: u64,
    tokens: Vec<(u64, CancellationToken)>,
    installed: bool,
}

static CALLS: ForkSafe<Calls> = ForkSafe::new(Calls { next: 0, tokens: Vec::new(), installed: false });
/// Presses since the handler was put in place.
static PRESSES: AtomicU32 = AtomicU32::new(0);
/// Where the handler writes to; negative until there is a thread that reads.
static PIPE: AtomicI32 = AtomicI32::new(-1);

/// Keeps a call among those that Ctrl-C ends.
pub(crate) struct Guard {
    id: u64,
    token: CancellationToken,
}

impl Guard {
    /// Is cancelled by Ctrl-C.
    pub(crate) fn token(&self) -> &CancellationToken {
        &self.token
    }
}

/// Has Ctrl-C cancel a token until the guard is dropped; `None` where the program handles the signal itself.
pub(crate) fn watch() -> Option<Guard> {
    CALLS.with(|calls| {
        if !calls.installed {
            if !listen() || !install() {
                return None;
            }
            PRESSES.store(0, Ordering::SeqCst);
            calls.installed = true;
        }
        let guard = Guard { id: calls.next, token: CancellationToken::new() };
        calls.next += 1;
        calls.tokens.push((guard.id, guard.token.clone()));
        Some(guard)
    })
}

impl Drop for Guard {
    fn drop(&mut self) {
        let _gone = CALLS.with(|calls| {
            let place = calls.tokens.iter().position(|(id, _)| *id == self.id)?;
            let gone = calls.tokens.swap_remove(place);
            if calls.tokens.is_empty() && calls.installed {
                calls.installed = false;
                restore();
            }
            Some(gone)
        });
    }
}

/// Puts the handler in place if the signal is at its default.
fn install() -> bool {
    let ours = SigAction::new(SigHandler::Handler(pressed), SaFlags::SA_RESTART, SigSet::empty());
    // SAFETY: the handler does only what handlers may: atomics, write, signal, raise.
    let Ok(before) = (unsafe { sigaction(Signal::SIGINT, &ours) }) else { return false };
    if matches!(before.handler(), SigHandler::SigDfl) {
        return true;
    }
    // SAFETY: this puts back what was there.
    let _ = unsafe { sigaction(Signal::SIGINT, &before) };
    false
}

/// Takes the handler away, unless somebody has replaced it meanwhile.
fn restore() {
    let default = SigAction::new(SigHandler::SigDfl, SaFlags::empty(), SigSet::empty());
    // SAFETY: the default action runs no code of ours.
    if let Ok(before) = unsafe { sigaction(Signal::SIGINT, &default) }
        && !is_ours(before.handler())
    {
        // SAFETY: this puts back what was there.
        let _ = unsafe { sigaction(Signal::SIGINT, &before) };
    }
}

/// In a forked process: leaves Ctrl-C to the process that it was copied from.
pub(crate) fn forget() {
    restore();
}

fn is_ours(handler: SigHandler) -> bool {
    let ours: extern "C" fn(libc::c_int) = pressed;
    matches!(handler, SigHandler::Handler(handler) if std::ptr::fn_addr_eq(handler, ours))
}

extern "C" fn pressed(signal: libc::c_int) {
    let errno = nix::errno::Errno::last_raw();
    if PRESSES.fetch_add(1, Ordering::SeqCst) == 0 {
        let pipe = PIPE.load(Ordering::SeqCst);
        // SAFETY: writing is allowed in handlers; the descriptor stays open for good.
        unsafe { libc::write(pipe, [0_u8].as_ptr().cast(), 1) };
    } else {
        // SAFETY: both are allowed in handlers. The program ends as if there had been no handler.
        unsafe {
            libc::signal(signal, libc::SIG_DFL);
            libc::raise(signal);
        }
    }
    // What it interrupted may be about to read it.
    nix::errno::Errno::set_raw(errno);
}

/// Starts the thread that the handler wakes, once.
fn listen() -> bool {
    if PIPE.load(Ordering::SeqCst) >= 0 {
        return true;
    }
    let Ok((reader, writer)) = pipe() else { return false };
    let started = std::thread::Builder::new()
        .name("joblib-interrupt".to_owned())
        .stack_size(64 << 10)
        .spawn(move || cancel_when_pressed(reader));
    if started.is_ok() {
        PIPE.store(writer.into_raw_fd(), Ordering::SeqCst);
    }
    started.is_ok()
}

fn cancel_when_pressed(mut reader: PipeReader) {
    while reader.read_exact(&mut [0]).is_ok() {
        let tokens: Vec<CancellationToken> =
            CALLS.with(|calls| calls.tokens.iter().map(|(_, token)| token.clone()).collect());
        for token in tokens {
            token.cancel();
        }
    }
}
