//! What is measured, by area. The names are those of the peer's script.

mod build;
mod command;
mod dask;
mod growth;
mod hash;
mod in_memory;
mod macros;
mod memory;
mod object;
mod parallel;
mod persist;
mod python;

pub(crate) use self::object::far;
use crate::options::Options;
use crate::row::Row;

/// Every row that the options want, in the order of the table.
pub(crate) fn all(options: &Options) -> Vec<Row> {
    // A call that forks pays for the memory its process has in use, and the peer forks before its clock starts: calls are
    // measured before the tables are read.
    let areas = [
        growth::forks,
        parallel::rows,
        dask::rows,
        persist::rows,
        python::rows,
        hash::rows,
        memory::rows,
        command::rows,
        in_memory::rows,
        object::rows,
        macros::rows,
        build::rows,
        growth::rows,
    ];
    areas.into_iter().flat_map(|rows| rows()).filter(|row| options.wants(&row.name)).collect()
}
