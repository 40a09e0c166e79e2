//! The memo: which objects the stream may refer back to.

use std::collections::HashMap;

use crate::tree::Id;

/// Numbers this far beyond the last one still get a place in the vector.
const GAP: usize = 1024;
const VACANT: Id = Id(u32::MAX);

/// Objects by number. Picklers number from zero, so they stand in a vector; a number out of line, which only a crafted
/// pickle has, costs a table entry and no more.
#[derive(Debug, Default)]
pub(crate) struct Memo {
    dense: Vec<Id>,
    sparse: HashMap<u32, Id>,
    len: usize,
}

impl Memo {
    #[inline]
    pub(crate) fn get(&self, number: u32) -> Option<Id> {
        match self.dense.get(number as usize) {
            Some(&id) if id != VACANT => Some(id),
            _ => self.sparse.get(&number).copied(),
        }
    }

    /// The number that `MEMOIZE` gives: how many there are.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub(crate) fn push(&mut self, id: Id) {
        if self.len == self.dense.len() {
            self.dense.push(id);
            self.len += 1;
        } else {
            self.put(self.len as u32, id);
        }
    }

    pub(crate) fn put(&mut self, number: u32, id: Id) {
        let index = number as usize;
        if index < self.dense.len() {
            if self.dense[index] == VACANT && self.sparse.remove(&number).is_none() {
                self.len += 1;
            }
            self.dense[index] = id;
        } else if index < self.dense.len() + GAP {
            if self.sparse.remove(&number).is_none() {
                self.len += 1;
            }
            self.dense.resize(index, VACANT);
            self.dense.push(id);
        } else if self.sparse.insert(number, id).is_none() {
            self.len += 1;
        }
    }
}
