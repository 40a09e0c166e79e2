//! Which process this is, without a system call each time: a forked child finds another number here than its
//! parent.

use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};

/// How often a process forked on the way from the one that first asked to this one.
static GENERATION: AtomicU32 = AtomicU32::new(0);

extern "C" fn forked() {
    GENERATION.fetch_add(1, Ordering::Relaxed);
}

/// Has the system say when a process is a forked child.
pub(crate) fn watch_forks() {
    static WATCHED: Once = Once::new();
    WATCHED.call_once(|| {
        // SAFETY: the handler does one atomic addition, which is allowed in a forked child.
        unsafe { libc::pthread_atfork(None, None, Some(forked)) };
    });
}

/// A number that differs between a process and its forked children.
pub(crate) fn generation() -> u32 {
    GENERATION.load(Ordering::Relaxed)
}

/// The number of the thread that asks: 0 for the first thread that asked.
pub(crate) fn thread() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    thread_local! {
        static NUMBER: u32 = NEXT.fetch_add(1, Ordering::Relaxed);
    }
    // A thread that ends has no number any more.
    NUMBER.try_with(|number| *number).unwrap_or(u32::MAX)
}
