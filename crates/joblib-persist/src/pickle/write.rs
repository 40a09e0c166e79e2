//! Pickles for Python: what `dump_python` writes.

mod arrays;
mod options;
mod pickler;
mod serializer;

pub use options::{PythonDumpOptions, dump_python, to_vec};
