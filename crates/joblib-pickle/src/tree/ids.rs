//! How nodes are referred to: by number, alone and in runs.

/// The number of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Id(pub(crate) u32);

/// A run of children that may grow: see [`Tree::extend`](super::Tree::extend).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Items {
    /// Room for `1 << room` children; exactly `len` when it is `EXACT`.
    pub(super) room: u8,
    pub(super) len: u32,
    pub(super) start: u64,
}

pub(super) const EXACT: u8 = u8::MAX;

impl Items {
    pub(crate) const EMPTY: Self = Self { room: EXACT, len: 0, start: 0 };

    /// The same children without the room behind them, which belongs to one owner.
    pub(crate) fn alone(self) -> Self {
        Self { room: EXACT, ..self }
    }

    /// `len` of the children from `start`, which must be among them.
    pub(crate) fn part(self, start: usize, len: usize) -> Self {
        debug_assert!(start + len <= self.len as usize, "the part lies within the run");
        Self { room: EXACT, len: len as u32, start: self.start + start as u64 }
    }

    pub(super) fn room(self) -> usize {
        if self.room == EXACT { self.len as usize } else { 1 << self.room }
    }
}
