//! What outlives a call: registered backends, and pools kept warm. One of the crate's few global states.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::backend::ParallelBackend;
use crate::backend::process::worker::{Config, WorkerHandle};
use crate::carry::Carrier;
use crate::error::{Error, Result};

#[derive(Default)]
struct Registry {
    backends: BTreeMap<String, Arc<dyn ParallelBackend>>,
    carriers: BTreeMap<&'static str, Carrier>,
    /// Idle thread pools by their number of threads. A call owns the pools it uses, so none is used twice at once.
    threads: Vec<(usize, rayon::ThreadPool)>,
    /// Idle worker processes, the latest last.
    workers: Vec<(Config, WorkerHandle)>,
}

static REGISTRY: Mutex<Option<Registry>> = Mutex::new(None);

/// Idle pools kept for later calls; beyond, the oldest goes.
const KEPT_POOLS: usize = 4;

fn with<R>(f: impl FnOnce(&mut Registry) -> R) -> R {
    let mut registry: MutexGuard<'_, Option<Registry>> =
        REGISTRY.lock().unwrap_or_else(PoisonError::into_inner);
    f(registry.get_or_insert_default())
}

pub(crate) fn add_backend(backend: Arc<dyn ParallelBackend>) {
    with(|registry| registry.backends.insert(backend.name().to_owned(), backend));
}

pub(crate) fn backend(name: &str) -> Option<Arc<dyn ParallelBackend>> {
    with(|registry| registry.backends.get(name).cloned())
}

pub(crate) fn backend_names() -> Vec<String> {
    with(|registry| registry.backends.keys().cloned().collect())
}

pub(crate) fn add_carrier(name: &'static str, carrier: Carrier) {
    with(|registry| registry.carriers.insert(name, carrier));
}

pub(crate) fn carriers() -> Vec<(&'static str, Carrier)> {
    with(|registry| registry.carriers.iter().map(|(name, carrier)| (*name, *carrier)).collect())
}

/// An idle pool of `threads` threads, or a new one.
pub(crate) fn checkout_threads(threads: usize) -> Result<rayon::ThreadPool> {
    let idle = with(|registry| {
        let position = registry.threads.iter().rposition(|(n, _)| *n == threads)?;
        Some(registry.threads.remove(position).1)
    });
    idle.map_or_else(|| new_threads(threads), Ok)
}

/// An idle worker process of this configuration.
pub(crate) fn checkout_worker(config: &Config) -> Option<WorkerHandle> {
    with(|registry| {
        let place = registry.workers.iter().rposition(|(known, _)| known == config)?;
        Some(registry.workers.remove(place).1)
    })
}

/// Keeps a worker process for a later call; of more than `most` the oldest ends.
pub(crate) fn park_worker(config: Config, worker: WorkerHandle, most: usize) {
    let _gone = with(|registry| {
        registry.workers.push((config, worker));
        (registry.workers.len() > most).then(|| registry.workers.remove(0))
    });
}

/// Calls `f` while no other thread can be in the middle of changing the registry.
pub(crate) fn while_locked<R>(f: impl FnOnce() -> R) -> R {
    with(|_| f())
}

/// In a forked process: pools belong to the parent, and must be neither used nor ended.
pub(crate) fn forget_pools() {
    with(|registry| {
        std::mem::forget(std::mem::take(&mut registry.workers));
        std::mem::forget(std::mem::take(&mut registry.threads));
    });
}

/// Ends the worker processes and threads that are kept for later calls.
///
/// Not needed for tidiness: they end with the program, and processes that are idle for five minutes end by
/// themselves. It frees their memory now.
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
    let _gone =
        with(|registry| (std::mem::take(&mut registry.workers), std::mem::take(&mut registry.threads)));
}

/// A new pool of `threads` threads.
pub(crate) fn new_threads(threads: usize) -> Result<rayon::ThreadPool> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|i| format!("joblib-{i}"))
        .build()
        .map_err(|error| Error::backend(format!("start {threads} threads"), Some(error.into())))
}

/// Keeps `pool` for a later call.
pub(crate) fn return_threads(threads: usize, pool: rayon::ThreadPool) {
    // The pool that goes is dropped outside the lock.
    let _gone = with(|registry| {
        registry.threads.push((threads, pool));
        (registry.threads.len() > KEPT_POOLS).then(|| registry.threads.remove(0))
    });
}
