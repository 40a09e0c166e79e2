#![doc = include_str!("../README.md")]

mod ffi;
mod polars;
mod tabular;

pub use joblib_arrow::{ArrowError, Table};
/// The crate of polars whose types these are, in the version that this crate is for.
pub use polars_core;
pub use polars_core::frame::DataFrame;
pub use polars_core::series::Series;

pub use crate::polars::Polars;
pub use crate::tabular::Tabular;
