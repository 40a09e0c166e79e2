#![doc = include_str!("../README.md")]

mod check;
mod content;
mod ipc;
mod normal;
mod schema;
mod stream;
mod table;

pub use arrow_array::RecordBatch;
pub use arrow_schema::ArrowError;
/// The crates of Arrow whose types tables are made of, in the version that this crate is for.
pub use {arrow_array, arrow_schema};

pub use crate::table::Table;
