//! What belongs to one process: a forked child has a copy of its parent's memory, and makes its own at the first use.

use std::marker::PhantomData;
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicPtr, Ordering};

use crate::generation::generation;

/// A value that each process has its own of.
#[derive(Debug)]
pub(crate) struct PerProcess<T> {
    current: AtomicPtr<Owned<T>>,
    /// It is as safe to share as its value, which an `AtomicPtr` doesn't say.
    value: PhantomData<T>,
}

#[derive(Debug)]
struct Owned<T> {
    generation: u64,
    /// What the process had that this one was forked from.
    parents: AtomicPtr<Self>,
    /// Empty while a thread makes it.
    value: OnceLock<T>,
}

impl<T> PerProcess<T> {
    /// A value that is made when it is first used.
    pub(crate) const fn new() -> Self {
        Self { current: AtomicPtr::new(ptr::null_mut()), value: PhantomData }
    }

    /// The value of this process. `make` makes it at the first use, in a forked child from what its parent had.
    pub(crate) fn get(&self, make: impl FnOnce(Option<&T>) -> T) -> &T {
        let generation = generation();
        let mut found = self.current.load(Ordering::Acquire);
        loop {
            // SAFETY: the pointer is null or comes from `Box::into_raw` below. What was published is freed only by `drop`,
            // which has exclusive access, so it lives as long as the borrow of `self`.
            if let Some(owned) = unsafe { found.as_ref() }
                && owned.generation == generation
            {
                return owned.value.get_or_init(|| {
                    // SAFETY: it was published too. It is never freed: it may be locked by a thread that doesn't exist
                    // here, and closing what belongs to the parent would disturb it.
                    let parents = unsafe { owned.parents.load(Ordering::Relaxed).as_ref() };
                    make(parents.and_then(|parents| parents.value.get()))
                });
            }
            let parents = AtomicPtr::new(found);
            let new = Box::into_raw(Box::new(Owned { generation, parents, value: OnceLock::new() }));
            found = match self.current.compare_exchange(found, new, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => new,
                Err(other) => {
                    // SAFETY: it was not published, so nobody else knows it.
                    drop(unsafe { Box::from_raw(new) });
                    other
                }
            };
        }
    }
}

impl<T> Drop for PerProcess<T> {
    fn drop(&mut self) {
        let current = *self.current.get_mut();
        // SAFETY: as in `get`; `drop` has exclusive access.
        if let Some(owned) = unsafe { current.as_ref() }
            && owned.generation == generation()
        {
            // SAFETY: it comes from `Box::into_raw`, and nobody else can reach it any more.
            drop(unsafe { Box::from_raw(current) });
        }
    }
}
