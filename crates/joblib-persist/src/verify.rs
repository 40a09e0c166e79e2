//! Reads a whole file, every value of it, and verifies every checksum in it.

use std::path::Path;

use crate::error::Result;
use crate::file_format::Format;
use crate::open::empty;
use crate::options::LoadOptions;
use crate::reader::Reader;

/// What [`verify`] found in a valid file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// The format of the values.
    pub format: Format,
    /// The compressor's name, or `None` if the file is not compressed.
    pub compressor: Option<String>,
    /// The number of values in the file.
    pub objects: u64,
    /// The number of sections; 0 in a Python file.
    pub sections: u64,
    /// The size of all sections, in bytes, after decompression.
    pub bytes: u64,
    /// The number of arrays that have no checksum because they were mapped for writing.
    pub unchecked: u64,
}

/// Checks the file at `path` without deserializing it: every header, every checksum (including those of arrays that would
/// be mapped), the structure of the values, and that nothing follows.
///
/// ```
/// use joblib_persist::{Report, dump, verify};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("values.gz");
/// dump(&vec![0.5; 1000], &path)?;
/// let report: Report = verify(&path)?;
/// assert_eq!(report.compressor.as_deref(), Some("gzip"));
/// assert_eq!((report.objects, report.unchecked), (1, 0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// For a Python file, which has no checksums except those of its compressor, the structure of every pickle is checked. Its
/// arrays are skipped, so that they take no memory; those of an `.npz` file are read one after another.
///
/// # Errors
///
/// Returns an error that says what is wrong and where, if the file is damaged ([`is_corrupt`](crate::Error::is_corrupt)),
/// can't be opened, or has an unknown format ([`is_foreign`](crate::Error::is_foreign)).
pub fn verify(path: impl AsRef<Path>) -> Result<Report> {
    let path = path.as_ref();
    let mut reader = Reader::open(path, &LoadOptions::new())?;
    reader.verify_everything();
    let mut objects = 0;
    while reader.check()? {
        objects += 1;
    }
    if objects == 0 {
        return Err(empty().at_path(Some(path)));
    }
    let (sections, bytes, unchecked) = reader.tally();
    Ok(Report {
        format: reader.format(),
        compressor: reader.compressor().map(str::to_owned),
        objects,
        sections,
        bytes,
        unchecked,
    })
}
