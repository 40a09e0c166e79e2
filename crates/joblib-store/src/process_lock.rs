//! A mutex that a fork can't leave locked.
//!
//! A forked child has a copy of every mutex of its parent, but only the thread that called `fork`. A mutex that another
//! thread held at that moment stays locked in the child for ever. So the state here belongs to the process that made it:
//! the first use in a child makes a state of the child's own.

use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::process_id::process_id;

/// State of one process behind a mutex.
#[derive(Debug)]
pub struct ProcessLock<T> {
    current: AtomicPtr<Owned<T>>,
    after_fork: AfterFork,
}

/// What a forked child begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterFork {
    /// The default: what the parent has is the parent's, as connections are.
    Renew,
    /// What the parent had, unless one of its threads was just changing it.
    Inherit,
}

#[derive(Debug)]
struct Owned<T> {
    pid: u32,
    state: Mutex<T>,
}

impl<T: Default> ProcessLock<T> {
    /// State that is made when it is first locked.
    pub const fn new(after_fork: AfterFork) -> Self {
        Self { current: AtomicPtr::new(ptr::null_mut()), after_fork }
    }

    /// Locks the state of this process. A thread that panicked while it held the lock doesn't stop the others: all state
    /// here is valid between any two statements.
    pub fn lock(&self) -> MutexGuard<'_, T> {
        let pid = process_id();
        loop {
            let found = self.current.load(Ordering::Acquire);
            // SAFETY: the pointer is null or comes from `Box::into_raw` below. An `Owned` that was published is freed
            // only by `drop`, which has exclusive access, so it lives as long as the borrow of `self`.
            let owned = unsafe { found.as_ref() };
            if let Some(owned) = owned
                && owned.pid == pid
            {
                return owned.state.lock().unwrap_or_else(PoisonError::into_inner);
            }
            let new = Box::into_raw(Box::new(Owned { pid, state: Mutex::new(T::default()) }));
            // SAFETY: it was just made, and nobody else knows it yet.
            let mut state = unsafe { &(*new).state }.lock().unwrap_or_else(PoisonError::into_inner);
            if self.current.compare_exchange(found, new, Ordering::AcqRel, Ordering::Acquire).is_err() {
                drop(state);
                // SAFETY: it was not published, and the guard is gone.
                drop(unsafe { Box::from_raw(new) });
                continue;
            }
            // What the parent had is never dropped here: it may be locked by a thread that doesn't exist, and closing
            // what belongs to the parent would disturb it.
            if let (AfterFork::Inherit, Some(parents)) = (self.after_fork, owned)
                && let Ok(mut parents) = parents.state.try_lock()
            {
                *state = std::mem::take(&mut *parents);
            }
            return state;
        }
    }
}

impl<T> Drop for ProcessLock<T> {
    fn drop(&mut self) {
        let current = *self.current.get_mut();
        // SAFETY: as in `lock`; `drop` has exclusive access.
        if let Some(owned) = unsafe { current.as_ref() }
            && owned.pid == process_id()
        {
            // SAFETY: it comes from `Box::into_raw`, and nobody else can reach it any more.
            drop(unsafe { Box::from_raw(current) });
        }
    }
}

/// Whether `check` holds in a forked child, which is killed if it doesn't end.
#[cfg(test)]
pub(crate) fn in_a_fork(check: impl FnOnce() -> bool) -> bool {
    use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
    use nix::unistd::{ForkResult, fork};
    // SAFETY: the child only runs `check`, which takes locks that are made for this, and ends without destructors.
    match unsafe { fork() }.unwrap() {
        ForkResult::Child => {
            let code = i32::from(!check());
            // SAFETY: it ends the process at once.
            unsafe { libc::_exit(code) }
        }
        ForkResult::Parent { child } => {
            let since = std::time::Instant::now();
            loop {
                match waitpid(child, Some(WaitPidFlag::WNOHANG)).unwrap() {
                    WaitStatus::Exited(_, code) => return code == 0,
                    WaitStatus::StillAlive if since.elapsed().as_secs() > 20 => {
                        let _ = nix::sys::signal::kill(child, nix::sys::signal::Signal::SIGKILL);
                        let _ = waitpid(child, None);
                        return false;
                    }
                    WaitStatus::StillAlive => std::thread::sleep(std::time::Duration::from_millis(2)),
                    _ => return false,
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_of_a_fork_does_not_wait_for_a_thread_of_its_parent() {
        static RENEWED: ProcessLock<Vec<u8>> = ProcessLock::new(AfterFork::Renew);
        static KEPT: ProcessLock<Vec<u8>> = ProcessLock::new(AfterFork::Inherit);
        static HELD: ProcessLock<Vec<u8>> = ProcessLock::new(AfterFork::Inherit);
        for lock in [&RENEWED, &KEPT, &HELD] {
            lock.lock().push(1);
        }
        let held = (RENEWED.lock(), HELD.lock());
        let outcome =
            in_a_fork(|| RENEWED.lock().is_empty() && *KEPT.lock() == [1] && HELD.lock().is_empty());
        drop(held);
        assert!(outcome, "the child has a state of its own and waits for nobody");
        assert_eq!((RENEWED.lock().len(), HELD.lock().len()), (1, 1), "the parent's is untouched");
    }
}
