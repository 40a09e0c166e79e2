//! Why a value could not be encoded or decoded.

use std::error::Error as StdError;
use std::fmt;

use joblib_array::same::NoLifetimes;

/// The result of this crate's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a value could not be encoded or decoded.
///
/// ```
/// let bytes = joblib_encoding::to_vec(&1.5)?;
/// let error = joblib_encoding::from_slice::<String>(&bytes).unwrap_err();
/// assert!(error.is_wrong_type());
/// # Ok::<(), joblib_encoding::Error>(())
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    kind: Kind,
    message: String,
    offset: Option<u64>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The bytes are not what the encoder writes.
    Corrupt,
    /// The bytes hold another type.
    Type,
    /// The value can't be encoded.
    Value,
    /// The sink or the source failed.
    Other,
}

impl Error {
    fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner { kind, message: message.into(), offset: None, source: None }))
    }

    /// An error that the bytes are not what the encoder writes, for a [`Source`](crate::Source).
    pub fn corrupt(message: impl Into<String>) -> Self {
        Self::new(Kind::Corrupt, message)
    }

    /// An error that the value can't be encoded, for a [`Sink`](crate::Sink).
    pub fn value(message: impl Into<String>) -> Self {
        Self::new(Kind::Value, message)
    }

    /// An error of a [`Sink`](crate::Sink) or a [`Source`](crate::Source). [`Error::into_source`] gives it back.
    ///
    /// ```
    /// use joblib_encoding::Error;
    ///
    /// let error = Error::other(std::io::Error::other("disk on fire"));
    /// assert_eq!(error.to_string(), "disk on fire");
    /// assert!(error.into_source().unwrap().is::<std::io::Error>());
    /// ```
    pub fn other(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        let source = source.into();
        let mut error = Self::new(Kind::Other, source.to_string());
        error.0.source = Some(source);
        error
    }

    /// The same error with the place in the stream that it is about, unless it has one.
    pub fn at_offset(mut self, offset: u64) -> Self {
        self.0.offset.get_or_insert(offset);
        self
    }

    /// Returns `true` if the bytes are not what the encoder writes.
    ///
    /// ```
    /// let error = joblib_encoding::from_slice::<String>(&[]).unwrap_err();
    /// assert!(error.is_corrupt());
    /// ```
    pub fn is_corrupt(&self) -> bool {
        self.0.kind == Kind::Corrupt
    }

    /// Returns `true` if the bytes hold a value of another type.
    pub fn is_wrong_type(&self) -> bool {
        self.0.kind == Kind::Type
    }

    /// Returns `true` if the value can't be encoded.
    ///
    /// ```
    /// use serde::ser::Error as _;
    ///
    /// assert!(joblib_encoding::Error::custom("a type's own refusal").is_unsupported());
    /// ```
    pub fn is_unsupported(&self) -> bool {
        self.0.kind == Kind::Value
    }

    /// Where in the stream, in bytes from its start.
    pub fn offset(&self) -> Option<u64> {
        self.0.offset
    }

    /// What went wrong, without the place.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The error of the sink or the source.
    ///
    /// # Errors
    ///
    /// Returns the error itself if it is not one of a sink or a source.
    pub fn into_source(mut self) -> Result<Box<dyn StdError + Send + Sync>> {
        match self.0.source.take() {
            Some(source) => Ok(source),
            None => Err(self),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(offset) = self.0.offset
            && self.0.source.is_none()
        {
            write!(f, "at byte {offset}: ")?;
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
        // The message is the source's own, so the chain goes on below it.
        self.0.source.as_ref().and_then(|source| source.source())
    }
}

// SAFETY: it has no parameters.
unsafe impl NoLifetimes for Error {}

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
