//! The error type: the operation, its place, and the system's error.

use std::io;
use std::path::{Path, PathBuf};

/// The error of an operation of a store.
///
/// ```
/// use joblib_store::{StoreOptions, open};
///
/// let error = open("teapot", &StoreOptions::new("cache")).unwrap_err();
/// assert!(error.is_unknown_backend());
/// assert!(error.to_string().contains("teapot"));
/// ```
///
/// An error has its subject and the system's error:
///
/// ```
/// use joblib_store::{FunctionVersion, InMemory, Key, Store, StoreOptions, Subject};
/// use std::io;
///
/// let store = InMemory::open(&StoreOptions::new("errors"))?;
/// let key = Key::new(&FunctionVersion::new("demo::fit", 1, "fn fit() {}"), [7; 16]);
/// let error = store.put(&key, &mut |_| Err(io::ErrorKind::StorageFull.into())).unwrap_err();
/// assert_eq!(error.subject(), Subject::Value);
/// assert!(error.is_full() && !error.is_read_only());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(thiserror::Error)]
#[error(transparent)]
pub struct Error(Box<Kind>);

#[derive(Debug, thiserror::Error)]
enum Kind {
    #[error("could not {action} {}: {source}", path.display())]
    Io { action: &'static str, path: PathBuf, source: io::Error, subject: Subject },
    #[error("could not write the result: {source}")]
    Value { source: io::Error },
    #[error("there is no store backend {name:?}: {}known are {}; {}", meant(name, known), known.join(", "), help(name))]
    UnknownBackend { name: String, known: Vec<String> },
    #[error(
        "the store backend {name:?} is built in and can't be replaced; register yours under another name"
    )]
    BuiltIn { name: String },
    #[error("the store {location} failed: {source}")]
    Backend {
        location: String,
        source: Box<dyn std::error::Error + Send + Sync>,
        /// The corresponding kind of a system's error, where it is known.
        kind: Option<io::ErrorKind>,
        subject: Subject,
    },
}

/// The subject of an error. It determines how often a warning is printed: once per store, per result or per function.
///
/// ```
/// use joblib_store::{StoreOptions, Subject, open};
///
/// let error = open("teapot", &StoreOptions::new("cache")).unwrap_err();
/// assert_eq!(error.subject(), Subject::Store);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Subject {
    /// The store as a whole: it is full, read-only or unreachable, or this process has no file descriptors left. Operations
    /// on other results fail in the same way.
    Store,
    /// One stored result, which is damaged or not a regular file. Other results can be used.
    Entry,
    /// The value that was to be stored: its writer failed.
    Value,
}

/// What makes a backend known.
fn help(name: &str) -> &'static str {
    match name {
        "sqlite" => {
            "this one is in the crate's feature of that name: `features = [\"sqlite\"]` in Cargo.toml"
        }
        "object" => {
            "this one is in the crate's features s3, gcs and azure, by who serves the bucket: `features = [\"s3\"]` in \
             Cargo.toml"
        }
        _ => "others are made known with `register_store_backend`",
    }
}

/// The backend that was probably meant, as a question.
fn meant(name: &str, known: &[String]) -> String {
    let near = known.iter().find(|known| are_near(name, known));
    near.map(|near| format!("did you mean {near:?}? ")).unwrap_or_default()
}

/// Whether a name is probably a misspelling of another one: equal but for case and a letter or two in one place, which were left
/// out, added, changed or swapped.
/// (As `joblib_array::names`; this crate does without that one.)
fn are_near(name: &str, known: &str) -> bool {
    let (name, known) = (name.to_lowercase(), known.to_lowercase());
    let start = name.bytes().zip(known.bytes()).take_while(|(a, b)| a == b).count();
    // What is equal at the start is not counted again.
    let rest = name.len().min(known.len()) - start;
    let ends = name.bytes().rev().zip(known.bytes().rev()).take(rest);
    let end = ends.take_while(|(a, b)| a == b).count();
    let (equal, longer) = (start + end, name.len().max(known.len()));
    equal + 2 >= longer && 2 * equal >= longer
}

/// Writes the message, for a `main` that returns the error.
impl std::fmt::Debug for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Error({self})")
    }
}

impl Error {
    /// An error of the system about a file. Its kind tells whether it is about the store or about that file alone.
    pub(crate) fn io(action: &'static str, path: impl Into<PathBuf>, source: io::Error) -> Self {
        let subject = if is_of_one_file(&source) { Subject::Entry } else { Subject::Store };
        Self(Box::new(Kind::Io { action, path: path.into(), source, subject }))
    }

    /// The error of a result's writer.
    pub(crate) fn value(source: io::Error) -> Self {
        Self(Box::new(Kind::Value { source }))
    }

    pub(crate) fn unknown_backend(name: &str, known: Vec<String>) -> Self {
        Self(Box::new(Kind::UnknownBackend { name: name.to_owned(), known }))
    }

    pub(crate) fn built_in(name: &str) -> Self {
        Self(Box::new(Kind::BuiltIn { name: name.to_owned() }))
    }

    /// Creates an error of a backend, at `location`.
    ///
    /// ```
    /// use joblib_store::Error;
    ///
    /// let error = Error::backend("redis://cache", "the connection was refused");
    /// assert_eq!(error.to_string(), "the store redis://cache failed: the connection was refused");
    /// assert!(error.path().is_none());
    /// ```
    pub fn backend(
        location: impl Into<String>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        let (location, source) = (location.into(), source.into());
        Self(Box::new(Kind::Backend { location, source, kind: None, subject: Subject::Store }))
    }

