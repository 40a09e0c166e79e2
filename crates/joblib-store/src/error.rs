//! The one error type: what the store was doing, where, and what the system said.

use std::io;
use std::path::{Path, PathBuf};

/// Why a store could not do something.
///
/// ```
/// use joblib_store::{StoreOptions, open};
///
/// let error = open("teapot", &StoreOptions::new("cache")).unwrap_err();
/// assert!(error.is_unknown_backend());
/// assert!(error.to_string().contains("teapot"));
/// ```
///
/// An error of the system keeps what it is about:
///
/// ```
/// use joblib_store::{Error, FunctionVersion, Key, Local, Store, StoreOptions};
///
/// let folder = tempfile::tempdir()?;
/// let store = Local::open(&StoreOptions::new(folder.path()))?;
/// let key = Key::new(&FunctionVersion::new("demo::fit", 1, "fn fit() {}"), [7; 16]);
/// let error: Error = store.put(&key, &mut |_| Err(std::io::ErrorKind::StorageFull.into())).unwrap_err();
/// assert!(error.is_full() && !error.is_read_only());
/// assert!(error.path().is_some_and(|file| file.starts_with(folder.path())));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Error(Box<Kind>);

#[derive(Debug, thiserror::Error)]
enum Kind {
    #[error("could not {action} {}: {source}", path.display())]
    Io { action: &'static str, path: PathBuf, source: io::Error },
    #[error("there is no store backend {name:?}; known are {}; {}", known.join(", "), help(name))]
    UnknownBackend { name: String, known: Vec<String> },
    #[error(
        "the store backend {name:?} is built in and can't be replaced; register yours under another name"
    )]
    BuiltIn { name: String },
    #[error("the store {location} failed: {source}")]
    Backend {
        location: String,
        source: Box<dyn std::error::Error + Send + Sync>,
        /// What the system would call it, where that is known.
        kind: Option<io::ErrorKind>,
    },
}

/// What makes a backend known.
fn help(name: &str) -> &'static str {
    if name == "sqlite" {
        "this one is in the crate's feature of that name: `features = [\"sqlite\"]` in Cargo.toml"
    } else {
        "others are made known with `register_store_backend`"
    }
}

impl Error {
    pub(crate) fn io(action: &'static str, path: impl Into<PathBuf>, source: io::Error) -> Self {
        Self(Box::new(Kind::Io { action, path: path.into(), source }))
    }

    pub(crate) fn unknown_backend(name: &str, known: Vec<String>) -> Self {
        Self(Box::new(Kind::UnknownBackend { name: name.to_owned(), known }))
    }

    pub(crate) fn built_in(name: &str) -> Self {
        Self(Box::new(Kind::BuiltIn { name: name.to_owned() }))
    }

    /// An error of a backend of your own, at `location`.
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
        Self(Box::new(Kind::Backend { location: location.into(), source: source.into(), kind: None }))
    }

    #[cfg(feature = "sqlite")]
    pub(crate) fn sqlite(location: impl Into<String>, source: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        let kind = match source.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Some(io::ErrorKind::StorageFull),
            Some(ErrorCode::ReadOnly) => Some(io::ErrorKind::ReadOnlyFilesystem),
            Some(ErrorCode::PermissionDenied) => Some(io::ErrorKind::PermissionDenied),
            _ => None,
        };
        Self(Box::new(Kind::Backend { location: location.into(), source: source.into(), kind }))
    }

    /// Whether the backend's name is not known.
    pub fn is_unknown_backend(&self) -> bool {
        matches!(*self.0, Kind::UnknownBackend { .. })
    }

    /// Whether the disk, or the writer's quota of it, is full, or a file as large as it may get. Only errors about a file
    /// and those of sqlite tell; those of a [`backend`](Self::backend) of your own don't.
    pub fn is_full(&self) -> bool {
        matches!(
            self.io_kind(),
            Some(io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge)
        )
    }

    /// Whether this process has no permission, or the file system can't be written: such a store may be read at most. As
    /// with [`is_full`](Self::is_full), errors of a backend of your own don't tell.
    pub fn is_read_only(&self) -> bool {
        matches!(self.io_kind(), Some(io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem))
    }

    /// Whether a file or folder was not there.
    pub(crate) fn is_missing(&self) -> bool {
        self.io_kind() == Some(io::ErrorKind::NotFound)
    }

    /// The file or folder concerned, where there is one.
    pub fn path(&self) -> Option<&Path> {
        match &*self.0 {
            Kind::Io { path, .. } => Some(path),
            _ => None,
        }
    }

    fn io_kind(&self) -> Option<io::ErrorKind> {
        match &*self.0 {
            Kind::Io { source, .. } => Some(source.kind()),
            Kind::Backend { kind, .. } => *kind,
            _ => None,
        }
    }
}
