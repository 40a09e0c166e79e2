//! The command `joblib`, started as its users start it.

mod cache;
#[cfg(feature = "dask")]
mod cluster;
mod command;
mod joblib;
mod report;
mod runs;
