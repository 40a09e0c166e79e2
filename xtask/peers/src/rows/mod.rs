//! What is measured, by area. A row ends in the name of its peer.

mod arrays;
mod columns;
mod in_memory;
mod on_disk;
mod processes;
#[cfg(feature = "polars")]
mod tables;
mod threads;

use crate::measure::Row;

/// Every row, in the order of the table.
pub(crate) fn all() -> Vec<Row> {
    let areas = [
        in_memory::rows,
        on_disk::rows,
        arrays::rows,
        columns::rows,
        #[cfg(feature = "polars")]
        tables::rows,
        threads::rows,
        processes::rows,
    ];
    areas.into_iter().flat_map(|rows: fn() -> Vec<Row>| rows()).collect()
}
