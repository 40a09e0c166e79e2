//! One error type for a program that uses several parts.

use joblib_parallel::TaskError;

/// An error of any part, for `main` and for functions that use several of them.
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
    /// Saving or loading.
    #[error(transparent)]
    Persist(#[from] joblib_persist::Error),
    /// The cache.
    #[error(transparent)]
    Memory(#[from] joblib_memory::Error),
    /// A parallel call.
    #[error(transparent)]
    Parallel(#[from] joblib_parallel::Error),
    /// A store of a cache.
    #[error(transparent)]
    Store(#[from] joblib_store::Error),
    /// Hashing.
    #[error(transparent)]
    Hash(#[from] joblib_hash::HashError),
    /// An array's shape.
    #[error(transparent)]
    Shape(#[from] joblib_array::ShapeError),
    /// Reading or writing of the program's own.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// Anything else: see [`Error::other`].
    #[error(transparent)]
    Other(Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// An error of the caller's own.
    pub fn other(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Other(error.into())
    }

    /// The task whose failure ended a parallel call, if one did: which one it was, and why it failed.
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

/// One outcome of a call with [`outcomes`](crate::Parallel::outcomes).
impl From<TaskError> for Error {
    fn from(error: TaskError) -> Self {
        Self::Parallel(error.into())
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
