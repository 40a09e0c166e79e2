//! A result that is to be uploaded.

use std::fs::File;
use std::io::{self, Seek};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::blob::Blob;
use crate::key::Key;
use crate::store::{Claimed, Store};

/// Results of at most this many bytes wait in memory, larger ones as the near store has them: as open files, mostly.
const SMALL: u64 = 64 << 10;
/// What is to be uploaded: the result as it was stored, though the near store may drop it meanwhile.
pub(super) struct Job {
    pub(super) key: Key,
    pub(super) claim: Option<Box<dyn Claimed>>,
    kept: Option<Kept>,
}

/// The result while it waits, and its place among the large ones if it is one.
struct Kept {
    blob: Blob,
    #[expect(dead_code, reason = "it counts until it is dropped")]
    counted: Option<Counted>,
}

/// One of the large results that may wait.
pub(super) struct Counted(Arc<AtomicUsize>);

impl Counted {
    pub(super) fn new(large: &Arc<AtomicUsize>) -> Self {
        large.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(large))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Job {
    pub(super) fn new(key: Key, claim: Option<Box<dyn Claimed>>, near: &dyn Store, counted: Counted) -> Self {
        // One that can't be read now may be readable when its turn comes.
        let kept = near.peek(&key, u64::MAX).ok().flatten().and_then(|blob| Kept::new(blob, counted));
        Self { key, claim, kept }
    }

    /// The result as the near store has it now, or as it had it.
    pub(super) fn blob(&mut self, near: &dyn Store) -> Option<Blob> {
        let now = near.peek(&self.key, u64::MAX).ok().flatten();
        now.or_else(|| Some(self.kept.take()?.blob))
    }
}

impl Kept {
    fn new(blob: Blob, counted: Counted) -> Option<Self> {
        let size = match &blob {
            Blob::File { file, .. } => file.metadata().ok()?.len(),
            Blob::Bytes(bytes) => bytes.len() as u64,
            Blob::Owned(bytes) => (**bytes).as_ref().len() as u64,
        };
        if size > SMALL {
            return Some(Self { blob, counted: Some(counted) });
        }
        let blob = match blob {
            file @ Blob::File { .. } => Blob::Bytes(file.into_bytes().ok()?.into()),
            bytes => bytes,
        };
        Some(Self { blob, counted: None })
    }
}

/// Writes all bytes of a blob.
pub(super) fn copy(blob: &Blob, out: &mut dyn io::Write) -> io::Result<()> {
    match blob {
        Blob::File { file, .. } => {
            let mut file: &File = file;
            file.rewind()?;
            io::copy(&mut file, out).map(|_| ())
        }
        Blob::Bytes(bytes) => out.write_all(bytes),
        Blob::Owned(bytes) => out.write_all((**bytes).as_ref()),
    }
}
