//! Forks and sqlite: no thread is inside sqlite while the process forks, and no connection is open.
//!
//! sqlite has locks of its own that a child would wait for for ever, and it remembers which locks on files the process
//! has; a child has the memory, but not the locks. So the C library calls [`before_fork`] in the thread that forks.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

use super::idle::Idle;
use crate::process_lock::{AfterFork, ProcessLock};

/// How long a fork waits for other threads; what they do is bounded, unless the file system hangs.
const PATIENCE: Duration = Duration::from_secs(10);
const STEP: Duration = Duration::from_micros(50);

/// Threads inside sqlite.
static INSIDE: AtomicU32 = AtomicU32::new(0);
/// Threads that are about to fork.
static FORKING: AtomicU32 = AtomicU32::new(0);
/// The idle connections of all stores.
static IDLE: ProcessLock<Vec<Weak<Idle>>> = ProcessLock::new(AfterFork::Inherit);

thread_local! {
    /// How often this thread is inside sqlite: what it calls there may call it again.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// Makes known where connections wait, so that they are closed before a fork.
pub(super) fn watch(idle: &Arc<Idle>) {
    static REGISTERED: AtomicBool = AtomicBool::new(false);
    if !REGISTERED.swap(true, Ordering::Relaxed) {
        // SAFETY: the functions are there as long as the process, and the last two only write to atomics. Without memory
        // for them there is nothing to be done.
        unsafe { libc::pthread_atfork(Some(before_fork), Some(in_parent), Some(in_child)) };
    }
    let mut all = IDLE.lock();
    all.retain(|idle| idle.strong_count() > 0);
    all.push(Arc::downgrade(idle));
}

/// A thread that is inside sqlite.
#[derive(Debug)]
pub(super) struct Inside(());

impl Inside {
    /// Enters, after others that are about to fork.
    pub(super) fn enter() -> Self {
        if DEPTH.get() == 0 {
            loop {
                INSIDE.fetch_add(1, Ordering::SeqCst);
                if FORKING.load(Ordering::SeqCst) == 0 {
                    break;
                }
                INSIDE.fetch_sub(1, Ordering::SeqCst);
                while FORKING.load(Ordering::SeqCst) > 0 {
                    thread::sleep(STEP);
                }
            }
        }
        DEPTH.set(DEPTH.get() + 1);
        Self(())
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get() - 1);
        if DEPTH.get() == 0 {
            INSIDE.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

extern "C" fn before_fork() {
    FORKING.fetch_add(1, Ordering::SeqCst);
    let own = u32::from(DEPTH.get() > 0);
    let since = Instant::now();
    while INSIDE.load(Ordering::SeqCst) > own && since.elapsed() < PATIENCE {
        thread::sleep(STEP);
    }
    let all: Vec<Arc<Idle>> = IDLE.lock().iter().filter_map(Weak::upgrade).collect();
    for idle in all {
        let connections = std::mem::take(&mut *idle.lock());
        drop(connections);
    }
}

extern "C" fn in_parent() {
    FORKING.fetch_sub(1, Ordering::SeqCst);
}

extern "C" fn in_child() {
    FORKING.store(0, Ordering::SeqCst);
    INSIDE.store(u32::from(DEPTH.get() > 0), Ordering::SeqCst);
}
