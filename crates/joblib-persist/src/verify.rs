//! Reads a whole file and holds every checksum in it against its bytes.

use std::path::Path;

use serde::de::IgnoredAny;

use crate::error::Result;
use crate::options::{LoadOptions, empty};
use crate::reader::Reader;

/// What [`verify`] found in a sound file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// The compressor's name, or `None` when the file is not compressed.
    pub compressor: Option<String>,
    /// How many values there are, one after another.
    pub objects: u64,
    /// How many sections they have.
    pub sections: u64,
    /// Bytes of all sections: of the file, or of what it decompresses to.
    pub bytes: u64,
    /// How many arrays have no checksum because they were mapped for writing.
    pub unchecked: u64,
}

/// Checks the file at `path` without making a value of it: every header, every checksum (those of arrays that are usually
/// mapped too), the structure of the values, and that nothing follows.
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
/// # Errors
///
/// The first thing that is wrong, and where ([`is_corrupt`](crate::Error::is_corrupt)); what opening the file says; and that it
/// is no file of this format ([`is_foreign`](crate::Error::is_foreign)).
pub fn verify(path: impl AsRef<Path>) -> Result<Report> {
    let path = path.as_ref();
    let mut reader = Reader::open(path, &LoadOptions::new())?;
    reader.check_everything()?;
    let mut objects = 0;
    while reader.next::<IgnoredAny>()?.is_some() {
        objects += 1;
    }
    if objects == 0 {
        return Err(empty().at_path(Some(path)));
    }
    let (compressor, sections) = reader.into_parts()?;
    Ok(Report {
        compressor,
        objects,
        sections: sections.count(),
        bytes: sections.position(),
        unchecked: sections.unchecked(),
    })
}
