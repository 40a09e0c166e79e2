//! A column as it is asked for values, and the values that one place of it may hold together.

use std::rc::Rc;

use super::walk::Walk;
use crate::meaning::column::{Closed, Column, Rows};
use crate::tree::Id;

/// A column and the object that it came from.
#[derive(Clone)]
pub(crate) struct ColumnDe<'w, 't> {
    pub(crate) walk: &'w Walk<'t>,
    pub(crate) id: Id,
    pub(crate) column: Column,
}

impl ColumnDe<'_, '_> {
    /// Another column of the same object.
    pub(crate) fn other(&self, column: &Column) -> Self {
        Self { walk: self.walk, id: self.id, column: column.clone() }
    }
}

/// The values that one place of a column holds together.
pub(crate) enum Values<'w, 't> {
    /// The values at these places of a column.
    List(ColumnDe<'w, 't>, std::ops::Range<usize>),
    /// The values of several columns at one place.
    Row(ColumnDe<'w, 't>, Rc<Rows>, usize),
    /// The ends of an interval.
    Interval([ColumnDe<'w, 't>; 2], Closed, usize),
}
