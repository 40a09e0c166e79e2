//! From the choice of a backend to the backend.

use std::sync::Arc;

use joblib_array::names;

use super::choice::feature_of;
#[cfg(feature = "cluster")]
use super::cluster;
#[cfg(feature = "dask")]
use super::dask::Dask;
#[cfg(feature = "cluster")]
use super::nodes::Nodes;
use super::processes::idle;
use super::processes::loky::Loky;
use super::processes::multiprocessing::{self, Multiprocessing};
use super::sequential::Sequential;
use super::threads::{Threading, pools};
use super::{Backend, ParallelBackend, registry};
use crate::error::{Error, Result};

/// The backend that `choice` names.
///
/// # Errors
///
/// Returns an error if it names one that was not registered.
pub(crate) fn find(choice: &Backend) -> Result<Arc<dyn ParallelBackend>> {
    Ok(match choice {
        Backend::Sequential => Arc::new(Sequential),
        Backend::Threading => Arc::new(Threading),
        Backend::Loky => Arc::new(Loky),
        Backend::Multiprocessing if multiprocessing::is_disabled() => Arc::new(Threading),
        Backend::Multiprocessing => Arc::new(Multiprocessing),
        Backend::Value(value) => Arc::clone(&value.0),
        #[cfg(feature = "cluster")]
        Backend::Named(name) if name == "nodes" => Arc::new(Nodes::from_environment()?),
        #[cfg(feature = "dask")]
        Backend::Named(name) if name == "dask" => Arc::new(Dask::new()),
        Backend::Named(name) if feature_of(name).is_some() => {
            return Err(Error::usage(format!(
                "backend {name:?} is of the feature {:?}, which this program is built without",
                feature_of(name).unwrap_or_default()
            )));
        }
        Backend::Named(name) => registry::find(name).ok_or_else(|| unknown(name))?,
    })
}

/// The names of this crate's backends in this build, as they are chosen.
const NAMES: &[&str] = &[
    "sequential",
    "threading",
    "threads",
    "loky",
    "processes",
    "multiprocessing",
    #[cfg(feature = "cluster")]
    "nodes",
    #[cfg(feature = "dask")]
    "dask",
];

/// The error of a name that no backend has.
#[cold]
fn unknown(name: &str) -> Error {
    let known: Vec<String> = NAMES.iter().map(|&name| name.to_owned()).chain(registry::names()).collect();
    let near = known.iter().find(|known| names::are_near(name, known));
    let list = match near {
        Some(near) => format!(": did you mean {near:?}? The backends are"),
        None => "; the backends are".to_owned(),
    };
    Error::usage(format!(
        "there is no parallel backend {name:?}{list} {}; register_parallel_backend adds one of your own",
        known.join(", ")
    ))
}

/// Ends the worker processes, threads and connections to other hosts that are kept for later calls, to free their memory.
/// Calling this is not necessary: they end with the program, and worker processes exit after they were idle for five
/// minutes.
///
/// ```
/// use joblib_parallel::{Parallel, delayed, shutdown_workers};
///
/// let pid = || Parallel::new().backend("loky").run([delayed(std::process::id, ())]);
/// let first = pid()?;
/// assert_eq!(pid()?, first, "it was kept");
/// shutdown_workers();
/// assert_ne!(pid()?, first);
/// # Ok::<(), joblib_parallel::Error>(())
/// ```
pub fn shutdown_workers() {
    idle::shutdown();
    #[cfg(feature = "cluster")]
    cluster::idle::shutdown();
    pools::shutdown();
}
