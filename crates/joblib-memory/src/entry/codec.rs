//! An entry of the store: two values in a row in joblib's native format, the metadata and the
//! result. This is the only module that knows that format.

use std::error::Error;
use std::fmt;
use std::io;
use std::time::Duration;

use joblib_array::MmapMode;
use joblib_persist::{Compress, DumpOptions, LoadOptions, NativeReader, Writer};
use joblib_store::Blob;
use serde::de::DeserializeOwned;

use super::metadata::{Metadata, Times};
use crate::shape;

/// Writes an entry, with the result that `result` writes. `refused` gets the reason if the value or an option is the cause of the error,
/// and not `out`.
pub(crate) fn encode(
    metadata: &Metadata,
    result: &mut dyn FnMut(&mut Writer<'_>) -> joblib_persist::Result<()>,
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
        result(&mut writer)?;
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
    /// Whether their checksums are verified first.
    pub(crate) verify: bool,
}

/// How much of the metadata is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// The times, which is all that most hits need.
    Times,
    /// Everything.
    Metadata,
}

/// An entry whose metadata has been read, and whose result has not.
pub(crate) struct Entry {
    pub(crate) times: Times,
    /// Read only if it was wanted.
    pub(crate) metadata: Option<Box<Metadata>>,
    pub(crate) body: Body,
}

/// The result of an entry, before it is read.
pub(crate) struct Body {
    reader: NativeReader<'static>,
    /// What its type looked like when it was stored; 0 where that is not known.
    shape: u64,
}

impl Entry {
    pub(crate) fn open(blob: Blob, mapping: Option<Mapping>, wanted: Wanted) -> Result<Self, Failure> {
        let mut options = LoadOptions::new();
        if let (Blob::File { .. }, Some(Mapping { mode, verify })) = (&blob, mapping) {
            options = options.mmap_mode(mode).verify_mapped(verify);
        }
        let mut reader = reader(blob, &options)?;
        let (times, metadata) = match wanted {
            Wanted::Times => (reader.next::<Times>()?.ok_or(Failure::Incomplete)?, None),
            Wanted::Metadata => {
                let metadata: Metadata = reader.next()?.ok_or(Failure::Incomplete)?;
                (metadata.times(), Some(Box::new(metadata)))
            }
        };
        // A result whose type has changed since is a miss, and not another number.
        Ok(Self { times, metadata, body: Body { reader: reader.exact_types(), shape: times.shape() } })
    }
}

/// A reader of an entry's values.
pub(super) fn reader(blob: Blob, options: &LoadOptions) -> Result<NativeReader<'static>, Failure> {
    Ok(match blob {
        Blob::File { file, path } => NativeReader::from_file(file, path, options)?,
        Blob::Bytes(bytes) => NativeReader::new(Shared { bytes, read: 0 }, options)?,
        other => NativeReader::new(io::Cursor::new(other.into_bytes().map_err(Failure::Io)?), options)?,
    })
}

impl Body {
    pub(crate) fn result<T: DeserializeOwned>(mut self) -> Result<T, Failure> {
        if self.shape != 0 && self.shape != shape::of::<T>() {
            return Err(Failure::OtherShape);
        }
        self.reader.next()?.ok_or(Failure::Incomplete)
    }
}

/// Reads an entry's metadata alone.
pub(crate) fn metadata(blob: Blob) -> Option<Metadata> {
    Some(*Entry::open(blob, None, Wanted::Metadata).ok()?.metadata?)
}

/// How long it took to compute the result in a blob, for the cost-aware policy.
pub(crate) fn cost(blob: Blob) -> Option<Duration> {
    Entry::open(blob, None, Wanted::Times).ok().map(|entry| entry.times.duration())
}

/// Why an entry can't be used.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It could not be read, is damaged, or holds another type.
    Persist(joblib_persist::Error),
    Io(io::Error),
    /// Its type had other fields, variants or numbers when it was stored.
    OtherShape,
    /// It ends before its result.
    Incomplete,
}

impl Failure {
    /// Whether the entry is sound and holds a value of another type.
    pub(crate) fn is_wrong_type(&self) -> bool {
        match self {
            Self::Persist(error) => error.is_wrong_type(),
            Self::OtherShape => true,
            Self::Io(_) | Self::Incomplete => false,
        }
    }
}

impl Failure {
    /// The kind of the operating system's error, if that is the reason. It says nothing of the entry,
    /// which may be sound.
    pub(crate) fn io_kind(&self) -> Option<io::ErrorKind> {
        match self {
            // What is cut off or has an invalid length is an I/O error too.
            Self::Persist(error) => error.io_kind().filter(|_| !error.is_corrupt()),
            Self::Io(error) => Some(error.kind()),
            Self::OtherShape | Self::Incomplete => None,
        }
    }

    /// The error of reading the result of a function.
    pub(crate) fn of(self, function: &str) -> crate::error::Error {
        let io_kind = self.io_kind();
        crate::error::Error::unreadable(function, self, io_kind)
    }
}

impl From<joblib_persist::Error> for Failure {
    fn from(error: joblib_persist::Error) -> Self {
        Self::Persist(error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Persist(error) => write!(f, "{error}"),
            Self::Io(error) => write!(f, "{error}"),
            Self::OtherShape => {
                f.write_str("the result's type had other fields, variants or numbers when it was stored")
            }
            Self::Incomplete => f.write_str("the entry ends before its result"),
        }
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Persist(error) => error.source(),
            Self::Io(error) => error.source(),
            Self::OtherShape | Self::Incomplete => None,
        }
    }
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
