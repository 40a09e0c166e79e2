//! Pickles for Python.

mod arrays;
mod bits;
mod keys;
mod options;
mod parts;
mod pickler;
mod serializer;
mod typed;

pub use options::{WriteOptions, to_vec};
