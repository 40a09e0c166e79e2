//! A walk over a tree by whoever makes values of it: bounds depth and repetition, and finds cycles.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;

use super::problem::Problem;
use crate::limits::Limits;
use crate::tree::{Id, Tree};

/// What a value counts for that is neither text nor bytes.
const VALUE: u64 = 16;
/// Text up to this length is not worth accounting for: the opcode that repeats it takes a few bytes itself.
const SHORT: usize = 64;

/// The state of a walk.
pub(crate) struct Walk<'t> {
    pub(crate) tree: &'t Tree,
    depth: Cell<usize>,
    max_depth: usize,
    /// Bytes that repeated values may still take.
    repeats: Cell<u64>,
    max_repeats: u64,
    /// Shared containers that the walk is inside of, and those that it has been in.
    open: RefCell<HashSet<Id>>,
    seen: RefCell<HashSet<Id>>,
    /// How many of the containers that the walk is in have been walked before.
    repeating: Cell<usize>,
    /// Whether serde read an array into a buffer of its own, for a type that it does not know yet.
    pub(crate) read_array_ahead: Cell<bool>,
}

/// A container that the walk is in; it leaves when this is dropped.
pub(crate) struct Inside<'w, 't> {
    walk: &'w Walk<'t>,
    shared: Option<Id>,
    again: bool,
}

impl<'t> Walk<'t> {
    pub(crate) fn new(tree: &'t Tree, limits: &Limits) -> Self {
        let max_repeats = limits.repeats.saturating_add(tree.stream_len.saturating_mul(64));
        Self {
            tree,
            depth: Cell::new(0),
            max_depth: limits.depth,
            repeats: Cell::new(max_repeats),
            max_repeats,
            open: RefCell::default(),
            seen: RefCell::default(),
            repeating: Cell::new(0),
            read_array_ahead: Cell::new(false),
        }
    }

    /// Goes into the container `id` of `count` values.
    #[inline]
    pub(crate) fn enter(&self, id: Id, count: usize) -> Result<Inside<'_, 't>, Problem> {
        if self.depth.get() >= self.max_depth {
            return Err(Problem::limit(format!(
                "containers are nested more than {} levels deep",
                self.max_depth
            ))
            .near(self.tree.offset_near(id)));
        }
        let (mut shared, mut again) = (None, false);
        if self.tree.is_shared(id) {
            if !self.open.borrow_mut().insert(id) {
                return Err(Problem::corrupt("the value contains itself, which no Rust value can")
                    .near(self.tree.offset_near(id)));
            }
            shared = Some(id);
            again = !self.seen.borrow_mut().insert(id);
        }
        let inside = Inside { walk: self, shared, again };
        self.depth.set(self.depth.get() + 1);
        if again {
            self.repeating.set(self.repeating.get() + 1);
        }
        if self.repeating.get() > 0 {
            self.charge(VALUE.saturating_mul(count as u64 + 1), id)?;
        }
        Ok(inside)
    }

    /// Accounts for whatever is walked until the guard is dropped as for what was walked before.
    pub(crate) fn again(&self) -> Again<'_> {
        self.repeating.set(self.repeating.get() + 1);
        Again(&self.repeating)
    }

    /// Whether what is walked now stands in the result more often than in the file, or may.
    pub(crate) fn is_repeating(&self) -> bool {
        self.repeating.get() > 0
    }

    /// Accounts for text or bytes that a value takes.
    #[inline]
    pub(crate) fn take(&self, id: Id, len: usize) -> Result<(), Problem> {
        if len > SHORT && (self.repeating.get() > 0 || self.tree.is_shared(id)) {
            let first = self.repeating.get() == 0 && self.seen.borrow_mut().insert(id);
            if !first {
                return self.charge(len as u64, id);
            }
        }
        Ok(())
    }

    /// Accounts for values that take no bytes in the file at all.
    pub(crate) fn charge_values(&self, count: u64, id: Id) -> Result<(), Problem> {
        self.charge(VALUE.saturating_mul(count), id)
    }

    #[cold]
    fn charge(&self, bytes: u64, id: Id) -> Result<(), Problem> {
        match self.repeats.get().checked_sub(bytes) {
            Some(left) => {
                self.repeats.set(left);
                Ok(())
            }
            None => Err(Problem::limit(format!(
                "values that stand in the file once would take more than {} bytes again and again",
                self.max_repeats
            ))
            .near(self.tree.offset_near(id))),
        }
    }
}

/// A value that may stand in the result more often than in the file.
pub(crate) struct Again<'w>(&'w Cell<usize>);

impl Drop for Again<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

impl Drop for Inside<'_, '_> {
    fn drop(&mut self) {
        self.walk.depth.set(self.walk.depth.get() - 1);
        if let Some(id) = self.shared {
            self.walk.open.borrow_mut().remove(&id);
        }
        if self.again {
            self.walk.repeating.set(self.walk.repeating.get() - 1);
        }
    }
}
