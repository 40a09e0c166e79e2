//! One error type for a program that uses several parts.

/// An error of any part, for `main` and for functions that use several of them.
///
/// ```
/// fn scores() -> joblib::Result<Vec<f64>> {
///     let folder = tempfile::tempdir().map_err(joblib::Error::other)?;
///     let path = folder.path().join("scores.joblib");
///     joblib::dump(&[0.5, 0.75], &path)?;
///     Ok(joblib::load(&path)?)
/// }
/// assert_eq!(scores().unwrap(), [0.5, 0.75]);
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Saving or loading.
    #[error(transparent)]
    Persist(#[from] joblib_persist::Error),
    /// The cache.
    #[error(transparent)]
    Memory(#[from] joblib_memory::Error),
    /// A parallel call.
    #[error(transparent)]
    Parallel(#[from] joblib_parallel::Error),
    /// Hashing.
    #[error(transparent)]
    Hash(#[from] joblib_hash::HashError),
    /// An array's shape.
    #[error(transparent)]
    Shape(#[from] joblib_array::ShapeError),
    /// Anything else: see [`Error::other`].
    #[error(transparent)]
    Other(Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// An error of the caller's own.
    pub fn other(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Other(error.into())
    }
}

/// An error of [`pickle`](crate::pickle), which is one of loading or saving.
#[cfg(feature = "python")]
impl From<joblib_persist::pickle::Error> for Error {
    fn from(error: joblib_persist::pickle::Error) -> Self {
        Self::Persist(error.into())
    }
}

/// A result of any part.
pub type Result<T, E = Error> = std::result::Result<T, E>;
