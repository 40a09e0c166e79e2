//! [`Backend`]: the choice of a backend, as data.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

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
    /// The caller's thread: no parallelism.
    Sequential,
    /// Threads of this process.
    Threading,
    /// Robust worker processes, kept between calls.
    Loky,
    /// Processes forked for each call.
    Multiprocessing,
    /// One that was registered, by its name.
    Named(String),
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
        })
    }
}
