//! Pickles for Python.

mod arrays;
mod bits;
mod keys;
mod options;
mod pickler;
mod serializer;

pub use options::{WriteOptions, to_vec};