    /// Sets the kind of the error, which determines [`is_full`](Self::is_full), [`is_read_only`](Self::is_read_only) and
    /// [`is_unreachable`](Self::is_unreachable). Only for errors made by [`backend`](Self::backend); other errors have a
    /// kind from the system.
    ///
    /// ```
    /// use joblib_store::Error;
    /// use std::io;
    ///
    /// let error = Error::backend("redis://cache", "out of memory").with_kind(io::ErrorKind::StorageFull);
    /// assert!(error.is_full());
    /// ```
    pub fn with_kind(mut self, new: io::ErrorKind) -> Self {
        if let Kind::Backend { kind, .. } = &mut *self.0 {
            *kind = Some(new);
        }
        self
    }

    /// Sets the subject of an error made by [`backend`](Self::backend), which is the store by default.
    ///
    /// ```
    /// use joblib_store::{Error, Subject};
    ///
    /// let error = Error::backend("redis://cache", "the entry has expired").about(Subject::Entry);
    /// assert_eq!(error.subject(), Subject::Entry);
    /// ```
    pub fn about(mut self, new: Subject) -> Self {
        if let Kind::Backend { subject, .. } = &mut *self.0 {
            *subject = new;
        }
        self
    }

    #[cfg(feature = "sqlite")]
    pub(crate) fn sqlite(location: impl Into<String>, source: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        let kind = match source.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Some(io::ErrorKind::StorageFull),
            Some(ErrorCode::ReadOnly) => Some(io::ErrorKind::ReadOnlyFilesystem),
            Some(ErrorCode::PermissionDenied) => Some(io::ErrorKind::PermissionDenied),
            // sqlite doesn't tell a file that is as large as it may get from a disk that fails.
            Some(ErrorCode::SystemIoFailure) if files_are_limited() => Some(io::ErrorKind::FileTooLarge),
            _ => None,
        };
        let error = Self::backend(location, source);
        if let Some(kind) = kind { error.with_kind(kind) } else { error }
    }

    /// The subject of the error.
    pub fn subject(&self) -> Subject {
        match *self.0 {
            Kind::Io { subject, .. } | Kind::Backend { subject, .. } => subject,
            Kind::Value { .. } => Subject::Value,
            Kind::UnknownBackend { .. } | Kind::BuiltIn { .. } => Subject::Store,
        }
    }

    /// Returns `true` if no backend has the given name.
    pub fn is_unknown_backend(&self) -> bool {
        matches!(*self.0, Kind::UnknownBackend { .. })
    }

    /// Returns `true` if the disk or the user's quota is full, or a file has reached the size limit of the process. For
    /// errors made by [`backend`](Self::backend), [`with_kind`](Self::with_kind) determines this.
    pub fn is_full(&self) -> bool {
        matches!(
            self.io_kind(),
            Some(io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge)
        )
    }

    /// Returns `true` if this process has no permission, or the file system is read-only: such a store can at most be read.
    pub fn is_read_only(&self) -> bool {
        matches!(self.io_kind(), Some(io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem))
    }

    /// Returns `true` if the store is on another machine that can't be reached.
    pub fn is_unreachable(&self) -> bool {
        use io::ErrorKind::{
            ConnectionAborted, ConnectionRefused, ConnectionReset, HostUnreachable, NetworkDown,
            NetworkUnreachable, NotConnected, StaleNetworkFileHandle, TimedOut,
        };
        matches!(
            self.io_kind(),
            Some(
                ConnectionAborted
                    | ConnectionRefused
                    | ConnectionReset
                    | HostUnreachable
                    | NetworkDown
                    | NetworkUnreachable
                    | NotConnected
                    | StaleNetworkFileHandle
                    | TimedOut
            )
        )
    }

    /// Returns `true` if the error is about the store as a whole.
    pub(crate) fn is_of_store(&self) -> bool {
        self.subject() == Subject::Store
    }

    /// Returns `true` if a file or folder was not there.
    pub(crate) fn is_missing(&self) -> bool {
        self.io_kind() == Some(io::ErrorKind::NotFound)
    }

    /// The path of the file or folder concerned, if there is one.
    pub fn path(&self) -> Option<&Path> {
        match &*self.0 {
            Kind::Io { path, .. } => Some(path),
            _ => None,
        }
    }

    fn io_kind(&self) -> Option<io::ErrorKind> {
        match &*self.0 {
            Kind::Io { source, .. } | Kind::Value { source } => Some(source.kind()),
            Kind::Backend { kind, .. } => *kind,
            _ => None,
        }
    }
}

/// Whether an error on one file says nothing of others: it is damaged, or isn't a file.
fn is_of_one_file(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof | io::ErrorKind::IsADirectory
    ) || error.raw_os_error() == Some(libc::ELOOP)
}

/// Whether files of this process may only get so large.
#[cfg(feature = "sqlite")]
fn files_are_limited() -> bool {
    use nix::sys::resource::{RLIM_INFINITY, Resource, getrlimit};
    getrlimit(Resource::RLIMIT_FSIZE).is_ok_and(|(limit, _)| limit != RLIM_INFINITY)
}
