//! What is measured, by area. The names are those of the peer's script.

mod growth;
mod hash;
mod memory;
mod parallel;
mod persist;
mod python;

use crate::options::Options;
use crate::row::Row;

/// Every row that the options want, in the order of the table.
pub(crate) fn all(options: &Options) -> Vec<Row> {
    let areas = [persist::rows, python::rows, hash::rows, memory::rows, parallel::rows, growth::rows];
    areas.into_iter().flat_map(|rows| rows()).filter(|row| options.wants(&row.name)).collect()
}
