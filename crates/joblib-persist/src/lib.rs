#![doc = include_str!("../README.md")]
//!
//! ```
//! use joblib_persist::{dump, load};
//!
//! let folder = tempfile::tempdir()?;
//! let path = folder.path().join("scores.gz");
//! dump(&vec![("ridge", 0.5), ("lasso", 0.25)], &path)?;
//! let scores: Vec<(String, f64)> = load(&path)?;
//! assert_eq!(scores[1], ("lasso".to_owned(), 0.25));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod atomic;
pub mod compress;
mod error;
mod file_format;
mod foreign;
mod format;
mod input;
mod native;
mod native_reader;
#[cfg(feature = "python")]
mod numpy;
mod open;
mod options;
mod output;
#[cfg(feature = "python")]
mod python;
mod reader;
mod report;
mod sections;
mod verify;
mod writer;

use std::io::{Read, Write};
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use compress::{Compressor, Encoder, register_compressor};
pub use error::{Error, Result};
pub use file_format::Format;
#[cfg(feature = "python")]
pub use joblib_pickle as pickle;
pub use native_reader::NativeReader;
#[cfg(feature = "python")]
pub use numpy::{NumpyDumpOptions, dump_numpy};
pub use options::{Compress, DumpOptions, LoadOptions};
#[cfg(feature = "python")]
pub use python::{PythonDumpOptions, dump_python};
pub use reader::Reader;
pub use verify::{Report, verify};
pub use writer::Writer;

/// Saves `value` to the file at `path`, compressed if the extension is that of a compressor (`.z`, `.gz`, `.bz2`, `.xz`,
/// `.lzma`, `.lz4`, `.zst`).
///
/// The file is created, or replaces the one at `path`, in one step when it is complete: whatever interrupts the dump, the
/// file at `path` is the old one or the new one. The new file has the permissions of the file that it replaces. If `path`
/// is a pipe, a device or a terminal, such as `/dev/stdout`, it is written to, not replaced.
///
/// # Errors
///
/// Returns an error if the file can't be written, or `value` can't be serialized. The file at
/// `path` is then as before.
///
/// ```
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("weights.xz");
/// joblib_persist::dump(&[0.5, 0.25], &path)?;
/// assert_eq!(joblib_persist::load::<Vec<f64>>(&path)?, [0.5, 0.25]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn dump<T: Serialize + ?Sized>(value: &T, path: impl AsRef<Path>) -> Result<()> {
    DumpOptions::new().dump(value, path)
}

/// Loads the value in the file at `path`, which may be compressed. If there are several values, the first one is loaded.
///
/// See [`dump`] for an example.
///
/// # Errors
///
/// Returns an error if the file can't be read, is damaged, is of another format, or holds something other than a `T`.
/// The error names the place in the file.
pub fn load<T: DeserializeOwned>(path: impl AsRef<Path>) -> Result<T> {
    LoadOptions::new().load(path)
}

/// Saves `value` to a writer, uncompressed. Several values can be written one after another.
///
/// # Errors
///
/// Returns an error if the writer fails, or `value` can't be serialized. What was written then is
/// not a complete file.
///
/// ```
/// let mut bytes = Vec::new();
/// joblib_persist::dump_to("first", &mut bytes)?;
/// joblib_persist::dump_to(&2, &mut bytes)?;
///
/// let mut source = &bytes[..];
/// assert_eq!(joblib_persist::load_from::<String, _>(&mut source)?, "first");
/// assert_eq!(joblib_persist::load_from::<i32, _>(&mut source)?, 2);
/// # Ok::<(), joblib_persist::Error>(())
/// ```
pub fn dump_to<T: Serialize + ?Sized, W: Write>(value: &T, writer: W) -> Result<()> {
    DumpOptions::new().dump_to(value, writer)
}

/// Loads the next value from a reader, whose data may be compressed.
///
/// From an uncompressed stream no byte beyond the value is read, so that the next value can be loaded. Use [`Reader`] for
/// several values in a compressed stream. See [`dump_to`] for an example.
///
/// # Errors
///
/// Returns the same errors as [`load`]. The position of `reader` is unspecified then.
pub fn load_from<T: DeserializeOwned, R: Read>(reader: R) -> Result<T> {
    LoadOptions::new().load_from(reader)
}
