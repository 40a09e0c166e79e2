//! `joblib hash`.

use std::io::Write;

use joblib_persist::{LoadOptions, Reader};

use crate::args::Hash;
use crate::failure::Failure;
use crate::text::Visible;

/// Prints the hash of each value in each file: the same for the same value, whatever its file's format and compression.
pub(crate) fn run(options: &Hash, out: &mut dyn Write) -> Result<(), Failure> {
    for path in &options.files {
        let mut reader = Reader::open(path, &LoadOptions::new())?;
        for value in crate::inspect::values(&mut reader, path)? {
            let digest = joblib_hash::hash_with(options.algorithm, &value)
                .map_err(|error| Failure::Other(format!("{}: {error}", path.display())))?;
            writeln!(out, "{digest}  {}", Visible(path.display()))?;
        }
    }
    Ok(())
}
