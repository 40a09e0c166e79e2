//! A node, and what the caller asks it for.

use super::walk::Walk;
use crate::tree::{Id, Node};

/// A node to be made a Rust value.
#[derive(Clone, Copy)]
pub(crate) struct De<'w, 't> {
    pub(crate) walk: &'w Walk<'t>,
    pub(crate) id: Id,
}

/// What the caller asked for, where an object's meaning has several forms.
#[derive(Clone, Copy)]
pub(super) enum Want {
    Any,
    Text,
    Float,
    Int,
    Bytes,
    Seq,
    Map(&'static str, &'static [&'static str]),
}

impl<'w, 't: 'w> De<'w, 't> {
    pub(super) fn child(self, id: Id) -> Self {
        Self { id, ..self }
    }

    pub(super) fn node(self) -> Node {
        self.walk.tree.node(self.id)
    }
}
