//! A stored entry as programs see it that do not have the function that made it.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use joblib_persist::{LoadOptions, NativeReader};
use joblib_store::Blob;
use serde::de::DeserializeOwned;

use super::codec::{Entry, Failure, Wanted, reader};
use super::metadata::Metadata;
use crate::error::Result;

/// A stored entry, read without the function that made it: the metadata of a call, and its result.
///
/// ```
/// use joblib_memory::{Memory, StoredEntry};
/// use joblib_store::{Store, StoreOptions, open};
///
/// let memory = Memory::with_backend("in_memory", "seen from outside")?;
/// memory.eval("half", |x: f64| x / 2.0, (3.0,));
/// let (item, _) = memory.items()?.remove(0);
///
/// let store = open("in_memory", &StoreOptions::new("seen from outside"))?;
/// let blob = || store.peek(&item.key(), u64::MAX).map(|blob| blob.expect("it is stored"));
/// let entry = StoredEntry::open(blob()?)?;
/// assert_eq!(entry.metadata().function(), "half");
/// assert_eq!(entry.result::<f64>()?, 1.5);
/// StoredEntry::verify(blob()?)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct StoredEntry {
    metadata: Box<Metadata>,
    reader: NativeReader<'static>,
}

impl StoredEntry {
    /// Reads the metadata of an entry.
    ///
    /// # Errors
    ///
    /// Returns an error if the entry can't be read or is damaged; [`Error::io_kind`](crate::Error::io_kind) tells which.
    pub fn open(blob: Blob) -> Result<Self> {
        let open = || -> Result<_, Failure> {
            let mut reader = reader(blob, &LoadOptions::new())?;
            let metadata: Box<Metadata> = reader.next()?.ok_or(Failure::Incomplete)?;
            Ok(Self { metadata, reader })
        };
        open().map_err(|error| error.of("a function"))
    }

    /// The metadata of the call.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// Reads the result as a `T`.
    ///
    /// # Errors
    ///
    /// Returns an error if the result is damaged, or has another type.
    pub fn result<T: DeserializeOwned>(mut self) -> Result<T> {
        let result = self.reader.next().map_err(Failure::from);
        result
            .and_then(|result| result.ok_or(Failure::Incomplete))
            .map_err(|error| error.of(&self.metadata.function))
    }

    /// Reads when the result of an entry was computed, and how long that took, without reading the rest of the metadata.
    pub fn times(blob: Blob) -> Option<(SystemTime, Duration)> {
        let of_head = match &blob {
            Blob::File { file, .. } => head(file).ok().and_then(|head| times(Blob::Bytes(head))),
            _ => None,
        };
        of_head.or_else(|| times(blob))
    }

    /// Reads a whole entry and verifies every checksum in it.
    ///
    /// # Errors
    ///
    /// Returns an error that says what is damaged, or that the entry can't be read, which
    /// [`Error::io_kind`](crate::Error::io_kind) tells apart.
    pub fn verify(blob: Blob) -> Result<()> {
        let verify = || -> Result<_, Failure> {
            let mut reader = reader(blob, &LoadOptions::new())?;
            reader.next::<Metadata>()?.ok_or(Failure::Incomplete)?;
            match reader.verify()? {
                0 => Err(Failure::Incomplete),
                _ => Ok(()),
            }
        };
        verify().map_err(|error| error.of("a function"))
    }
}

fn times(blob: Blob) -> Option<(SystemTime, Duration)> {
    let times = Entry::open(blob, None, Wanted::Times).ok()?.times;
    Some((times.computed_at(), times.duration()))
}

/// The start of a file, in which most metadata ends.
fn head(file: &File) -> io::Result<Arc<[u8]>> {
    let mut head = [0; 4096];
    let read = file.read_at(&mut head, 0)?;
    Ok(head[..read].into())
}
