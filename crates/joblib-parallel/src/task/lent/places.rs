//! The places that values were lent from, so that tasks that are lent the same value share one clone of it.
//!
//! A place is an address and a type. That the value there is still the one that was cloned is checked by its fingerprint: a
//! variable may have been written since, or another may have its address. While a call of `run` takes its tasks from their
//! producer, the clones stay with the call, so that each place is cloned once for all its tasks. Elsewhere (where a list of
//! tasks is made first) they are shared as long as a task has them.

use std::any::TypeId;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::{Arc, Weak};

use serde::Serialize;

use super::{Held, Kept, fingerprint};
use crate::task::delayed::Value;

/// The most places that are remembered; beyond it the one that was lent least recently is forgotten.
const MOST_PLACES: usize = 64;

thread_local! {
    static PLACES: RefCell<Places> = const { RefCell::new(Places { entries: VecDeque::new(), keep: false }) };
}

/// Places, that of the value which was lent last at the end.
pub(crate) struct Places {
    entries: VecDeque<Place>,
    /// Whether the clones are kept.
    keep: bool,
}

struct Place {
    address: usize,
    /// The type and, of a slice, its size.
    of: (TypeId, usize),
    fingerprint: u128,
    shared: Weak<dyn std::any::Any + Send + Sync>,
    _kept: Option<Kept>,
}

impl Places {
    /// The places of one call of `run`.
    pub(crate) fn of_call() -> Self {
        Places { entries: VecDeque::new(), keep: true }
    }

    /// Runs `f`, which may lend values, with these places.
    pub(crate) fn enter<R>(&mut self, f: impl FnOnce() -> R) -> R {
        /// Leaves them, also when `f` panics.
        struct Guard<'a>(&'a mut Places);
        impl Drop for Guard<'_> {
            fn drop(&mut self) {
                PLACES.with_borrow_mut(|places| std::mem::swap(places, self.0));
            }
        }

        PLACES.with_borrow_mut(|places| std::mem::swap(places, self));
        let _guard = Guard(self);
        f()
    }

    /// The value that was cloned from this place, if it is the same.
    fn find<O: Send + Sync + 'static>(
        &mut self,
        place: (usize, (TypeId, usize)),
        fingerprint: u128,
    ) -> Option<Arc<O>> {
        let at = self.entries.iter().rposition(|entry| (entry.address, entry.of) == place)?;
        let entry = self.entries.remove(at)?;
        // The fingerprint has addresses of arrays, so it says something only while the clone is there.
        let value = entry.shared.upgrade()?;
        if entry.fingerprint != fingerprint {
            return None;
        }
        self.entries.push_back(entry);
        value.downcast().ok()
    }

    fn remember<O: Send + Sync + 'static>(
        &mut self,
        (address, of): (usize, (TypeId, usize)),
        fingerprint: u128,
        value: &Arc<O>,
    ) {
        if self.entries.len() >= MOST_PLACES {
            self.entries.pop_front();
        }
        let value: Kept = Arc::<O>::clone(value);
        let shared = Arc::downgrade(&value);
        self.entries.push_back(Place { address, of, fingerprint, shared, _kept: self.keep.then_some(value) });
    }
}

/// A value for a task: one that another task has, or a clone.
pub(super) fn share<T>(value: &T) -> Arc<dyn Held<T>>
where
    T: ?Sized + ToOwned<Owned: Value + Sync> + Serialize + 'static,
{
    let place = ((&raw const *value).cast::<u8>() as usize, (TypeId::of::<T>(), size_of_val(value)));
    // Not within the borrow of the places: `Serialize` and `Clone` are the user's.
    let Some(fingerprint) = fingerprint::of(value) else { return Arc::new(value.to_owned()) };
    if let Some(shared) = PLACES.with_borrow_mut(|places| places.find::<T::Owned>(place, fingerprint)) {
        return shared;
    }
    let owned = Arc::new(value.to_owned());
    PLACES.with_borrow_mut(|places| places.remember(place, fingerprint, &owned));
    owned
}
