//! An entry of the store: two values in a row in joblib's native format, the metadata and the result. This is the only
//! place that knows that format.

use joblib_array::MmapMode;
use joblib_persist::{Compress, DumpOptions, LoadOptions, Reader, Writer};
use joblib_store::Blob;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io;
use std::time::Duration;

use super::metadata::{Brief, Metadata};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Writes an entry. Of an error that the store has no part in, `refused` says what it is.
pub(crate) fn encode<T: Serialize + ?Sized>(
    metadata: &Metadata,
    result: &T,
    compress: Option<&Compress>,
    out: &mut dyn io::Write,
    refused: &mut Option<String>,
) -> io::Result<()> {
    let mut options = DumpOptions::new();
    if let Some(compress) = compress {
        options = options.compress(compress.clone());
    }
    let mut option = true;
    let write = || {
        let mut writer = Writer::new(out, &options)?;
        option = false;
        writer.write(metadata)?;
        writer.write(result)?;
        writer.finish()
    };
    write().map_err(|error| {
        if let Some(kind) = error.io_kind() {
            return io::Error::new(kind, error);
        }
        *refused = Some(if option { format!("the option `compress`: {error}") } else { error.to_string() });
        io::Error::other(error)
    })
}

/// How arrays of results are mapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mapping {
    pub(crate) mode: MmapMode,
    /// Whether they are held against their checksums first.
    pub(crate) check: bool,
}

/// An entry whose metadata has been read.
pub(crate) struct Entry<'b> {
    pub(crate) metadata: Metadata,
    reader: Reader<'b>,
}

impl Entry<'static> {
    pub(crate) fn open(blob: Blob, mapping: Option<Mapping>) -> Result<Self, Failure> {
        Self::open_with(blob, mapping, Reader::next::<Metadata>)
    }

    /// The same with only the times in the metadata, which is all that most hits need.
    pub(crate) fn open_in_brief(blob: Blob, mapping: Option<Mapping>) -> Result<Self, Failure> {
        Self::open_with(blob, mapping, |reader| Ok(reader.next::<Brief>()?.map(Metadata::from)))
    }

    fn open_with(
        blob: Blob,
        mapping: Option<Mapping>,
        metadata: impl FnOnce(&mut Reader<'static>) -> joblib_persist::Result<Option<Metadata>>,
    ) -> Result<Self, Failure> {
        let mut options = LoadOptions::new();
        let mut reader = match blob {
            Blob::File { file, path } => {
                if let Some(Mapping { mode, check }) = mapping {
                    options = options.mmap_mode(mode).check_mapped(check);
                }
                Reader::from_file(file, path, &options)?
            }
            Blob::Bytes(bytes) => Reader::new(Shared { bytes, read: 0 }, &options)?,
            other => Reader::new(io::Cursor::new(other.into_bytes()?), &options)?,
        };
        let metadata = metadata(&mut reader)?.ok_or("the entry is empty")?;
        Ok(Self { metadata, reader })
    }

    pub(crate) fn result<T: DeserializeOwned>(mut self) -> Result<(T, Metadata), Failure> {
        let result = self.reader.next()?.ok_or("the entry holds no result")?;
        Ok((result, self.metadata))
    }
}

/// What the result in a blob took to compute: asked by the cost-aware policy.
pub(crate) fn cost(blob: Blob) -> Option<Duration> {
    Entry::open(blob, None).ok().map(|entry| entry.metadata.duration())
}

/// Shared bytes as a reader.
struct Shared {
    bytes: std::sync::Arc<[u8]>,
    read: usize,
}

impl io::Read for Shared {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let rest = &self.bytes[self.read..];
        let count = rest.len().min(out.len());
        out[..count].copy_from_slice(&rest[..count]);
        self.read += count;
        Ok(count)
    }
}
