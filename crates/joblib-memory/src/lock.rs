//! Mutexes for state that is valid between any two statements, so that a panic of another holder
//! does not matter.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use joblib_store::{AfterFork, ProcessLock};

/// [`Mutex`] without poisoning.
#[derive(Debug, Default)]
pub(crate) struct Lock<T>(Mutex<T>);

impl<T> Lock<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// [`ProcessLock`] of state that a forked child inherits, and can do without if a thread of the parent
/// was using it.
#[derive(Debug)]
pub(crate) struct Inherited<T>(ProcessLock<T>);

impl<T: Default> Default for Inherited<T> {
    fn default() -> Self {
        Self(ProcessLock::new(AfterFork::Inherit))
    }
}

impl<T: Default> Inherited<T> {
    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock()
    }
}

/// Waits for `condvar`, at most for `timeout`.
pub(crate) fn wait<'a, T>(
    condvar: &Condvar,
    guard: MutexGuard<'a, T>,
    timeout: Duration,
) -> MutexGuard<'a, T> {
    condvar.wait_timeout(guard, timeout).unwrap_or_else(PoisonError::into_inner).0
}
