#![doc = include_str!("../README.md")]

mod ipc;
mod normal;
mod table;

pub use arrow_array::RecordBatch;
pub use arrow_schema::ArrowError;

pub use crate::table::Table;
