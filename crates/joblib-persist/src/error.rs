//! What can go wrong, in one opaque type that answers questions and names the file and the place in it.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// The result of this crate's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The error of saving or loading a value. Its text says what happened, in which file and at which offset, what was
/// expected, and what to do.
///
/// ```
/// let error = joblib_persist::load::<f64>("no/such/file").unwrap_err();
/// assert!(error.is_not_found());
/// assert_eq!(error.path(), Some("no/such/file".as_ref()));
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    kind: Kind,
    message: String,
    path: Option<PathBuf>,
    offset: Option<u64>,
    /// The place is shortly after the offset.
    near: bool,
    /// The offset counts bytes of what the file decompresses to.
    decompressed: bool,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The operating system said no.
    Io,
    /// The bytes are not what a writer of the format leaves.
    Corrupt,
    /// The bytes are of another format, or a version or compressor that this program does not know.
    Foreign,
    /// The file holds another type.
    Type,
    /// A limit that the caller set was reached.
    Limit,
    /// The value or an option can't be used as asked.
    Value,
}

impl Error {
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            path: None,
            offset: None,
            near: false,
            decompressed: false,
            source: None,
        }))
    }

    pub(crate) fn corrupt(message: impl Into<String>) -> Self {
        Self::new(Kind::Corrupt, message)
    }

    pub(crate) fn value(message: impl Into<String>) -> Self {
        Self::new(Kind::Value, message)
    }

    /// An I/O error met while `doing` something, such as "reading".
    pub(crate) fn io(doing: &str, source: io::Error) -> Self {
        // Errors of this crate pass through the `Read` and `Write` of compressors unchanged.
        let source = match source.downcast::<Self>() {
            Ok(error) => return error,
            Err(source) => source,
        };
        let kind = match source.kind() {
            io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidInput => {
                Kind::Corrupt
            }
            _ => Kind::Io,
        };
        let mut error = Self::new(kind, format!("{doing} failed: {source}"));
        error.0.source = Some(Box::new(source));
        error
    }

    /// An error of that kind that another one caused.
    #[cfg(feature = "python")]
    pub(crate) fn caused(kind: Kind, message: String, source: io::Error) -> Self {
        match source.downcast::<Self>() {
            Ok(error) => error,
            Err(source) => {
                let mut error = Self::new(kind, message);
                error.0.source = Some(Box::new(source));
                error
            }
        }
    }

    /// An I/O error met while `doing` something with a file as a whole, such as "opening": its bytes are not to blame.
    pub(crate) fn file(doing: &str, source: io::Error) -> Self {
        let mut error = Self::new(Kind::Io, format!("{doing} failed: {source}"));
        error.0.source = Some(Box::new(source));
        error
    }

    /// The same error with the file it is about, unless it has one.
    pub(crate) fn at_path(mut self, path: Option<&Path>) -> Self {
        if self.0.path.is_none() {
            self.0.path = path.map(Path::to_owned);
        }
        self
    }

    /// The same error with the place it is about, unless it has one.
    pub(crate) fn at_offset(mut self, offset: u64) -> Self {
        self.0.offset.get_or_insert(offset);
        self
    }

    /// The same error with a place that the one it is about comes shortly after, unless it has one.
    #[cfg(feature = "python")]
    pub(crate) fn near_offset(mut self, offset: u64) -> Self {
        self.0.near |= self.0.offset.is_none();
        self.at_offset(offset)
    }

    /// The same error without a place.
    pub(crate) fn without_offset(mut self) -> Self {
        self.0.offset = None;
        self
    }

    /// The same error, whose place is one in what a file decompresses to if `decompressed`.
    pub(crate) fn in_decompressed(mut self, decompressed: bool) -> Self {
        self.0.decompressed |= decompressed;
        self
    }

    /// Returns `true` if the file is damaged: it is truncated, or a checksum or a length in it is wrong.
    ///
    /// ```
    /// let mut bytes = Vec::new();
    /// joblib_persist::dump_to(&vec![1.0; 100], &mut bytes)?;
    /// bytes.truncate(bytes.len() - 1);
    /// let error = joblib_persist::load_from::<Vec<f64>, _>(&bytes[..]).unwrap_err();
    /// assert!(error.is_corrupt() && error.offset().is_some());
    /// # Ok::<(), joblib_persist::Error>(())
    /// ```
    pub fn is_corrupt(&self) -> bool {
        self.0.kind == Kind::Corrupt
    }

    /// Returns `true` if the data is neither a native file nor a pickle, or has an unknown version or compressor.
    ///
    /// ```
    /// let error = joblib_persist::load_from::<f64, _>(&b"# just a text, no file of ours"[..]).unwrap_err();
    /// assert!(error.is_foreign());
    /// ```
    pub fn is_foreign(&self) -> bool {
        self.0.kind == Kind::Foreign
    }

    /// Returns `true` if the file is valid but contains a value of another type.
    ///
    /// ```
    /// let mut bytes = Vec::new();
    /// joblib_persist::dump_to(&1.5, &mut bytes)?;
    /// let error = joblib_persist::load_from::<String, _>(&bytes[..]).unwrap_err();
    /// assert!(error.is_wrong_type());
    /// # Ok::<(), joblib_persist::Error>(())
    /// ```
    pub fn is_wrong_type(&self) -> bool {
        self.0.kind == Kind::Type
    }

    /// Returns `true` if a limit set by [`LoadOptions`](crate::LoadOptions) was exceeded.
    ///
    /// ```
    /// use joblib_persist::{DumpOptions, LoadOptions};
    ///
    /// let mut bytes = Vec::new();
    /// DumpOptions::new().compress("zlib").dump_to(&vec![0_u64; 1_000_000], &mut bytes)?;
    /// let options = LoadOptions::new().max_decompressed_bytes(1_000_000);
    /// assert!(options.load_from::<Vec<u64>, _>(&bytes[..]).unwrap_err().is_limit());
    /// # Ok::<(), joblib_persist::Error>(())
    /// ```
    pub fn is_limit(&self) -> bool {
        self.0.kind == Kind::Limit
    }

    /// Returns `true` if the file does not exist.
    pub fn is_not_found(&self) -> bool {
        self.io_kind() == Some(io::ErrorKind::NotFound)
    }

    /// Returns the kind of the operating system's error, if that was the cause.
    ///
    /// ```
    /// let error = joblib_persist::dump(&1, "no/such/folder/file").unwrap_err();
    /// assert_eq!(error.io_kind(), Some(std::io::ErrorKind::NotFound));
    /// ```
    pub fn io_kind(&self) -> Option<io::ErrorKind> {
        self.0.source.as_ref()?.downcast_ref::<io::Error>().map(io::Error::kind)
    }

    /// Returns the path of the file, if it is known.
    pub fn path(&self) -> Option<&Path> {
        self.0.path.as_deref()
    }

    /// Returns the offset in the file, in bytes; in a compressed file, the offset in the decompressed data. In a pickle the
    /// value is shortly after the offset, because not every value's offset is kept.
    pub fn offset(&self) -> Option<u64> {
        self.0.offset
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(path) = &self.0.path {
            write!(f, "{}: ", path.display())?;
        }
        if let Some(offset) = self.0.offset {
            let at = if self.0.near { "near" } else { "at" };
            let data = if self.0.decompressed { " of the decompressed data" } else { "" };
            write!(f, "{at} byte {offset}{data}: ")?;
        }
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Error({:?}: {self})", self.0.kind)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_ref().map(|source| &**source as &(dyn StdError + 'static))
    }
}

/// An error of the sections that a value was encoded into or decoded from, and back.
impl From<Error> for joblib_encoding::Error {
    fn from(error: Error) -> Self {
        Self::other(error)
    }
}

impl From<joblib_encoding::Error> for Error {
    fn from(error: joblib_encoding::Error) -> Self {
        let offset = error.offset();
        let error = match error.into_source() {
            Ok(source) => match source.downcast::<Self>() {
                Ok(error) => *error,
                Err(source) => Self::new(Kind::Io, source.to_string()),
            },
            Err(error) => {
                let kind = if error.is_corrupt() {
                    Kind::Corrupt
                } else if error.is_wrong_type() {
                    Kind::Type
                } else {
                    Kind::Value
                };
                Self::new(kind, error.message())
            }
        };
        match offset {
            Some(offset) => error.at_offset(offset),
            None => error,
        }
    }
}

impl serde::ser::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::value(message.to_string())
    }
}

impl serde::de::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(Kind::Type, message.to_string())
    }
}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        let kind = error.io_kind().unwrap_or(match error.0.kind {
            Kind::Corrupt | Kind::Foreign | Kind::Type => io::ErrorKind::InvalidData,
            _ => io::ErrorKind::Other,
        });
        Self::new(kind, error)
    }
}
