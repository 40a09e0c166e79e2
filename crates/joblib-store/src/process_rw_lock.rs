//! A reader-writer lock that a fork can't leave locked.
//!
//! As with [`ProcessLock`](crate::ProcessLock), the state belongs to the process that made it. The first use in a forked
//! child copies what the parent had, which other threads of the parent may have been reading, but not changing.

use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, TryLockError};

use crate::per_process::PerProcess;

/// State of one process behind a reader-writer lock.
///
/// A forked child begins with a copy of what its parent had, and with the default if a thread of the parent was changing it
/// at that moment.
///
/// ```
/// use joblib_store::ProcessRwLock;
///
/// static NAMES: ProcessRwLock<Vec<&str>> = ProcessRwLock::new();
/// NAMES.write().push("a");
/// assert_eq!(*NAMES.read(), ["a"]);
/// ```
#[derive(Debug)]
pub struct ProcessRwLock<T> {
    state: PerProcess<RwLock<T>>,
}

impl<T> Default for ProcessRwLock<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> ProcessRwLock<T> {
    /// State that is made when it is first used.
    pub const fn new() -> Self {
        Self { state: PerProcess::new() }
    }
}

impl<T: Clone + Default> ProcessRwLock<T> {
    /// Locks the state of this process for reading. A panic of another thread that held the lock is ignored: all state here
    /// is valid between any two statements.
    pub fn read(&self) -> RwLockReadGuard<'_, T> {
        self.state().read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Locks the state of this process for writing, as [`read`](Self::read) does for reading.
    pub fn write(&self) -> RwLockWriteGuard<'_, T> {
        self.state().write().unwrap_or_else(PoisonError::into_inner)
    }

    fn state(&self) -> &RwLock<T> {
        self.state.get(|parents| {
            RwLock::new(parents.map_or_else(T::default, |parents| match parents.try_read() {
                Ok(state) => state.clone(),
                Err(TryLockError::Poisoned(state)) => state.into_inner().clone(),
                Err(TryLockError::WouldBlock) => T::default(),
            }))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::ProcessRwLock;
    use crate::process_lock::in_a_fork;

    #[test]
    fn a_child_has_what_its_parent_was_reading_and_changes_a_copy() {
        static STATE: ProcessRwLock<Vec<u8>> = ProcessRwLock::new();
        STATE.write().push(1);
        let reading = STATE.read();
        assert!(in_a_fork(|| {
            STATE.write().push(2);
            *STATE.read() == [1, 2]
        }));
        assert_eq!(*reading, [1]);
    }

    #[test]
    fn a_child_begins_anew_with_what_its_parent_was_changing() {
        static STATE: ProcessRwLock<Vec<u8>> = ProcessRwLock::new();
        let mut changing = STATE.write();
        changing.push(1);
        assert!(in_a_fork(|| STATE.read().is_empty()));
    }
}
