//! What a store hands back: the stored bytes, still in their file where there is one, so that they can be mapped.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The bytes stored under a key.
///
/// ```
/// use joblib_store::Blob;
///
/// let blob = Blob::Bytes(b"result".as_slice().into());
/// assert!(blob.path().is_none());
/// assert_eq!(blob.into_bytes()?, b"result");
/// # Ok::<(), std::io::Error>(())
/// ```
#[non_exhaustive]
pub enum Blob {
    /// An open file, whose whole content is the bytes.
    File {
        /// The file, at its start.
        file: File,
        /// Where it was found.
        path: PathBuf,
    },
    /// Bytes in memory.
    Bytes(Arc<[u8]>),
    /// Bytes in memory that another type owns, such as a download.
    Owned(Box<dyn AsRef<[u8]> + Send + Sync>),
}

impl fmt::Debug for Blob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, .. } => f.debug_tuple("Blob::File").field(path).finish(),
            Self::Bytes(bytes) => write!(f, "Blob::Bytes({} bytes)", bytes.len()),
            Self::Owned(bytes) => write!(f, "Blob::Owned({} bytes)", (**bytes).as_ref().len()),
        }
    }
}

impl Blob {
    /// Returns the bytes.
    ///
    /// # Errors
    ///
    /// Returns an error if the file can't be read.
    pub fn into_bytes(self) -> io::Result<Vec<u8>> {
        match self {
            Self::File { mut file, .. } => {
                let mut bytes = Vec::new();
                file.read_to_end(&mut bytes)?;
                Ok(bytes)
            }
            Self::Bytes(bytes) => Ok(bytes.to_vec()),
            Self::Owned(bytes) => Ok((*bytes).as_ref().to_vec()),
        }
    }

    /// The path of the file, if there is one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::File { path, .. } => Some(path),
            Self::Bytes(_) | Self::Owned(_) => None,
        }
    }
}
