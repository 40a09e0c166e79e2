//! Locks: taken whatever a panic left behind, and safe to fork under where a forked process needs them.
//!
//! A fork copies every lock but only the thread that forks: a lock that another thread holds at that moment stays
//! locked in the copy for good. [`ForkSafe`] is therefore the type of every lock that the crate may take in a forked
//! process, and [`undivided`] wraps code that holds a lock of somebody else. [`hold_all`] waits for both.

use std::cell::Cell;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockWriteGuard, TryLockError};

/// Locks `mutex`; no value in this crate is left half changed by a panic.
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Held by every section of a [`ForkSafe`] value, and by a fork.
static TABLES: Mutex<()> = Mutex::new(());

/// Held for reading by [`undivided`] sections, and for writing by a fork.
static SECTIONS: RwLock<()> = RwLock::new(());

thread_local! {
    /// Whether this thread is in an `undivided` section.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// A value behind a lock that a forked process finds unlocked.
///
/// All such locks exclude each other, so sections have to be short and can't be nested.
#[derive(Debug, Default)]
pub(crate) struct ForkSafe<T>(Mutex<T>);

impl<T> ForkSafe<T> {
    pub(crate) const fn new(value: T) -> Self {
        ForkSafe(Mutex::new(value))
    }

    /// Runs `f` with the value. `f` may not enter another section.
    pub(crate) fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        let _tables = lock(&TABLES);
        f(&mut lock(&self.0))
    }
}

/// Runs `f` while no other thread forks this process. Sections may be nested.
pub(crate) fn undivided<R>(f: impl FnOnce() -> R) -> R {
    /// Leaves the section, also when `f` panics.
    struct Leave;
    impl Drop for Leave {
        fn drop(&mut self) {
            INSIDE.set(false);
        }
    }

    // A section inside of another would wait for a fork that waits for the outer one.
    if INSIDE.replace(true) {
        return f();
    }
    let _leave = Leave;
    let _section = SECTIONS.read().unwrap_or_else(PoisonError::into_inner);
    f()
}

/// Keeps all other threads out of every section.
pub(crate) struct AllHeld {
    _sections: Option<RwLockWriteGuard<'static, ()>>,
    _tables: MutexGuard<'static, ()>,
}

/// Takes all locks of this module; `None` while another thread is in an [`undivided`] section.
pub(crate) fn hold_all() -> Option<AllHeld> {
    let sections = match SECTIONS.try_write() {
        // The section is this thread's own.
        _ if INSIDE.get() => None,
        Ok(sections) => Some(sections),
        Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => return None,
    };
    Some(AllHeld { _sections: sections, _tables: lock(&TABLES) })
}

#[cfg(test)]
mod tests {
    use super::{ForkSafe, hold_all, undivided};

    #[test]
    fn nothing_is_held_while_another_thread_is_in_a_section() {
        let (entered, wait) = (std::sync::Barrier::new(2), std::sync::Barrier::new(2));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                undivided(|| {
                    entered.wait();
                    wait.wait();
                });
            });
            entered.wait();
            assert!(hold_all().is_none());
            wait.wait();
        });
        assert!(hold_all().is_some());
    }

    #[test]
    fn a_thread_may_hold_all_inside_of_its_own_section() {
        assert!(undivided(|| undivided(|| hold_all().is_some())));
    }

    #[test]
    fn a_panic_in_a_section_does_not_keep_others_out() {
        let value = ForkSafe::new(1);
        let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            undivided(|| value.with(|value| assert_eq!(*value, 2)));
        }));
        assert!(panic.is_err());
        assert!(hold_all().is_some());
        assert_eq!(value.with(|value| *value), 1);
    }
}
