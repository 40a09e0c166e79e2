//! A mutex that a fork can't leave locked.
//!
//! A forked child has a copy of every mutex of its parent, but only the thread that called `fork`. A mutex that another
//! thread held at that moment stays locked in the child for ever. So the state here belongs to the process that made it:
//! the first use in a child makes a state of the child's own.

use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

use crate::per_process::PerProcess;

/// State of one process behind a mutex.
///
/// It is shared between threads only if its state may be sent to them:
///
/// ```compile_fail
/// use joblib_store::{AfterFork, ProcessLock};
///
/// static COUNTED: ProcessLock<Option<std::rc::Rc<u8>>> = ProcessLock::new(AfterFork::Renew);
/// ```
#[derive(Debug)]
pub struct ProcessLock<T> {
    state: PerProcess<Mutex<T>>,
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

impl<T: Default> ProcessLock<T> {
    /// State that is made when it is first locked.
    pub const fn new(after_fork: AfterFork) -> Self {
        Self { state: PerProcess::new(), after_fork }
    }

    /// Locks the state of this process. A thread that panicked while it held the lock doesn't stop the others: all state
    /// here is valid between any two statements.
    pub fn lock(&self) -> MutexGuard<'_, T> {
        let state = self.state.get(|parents| {
            let parents = parents.filter(|_| self.after_fork == AfterFork::Inherit);
            Mutex::new(match parents.map(Mutex::try_lock) {
                Some(Ok(mut state)) => std::mem::take(&mut *state),
                Some(Err(TryLockError::Poisoned(state))) => std::mem::take(&mut *state.into_inner()),
                Some(Err(TryLockError::WouldBlock)) | None => T::default(),
            })
        });
        state.lock().unwrap_or_else(PoisonError::into_inner)
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
