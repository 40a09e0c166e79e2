//! Why a pickle could not be read or written.

use std::error::Error as StdError;
use std::fmt;
use std::io;

/// The result of this crate's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a pickle could not be read or written: what happened, where, what was expected.
///
/// ```
/// let error = joblib_pickle::from_slice::<i64>(b"\x80\x04K").unwrap_err();
/// assert!(error.is_corrupt());
/// assert!(error.offset().is_some());
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    message: String,
    offset: Option<u64>,
    near: bool,
    source: Option<io::Error>,
}

/// What kind of error it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The bytes can't be read or written.
    Io,
    /// The bytes are not a pickle, or a damaged one.
    Corrupt,
    /// The pickle needs something that this reader does not have.
    Unsupported,
    /// The pickle holds another type.
    WrongType,
    /// A limit was reached.
    Limit,
    /// The value can't be written for Python.
    Value,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner { kind, message: message.into(), offset: None, near: false, source: None }))
    }

    pub(crate) fn value(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Value, message)
    }

    pub(crate) fn io(doing: &str, source: io::Error) -> Self {
        let kind = match source.kind() {
            io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidInput => {
                ErrorKind::Corrupt
            }
            io::ErrorKind::OutOfMemory => ErrorKind::Limit,
            _ => ErrorKind::Io,
        };
        let mut error = Self::new(kind, format!("{doing} failed: {source}"));
        error.0.source = Some(source);
        error
    }

    pub(crate) fn with_source(kind: ErrorKind, message: String, source: Option<io::Error>) -> Self {
        let mut error = Self::new(kind, message);
        error.0.source = source;
        error
    }

    /// The same error of a part of a value: the one under `name`.
    pub(crate) fn inside(mut self, name: &str) -> Self {
        match self.0.message.rsplit_once(", at .") {
            Some((message, path)) => self.0.message = format!("{message}, at .{name}.{path}"),
            None => self.0.message = format!("{}, at .{name}", self.0.message),
        }
        self
    }

    pub(crate) fn at_offset(mut self, offset: u64) -> Self {
        self.0.offset.get_or_insert(offset);
        self
    }

    pub(crate) fn near_offset(mut self, offset: u64) -> Self {
        self.0.near |= self.0.offset.is_none();
        self.at_offset(offset)
    }

    /// The kind of the error.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Returns `true` if the bytes are not a pickle, or a damaged one.
    pub fn is_corrupt(&self) -> bool {
        self.0.kind == ErrorKind::Corrupt
    }

    /// Returns `true` if the pickle needs something that this reader does not have.
    pub fn is_unsupported(&self) -> bool {
        self.0.kind == ErrorKind::Unsupported
    }

    /// Returns `true` if the pickle holds another type.
    pub fn is_wrong_type(&self) -> bool {
        self.0.kind == ErrorKind::WrongType
    }

    /// Returns `true` if one of the [`Limits`](crate::Limits), or the machine's memory, was reached.
    pub fn is_limit(&self) -> bool {
        self.0.kind == ErrorKind::Limit
    }

    /// Where in the pickle, in bytes from its start; shortly before the place if [`is_near`](Self::is_near).
    pub fn offset(&self) -> Option<u64> {
        self.0.offset
    }

    /// Returns `true` if the place is shortly after [`offset`](Self::offset): not every value has its place kept.
    pub fn is_near(&self) -> bool {
        self.0.near
    }

    /// What went wrong, without the place.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The error of the reader or writer below.
    ///
    /// # Errors
    ///
    /// Returns the error itself if it has no other error as its cause.
    pub fn into_io_error(mut self) -> Result<io::Error> {
        match self.0.source.take() {
            Some(source) => Ok(source),
            None => Err(self),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(offset) = self.0.offset {
            write!(f, "{} byte {offset}: ", if self.0.near { "near" } else { "at" })?;
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
        self.0.source.as_ref().map(|source| source as _)
    }
}

impl serde::ser::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::value(message.to_string())
    }
}
