//! The formats that a file can have.

use std::fmt;

/// The format of a file, apart from its compression.
///
/// ```
/// use joblib_persist::{Format, LoadOptions, Reader, dump_python};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("scores.joblib.gz");
/// dump_python(&[0.5, 0.25], &path)?;
/// let reader = Reader::open(&path, &LoadOptions::new())?;
/// assert_eq!((reader.format(), reader.compressor()), (Format::Python, Some("gzip")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// This library's own.
    Native,
    /// A Python pickle, of `pickle` or of Python's joblib.
    Python,
}

impl Format {
    /// `native` or `python`.
    ///
    /// ```
    /// use joblib_persist::Format;
    ///
    /// assert_eq!([Format::Native, Format::Python].map(Format::name), ["native", "python"]);
    /// ```
    pub const fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Python => "python",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Native => "joblib for Rust",
            Self::Python => "Python pickle",
        })
    }
}
