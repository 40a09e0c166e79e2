//! One error type for programs that use several parts of joblib.

use joblib_parallel::TaskError;

/// An error of any part of joblib, for `main` and for functions that use several parts. `?` converts the errors of each
/// part to it.
///
/// ```
/// use joblib::prelude::*;
///
/// fn roots(of: &[f64]) -> Result<Vec<f64>> {
///     let folder = tempfile::tempdir()?;
///     let path = folder.path().join("roots.joblib");
///     dump(&Parallel::new().run(of.iter().map(|&x| delayed!(f64::sqrt(x))))?, &path)?;
///     Ok(load(&path)?)
/// }
/// assert_eq!(roots(&[4.0, 9.0])?, [2.0, 3.0]);
///
/// let outcomes = Parallel::new().outcomes().run([delayed!(i32::isqrt(-1))])?;
/// let error: Error = outcomes.into_iter().next().unwrap().unwrap_err().into();
/// assert!(error.task().is_some_and(|task| task.is_panic()));
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An error of saving or loading.
    #[error(transparent)]
    Persist(#[from] joblib_persist::Error),
    /// An error of the cache.
    #[error(transparent)]
    Memory(#[from] joblib_memory::Error),
    /// An error of a parallel call.
    #[error(transparent)]
    Parallel(#[from] joblib_parallel::Error),
    /// An error of a store of a cache.
    #[error(transparent)]
    Store(#[from] joblib_store::Error),
    /// An error of hashing.
    #[error(transparent)]
    Hash(#[from] joblib_hash::HashError),
    /// An array's shape does not fit.
    #[error(transparent)]
    Shape(#[from] joblib_array::ShapeError),
    /// An I/O error of the program itself.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// Any other error: see [`Error::other`].
    #[error(transparent)]
    Other(Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// Wraps any other error.
    pub fn other(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Other(error.into())
    }

    /// Returns the task whose failure ended a parallel call, if there is one: its index, function and arguments, and why it
    /// failed.
    pub fn task(&self) -> Option<&TaskError> {
        match self {
            Self::Parallel(error) => error.task(),
            _ => None,
        }
    }

    /// Returns `true` if Ctrl-C ended a parallel call.
    pub fn is_interrupted(&self) -> bool {
        matches!(self, Self::Parallel(error) if error.is_interrupted())
    }
}

/// Converts one outcome of a call with [`outcomes`](crate::Parallel::outcomes).
impl From<TaskError> for Error {
    fn from(error: TaskError) -> Self {
        Self::Parallel(error.into())
    }
}

/// Converts an error of [`pickle`](crate::pickle) to [`Error::Persist`].
#[cfg(feature = "python")]
impl From<joblib_persist::pickle::Error> for Error {
    fn from(error: joblib_persist::pickle::Error) -> Self {
        Self::Persist(error.into())
    }
}

/// A `Result` with the error type for all parts.
pub type Result<T, E = Error> = std::result::Result<T, E>;
