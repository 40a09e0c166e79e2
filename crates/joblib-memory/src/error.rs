//! The error type. No error here stops a cached function from returning: errors come from
//! operations on the cache itself, such as clearing it.

use std::io;

use joblib_store::ParseByteSizeError;

/// The error of an operation on the cache.
///
/// ```
/// use joblib_memory::Memory;
///
/// let error = Memory::new("").unwrap_err();
/// assert!(error.to_string().contains("the cache's location is empty"));
/// assert!(!error.is_gone() && error.store().is_none());
/// ```
///
/// For example, when a reference is read as a type that the result does not have:
///
/// ```
/// use joblib_memory::{MemorizedResult, Memory};
///
/// let memory = Memory::with_backend("in_memory", "of another type")?;
/// let reference = memory.cache("word", || "four".to_owned()).call_and_shelve(());
/// let text = reference.memorized().map(ToString::to_string).unwrap_or_default();
/// let wrong: MemorizedResult<i32> = text.parse()?;
/// assert!(wrong.get().unwrap_err().is_unreadable());
/// # Ok::<(), joblib_memory::Error>(())
/// ```
#[derive(thiserror::Error)]
#[error(transparent)]
pub struct Error(Box<Kind>);

#[derive(Debug, thiserror::Error)]
enum Kind {
    #[error(transparent)]
    Store(#[from] joblib_store::Error),
    #[error(transparent)]
    Size(#[from] ParseByteSizeError),
    #[error("{0}")]
    Option(String),
    #[error(
        "the result of {function} that this refers to is not in the cache any more: it was cleared or evicted"
    )]
    Gone { function: String },
    #[error("the stored result of {function} can't be read: {source}")]
    Unreadable {
        function: String,
        source: Box<dyn std::error::Error + Send + Sync>,
        io_kind: Option<io::ErrorKind>,
    },
}

/// Writes the message, for a `main` that returns the error.
impl std::fmt::Debug for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Error({self})")
    }
}

impl Error {
    pub(crate) fn option(message: impl Into<String>) -> Self {
        Self(Box::new(Kind::Option(message.into())))
    }

    pub(crate) fn gone(function: &str) -> Self {
        Self(Box::new(Kind::Gone { function: function.to_owned() }))
    }

    pub(crate) fn unreadable(
        function: &str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
        io_kind: Option<io::ErrorKind>,
    ) -> Self {
        Self(Box::new(Kind::Unreadable { function: function.to_owned(), source: source.into(), io_kind }))
    }

    /// Returns `true` if an option or a text was invalid.
    pub fn is_invalid_option(&self) -> bool {
        matches!(*self.0, Kind::Option(_) | Kind::Size(_))
    }

    /// Returns `true` if a referenced result is no longer in the cache.
    pub fn is_gone(&self) -> bool {
        matches!(*self.0, Kind::Gone { .. })
    }

    /// Returns `true` if a stored result can't be read: it is damaged, or of another type than expected,
    /// or the operating system did not read it, which [`io_kind`](Self::io_kind) tells.
    pub fn is_unreadable(&self) -> bool {
        matches!(*self.0, Kind::Unreadable { .. })
    }

    /// Returns the kind of the operating system's error, if a stored result can't be read because of
    /// one. The result may be sound, so this is no reason to delete it.
    pub fn io_kind(&self) -> Option<io::ErrorKind> {
        match *self.0 {
            Kind::Unreadable { io_kind, .. } => io_kind,
            _ => None,
        }
    }

    /// Returns the error of the store, if that is the cause.
    pub fn store(&self) -> Option<&joblib_store::Error> {
        match &*self.0 {
            Kind::Store(error) => Some(error),
            _ => None,
        }
    }
}

impl From<joblib_store::Error> for Error {
    fn from(error: joblib_store::Error) -> Self {
        Self(Box::new(error.into()))
    }
}

impl From<ParseByteSizeError> for Error {
    fn from(error: ParseByteSizeError) -> Self {
        Self(Box::new(error.into()))
    }
}

/// A result of this crate.
///
/// ```
/// fn cache() -> joblib_memory::Result<joblib_memory::Memory> {
///     joblib_memory::Memory::with_backend("in_memory", "of results")?.bytes_limit("1G").checked()
/// }
/// assert_eq!(cache()?.limits().bytes, Some(1 << 30));
/// # Ok::<(), joblib_memory::Error>(())
/// ```
pub type Result<T, E = Error> = std::result::Result<T, E>;
