//! Forking while no other thread is in the middle of what its copy in the new process could never finish.
//!
//! A fork has a copy of every lock and only the thread that forked. So the locks that the crate's own code takes in a
//! forked process, and those of the standard library that it can't do without there, are held by that very thread
//! while it forks: those around the standard streams, and the one that the standard library has around backtraces,
//! which nobody can take, but which is taken only in [`undivided`] sections.

use std::cell::Cell;
use std::sync::{PoisonError, RwLock, TryLockError};
use std::time::Duration;

use nix::unistd::{self, ForkResult};

use crate::{interrupt, registry};

/// Held for reading by what a fork must not cut in two, and for writing by a fork.
static SECTIONS: RwLock<()> = RwLock::new(());

/// Between two tries to find no thread in a section. Most take far less.
const PAUSE: Duration = Duration::from_micros(50);

thread_local! {
    /// Is this thread in a section?
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Runs `f` while this process is not forked by another thread.
pub(crate) fn undivided<R>(f: impl FnOnce() -> R) -> R {
    // A section inside of another would wait for a fork that waits for the outer one.
    if INSIDE.replace(true) {
        return f();
    }
    let section = SECTIONS.read().unwrap_or_else(PoisonError::into_inner);
    let result = f();
    drop(section);
    INSIDE.set(false);
    result
}

/// Copies this process.
///
/// # Safety
///
/// The new process may call only what copes with being one of two, and with other threads being gone: their locks,
/// but for those named above, may be held for good.
pub(crate) unsafe fn fork() -> nix::Result<ForkResult> {
    let inside = INSIDE.get();
    let (streams, sections) = loop {
        let streams = (std::io::stdout().lock(), std::io::stderr().lock());
        if inside {
            break (streams, None);
        }
        match SECTIONS.try_write() {
            Ok(sections) => break (streams, Some(sections)),
            Err(TryLockError::Poisoned(poisoned)) => break (streams, Some(poisoned.into_inner())),
            // A section may be about to print: it is not waited for with the streams in hand.
            Err(TryLockError::WouldBlock) => drop(streams),
        }
        std::thread::sleep(PAUSE);
    };
    // Under these two, nobody takes any of the others.
    let forked = registry::while_locked(|| {
        interrupt::while_locked(|| {
            // SAFETY: as the caller promises.
            unsafe { unistd::fork() }
        })
    });
    drop((sections, streams));
    forked
}
