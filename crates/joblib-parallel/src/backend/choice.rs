//! [`Backend`]: the choice of a backend, as data.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::ParallelBackend;

/// The choice of a backend.
///
/// ```
/// use joblib_parallel::{Backend, Parallel, delayed};
///
/// for backend in [Backend::Sequential, Backend::Threading, "threading".into()] {
///     let doubled = Parallel::new().backend(backend).n_jobs(2).run([1, 2].map(|n| delayed(|n: i32| 2 * n, (n,))))?;
///     assert_eq!(doubled, [2, 4]);
/// }
/// assert_eq!("loky".parse(), Ok(Backend::Loky));
/// assert_eq!(Backend::Loky.to_string(), "loky");
/// # Ok::<(), joblib_parallel::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Backend {
    /// The caller's thread, without parallelism. Calls with a time limit or a deadline use one other thread.
    Sequential,
    /// Threads of this process.
    Threading,
    /// Worker processes that survive crashes of tasks, kept between calls.
    Loky,
    /// Processes forked for each call.
    Multiprocessing,
    /// A registered backend, by its name.
    Named(String),
    /// A backend itself, which need not be registered. A [`ParallelBackend`] converts into this.
    Value(BackendValue),
}

/// A [`ParallelBackend`] as a value. It is equal only to its clones.
///
/// ```
/// use joblib_parallel::Backend;
/// use joblib_parallel::backend::{BackendValue, Call, Capabilities, ParallelBackend, Session};
///
/// struct Nowhere;
///
/// impl ParallelBackend for Nowhere {
///     fn name(&self) -> &str {
///         "nowhere"
///     }
///     fn capabilities(&self) -> Capabilities {
///         Capabilities::remote(std::time::Duration::from_millis(1))
///     }
///     fn open(&self, _call: Call) -> joblib_parallel::Result<Box<dyn Session>> {
///         Err(joblib_parallel::Error::backend("find any worker", None))
///     }
/// }
///
/// let backend = Backend::from(Nowhere);
/// assert_eq!(backend.to_string(), "nowhere");
/// assert!(matches!(&backend, Backend::Value(value) if value == &BackendValue::clone(value)));
/// assert_ne!(backend, Backend::from(Nowhere));
/// let parallel = joblib_parallel::Parallel::new().backend(backend);
/// assert!(parallel.run([joblib_parallel::delayed(f64::sqrt, (4.0,))]).unwrap_err().is_backend());
/// ```
#[derive(Clone)]
pub struct BackendValue(pub(super) Arc<dyn ParallelBackend>);

impl PartialEq for BackendValue {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for BackendValue {}

impl fmt::Debug for BackendValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BackendValue").field(&self.0.name()).finish()
    }
}

impl<B: ParallelBackend + 'static> From<B> for Backend {
    fn from(backend: B) -> Self {
        Backend::Value(BackendValue(Arc::new(backend)))
    }
}

/// The feature that a backend of this name is of, if it is one of this crate that is left out otherwise.
pub(super) fn feature_of(name: &str) -> Option<&'static str> {
    match name {
        "nodes" => Some("cluster"),
        "dask" => Some("dask"),
        _ => None,
    }
}

impl From<&str> for Backend {
    fn from(name: &str) -> Self {
        match name {
            "sequential" => Backend::Sequential,
            "threading" | "threads" => Backend::Threading,
            "loky" | "processes" => Backend::Loky,
            "multiprocessing" => Backend::Multiprocessing,
            name => Backend::Named(name.to_owned()),
        }
    }
}

impl From<&String> for Backend {
    fn from(name: &String) -> Self {
        name.as_str().into()
    }
}

impl From<String> for Backend {
    fn from(name: String) -> Self {
        name.as_str().into()
    }
}

impl FromStr for Backend {
    type Err = Infallible;

    /// The backend of this name. Whether one of that name was registered shows when a call starts.
    fn from_str(name: &str) -> Result<Self, Infallible> {
        Ok(name.into())
    }
}

impl fmt::Display for Backend {
    /// Its name, as [`from_str`](Self::from_str) reads it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Backend::Sequential => "sequential",
            Backend::Threading => "threading",
            Backend::Loky => "loky",
            Backend::Multiprocessing => "multiprocessing",
            Backend::Named(name) => name,
            Backend::Value(value) => value.0.name(),
        })
    }
}
