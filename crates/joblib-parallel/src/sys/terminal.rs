//! The line of the terminal that a progress bar is on, for all processes that write there.
//!
//! They take turns: a process draws its bars, or writes its lines, in its own. A turn is a lock of the terminal's file, which
//! belongs to a process and ends with it.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::sync::ForkSafe;

/// A process that is stopped in its turn must not stop others for good: after so many intervals they go on.
const MOST_INTERVALS: u32 = 50;
const INTERVAL: Duration = Duration::from_millis(2);

/// How many threads of this process are in its turn.
static TURNS: ForkSafe<u32> = ForkSafe::new(0);

/// Whether another process shows a bar on the line of the cursor.
static BESIDE_BAR: AtomicBool = AtomicBool::new(false);

/// Says whether another process, which this one works for, shows a bar.
pub(crate) fn set_beside_bar(beside: bool) {
    BESIDE_BAR.store(beside, Ordering::Relaxed);
}

/// Whether another process shows a bar.
pub(crate) fn is_beside_bar() -> bool {
    BESIDE_BAR.load(Ordering::Relaxed)
}

/// In a forked process: whoever was in the turn of the process that it was copied from is not here.
pub(crate) fn forget() {
    TURNS.with(|turns| *turns = 0);
}

/// Runs `f`, which writes lines, where the bar of another process was; that process draws it again below.
pub(crate) fn write_over_bar<R>(f: impl FnOnce() -> R) -> R {
    take_turn(|| {
        // To the begin of the line, which is erased. A closed terminal is no reason to fail.
        let _ = std::io::stderr().write_all(b"\r\x1b[2K");
        f()
    })
}

/// Runs `f` while no other process is in its turn.
pub(crate) fn take_turn<R>(f: impl FnOnce() -> R) -> R {
    /// Ends the turn, also when `f` panics.
    struct Turn;
    impl Drop for Turn {
        fn drop(&mut self) {
            TURNS.with(|turns| {
                *turns -= 1;
                if *turns == 0 {
                    lock_terminal(libc::F_UNLCK);
                }
            });
        }
    }

    // The number counts also where the terminal can't be locked.
    for _ in 0..MOST_INTERVALS {
        if TURNS.with(|turns| *turns > 0 || lock_terminal(libc::F_WRLCK)) {
            break;
        }
        std::thread::sleep(INTERVAL);
    }
    TURNS.with(|turns| *turns += 1);
    let _turn = Turn;
    f()
}

/// Locks or unlocks the file that standard error is. Returns `false` if another process has it locked.
fn lock_terminal(kind: libc::c_int) -> bool {
    // SAFETY: all zeros are a valid value.
    let mut lock: libc::flock = unsafe { std::mem::zeroed() };
    lock.l_type = kind as libc::c_short;
    lock.l_whence = libc::SEEK_SET as libc::c_short;
    // SAFETY: the lock is read only.
    let failed = unsafe { libc::fcntl(libc::STDERR_FILENO, libc::F_SETLK, &raw const lock) } != 0;
    // What can't be locked at all is not waited for.
    !(failed && matches!(nix::errno::Errno::last(), nix::errno::Errno::EAGAIN | nix::errno::Errno::EACCES))
}
