//! Ctrl-Z while a call runs: the workers of this process stop and continue with it, and the time between counts for no task.
//!
//! Worker processes lead process groups of their own, so the terminal does not stop them; this process does, in the handler
//! of SIGTSTP, before it stops itself. It is in place only while there are calls that need it, and only if nobody else handles
//! the signal. Other ways to stop a process, such as SIGSTOP, tell it nothing.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};

use super::{children, monotonic};
use crate::sync::ForkSafe;

/// Calls that need the handler, and whether it is in place for them.
struct Calls {
    count: usize,
    installed: bool,
}

static CALLS: ForkSafe<Calls> = ForkSafe::new(Calls { count: 0, installed: false });

/// The last times that this process was stopped: from and to, on a clock that all processes share. Of more than that during
/// one task, the oldest count as its time.
const PERIODS: usize = 64;
static STOPPED: [[AtomicU64; 2]; PERIODS] = [const { [AtomicU64::new(0), AtomicU64::new(0)] }; PERIODS];
/// The end of a period that is not over.
const UNTIL_NOW: u64 = u64::MAX;
static NEXT: AtomicUsize = AtomicUsize::new(0);

/// Keeps the handler in place.
#[derive(Debug)]
pub(crate) struct Guard(());

/// Stops the [`children`] with this process until the guard is dropped, unless the program handles the signal itself.
pub(crate) fn watch() -> Guard {
    CALLS.with(|calls| {
        calls.installed = calls.installed || install();
        calls.count += 1;
    });
    Guard(())
}

impl Drop for Guard {
    fn drop(&mut self) {
        CALLS.with(|calls| {
            calls.count -= 1;
            if calls.count == 0 && std::mem::take(&mut calls.installed) {
                restore();
            }
        });
    }
}

/// In a forked process: the handler's work is that of the process that it was copied from.
pub(crate) fn forget() {
    restore();
    children::forget();
    CALLS.with(|calls| *calls = Calls { count: 0, installed: false });
}

/// How much of the time since `start` this process was stopped. `start` is in nanoseconds, of the clock [`monotonic`].
pub(crate) fn stopped_since(start: u64) -> Duration {
    let within = |[from, to]: &[AtomicU64; 2]| {
        let to = match to.load(Ordering::SeqCst) {
            UNTIL_NOW => monotonic::nanoseconds(),
            to => to,
        };
        to.saturating_sub(from.load(Ordering::SeqCst).max(start))
    };
    Duration::from_nanos(STOPPED.iter().map(within).sum())
}

/// How much of the time since `start` this process was stopped.
pub(crate) fn stopped_since_instant(start: Instant) -> Duration {
    stopped_since(
        monotonic::nanoseconds()
            .saturating_sub(u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX)),
    )
}

/// Puts the handler in place if the signal is at its default.
fn install() -> bool {
    // SAFETY: the handler does only what handlers may: atomics, and the calls that POSIX allows.
    let Ok(before) = (unsafe { sigaction(Signal::SIGTSTP, &ours()) }) else { return false };
    if matches!(before.handler(), SigHandler::SigDfl) {
        return true;
    }
    // SAFETY: this puts back what was there.
    let _ = unsafe { sigaction(Signal::SIGTSTP, &before) };
    false
}

/// Takes the handler away, unless somebody has replaced it meanwhile.
fn restore() {
    // SAFETY: the default action runs no code of ours.
    if let Ok(before) = unsafe { sigaction(Signal::SIGTSTP, &default()) } {
        let own: extern "C" fn(libc::c_int) = stop;
        let is_own =
            matches!(before.handler(), SigHandler::Handler(other) if std::ptr::fn_addr_eq(other, own));
        if !is_own {
            // SAFETY: this puts back what was there.
            let _ = unsafe { sigaction(Signal::SIGTSTP, &before) };
        }
    }
}

fn ours() -> SigAction {
    SigAction::new(SigHandler::Handler(stop), SaFlags::SA_RESTART, SigSet::empty())
}

fn default() -> SigAction {
    SigAction::new(SigHandler::SigDfl, SaFlags::empty(), SigSet::empty())
}

extern "C" fn stop(signal: libc::c_int) {
    let errno = nix::errno::Errno::last_raw();
    children::signal_all(signal);
    let [from, to] = &STOPPED[NEXT.fetch_add(1, Ordering::SeqCst) % PERIODS];
    // In this order, so that nobody reads the beginning of one period and the end of another.
    to.store(0, Ordering::SeqCst);
    from.store(monotonic::nanoseconds(), Ordering::SeqCst);
    // Other threads may look before this one goes on.
    to.store(UNTIL_NOW, Ordering::SeqCst);
    stop_this_process();
    to.store(monotonic::nanoseconds(), Ordering::SeqCst);
    children::signal_all(libc::SIGCONT);
    nix::errno::Errno::set_raw(errno);
}

/// Stops as if there were no handler, and returns when the process goes on.
fn stop_this_process() {
    let mut signals = SigSet::empty();
    signals.add(Signal::SIGTSTP);
    // SAFETY: the default action runs no code of ours; all of it is allowed in signal handlers.
    let _ = unsafe { sigaction(Signal::SIGTSTP, &default()) };
    let _ = nix::sys::signal::raise(Signal::SIGTSTP);
    // While the handler runs the signal is blocked. Here the process stops.
    let _ = signals.thread_unblock();
    let _ = signals.thread_block();
    // SAFETY: as where it was installed.
    let _ = unsafe { sigaction(Signal::SIGTSTP, &ours()) };
}
