//! Pools of threads that wait for the next call.

use crate::error::{Error, Result};
use crate::sync::ForkSafe;

/// Idle pools by their number of threads, the latest last. A call owns the pools it uses, so none is used twice at
/// once.
static IDLE: ForkSafe<Vec<(usize, rayon::ThreadPool)>> = ForkSafe::new(Vec::new());

/// Idle pools that are kept; beyond, the oldest goes. Programs use few numbers of workers at a time.
const KEPT_POOLS: usize = 4;

/// An idle pool of `threads` threads, or a new one.
///
/// # Errors
///
/// If the threads can't be started.
pub(super) fn checkout(threads: usize) -> Result<rayon::ThreadPool> {
    let idle = IDLE.with(|idle| {
        let position = idle.iter().rposition(|(n, _)| *n == threads)?;
        Some(idle.remove(position).1)
    });
    idle.map_or_else(|| start(threads), Ok)
}

/// A new pool of `threads` threads.
///
/// # Errors
///
/// If the threads can't be started.
pub(super) fn start(threads: usize) -> Result<rayon::ThreadPool> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|i| format!("joblib-{i}"))
        .build()
        .map_err(|error| Error::backend(format!("start {threads} threads"), Some(error.into())))
}

/// Keeps `pool` for a later call.
pub(super) fn park(threads: usize, pool: rayon::ThreadPool) {
    // The pool that goes is dropped outside of the section.
    let _gone = IDLE.with(|idle| {
        idle.push((threads, pool));
        (idle.len() > KEPT_POOLS).then(|| idle.remove(0))
    });
}

/// Ends all idle pools.
pub(crate) fn shutdown() {
    let _gone = IDLE.with(std::mem::take);
}

/// In a forked process, which does not have the threads: leaves the pools alone.
pub(crate) fn forget() {
    std::mem::forget(IDLE.with(std::mem::take));
}
