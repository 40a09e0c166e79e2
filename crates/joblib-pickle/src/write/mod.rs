//! Pickles for Python.

mod arrays;
mod bits;
mod keys;
mod listed;
mod npy;
mod npz;
mod options;
mod parts;
mod pickler;
mod serializer;
mod typed;

pub use npy::{write_npy, write_npz};
pub use options::{WriteOptions, to_vec};
