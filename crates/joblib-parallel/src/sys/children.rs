//! The processes that are to be stopped and continued with this one, in a form that a signal handler can read.

use std::sync::atomic::{AtomicI32, Ordering};

use nix::unistd::Pid;

/// The most processes at a time. Those beyond run on while this one is stopped.
const MOST: usize = 4096;

/// Their numbers, 0 for none. Each leads a process group.
static PIDS: [AtomicI32; MOST] = [const { AtomicI32::new(0) }; MOST];

/// Keeps a process in the list.
#[derive(Debug)]
pub(crate) struct Listed(Option<&'static AtomicI32>);

/// Adds a process, which may not have been waited for: its number could be another process's.
pub(crate) fn list(pid: Pid) -> Listed {
    let free = |place: &&AtomicI32| {
        place.compare_exchange(0, pid.as_raw(), Ordering::SeqCst, Ordering::Relaxed).is_ok()
    };
    Listed(PIDS.iter().find(free))
}

impl Listed {
    /// Takes the process from the list, before it is waited for.
    pub(crate) fn remove(&mut self) {
        if let Some(place) = self.0.take() {
            place.store(0, Ordering::SeqCst);
        }
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        self.remove();
    }
}

/// Sends a signal to each process, and to what it started. Does only what is allowed in signal handlers.
pub(super) fn signal_all(signal: libc::c_int) {
    for place in &PIDS {
        let pid = place.load(Ordering::SeqCst);
        if pid != 0 {
            // SAFETY: it is allowed in signal handlers, and takes and returns numbers only.
            unsafe {
                libc::kill(-pid, signal);
                // It may not lead its group yet. A second signal of the same kind does nothing more.
                libc::kill(pid, signal);
            }
        }
    }
}

/// In a forked process: leaves them to the process that it was copied from.
pub(super) fn forget() {
    for place in &PIDS {
        place.store(0, Ordering::SeqCst);
    }
}
