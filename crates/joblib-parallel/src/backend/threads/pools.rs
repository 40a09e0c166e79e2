//! Pools of threads that wait for the next call.

use super::pool::{Shape, ThreadPool};
use crate::error::Result;
use crate::sync::ForkSafe;

/// Idle pools, the latest last. A call owns the pool it uses, so none is used twice at once.
static IDLE: ForkSafe<Vec<ThreadPool>> = ForkSafe::new(Vec::new());

/// Idle pools that are kept; beyond, the oldest goes. Programs use few numbers of workers at a time.
const KEPT_POOLS: usize = 4;

/// An idle pool of this shape, or a new one.
///
/// # Errors
///
/// Returns an error if the threads can't be started.
pub(super) fn checkout(shape: Shape) -> Result<ThreadPool> {
    let idle = IDLE.with(|idle| {
        let position = idle.iter().rposition(|pool| pool.shape() == shape)?;
        Some(idle.remove(position))
    });
    idle.map_or_else(|| ThreadPool::start(shape), Ok)
}

/// Keeps `pool` for a later call.
pub(super) fn park(pool: ThreadPool) {
    // The pool that goes is dropped outside of the section.
    let _gone = IDLE.with(|idle| {
        idle.push(pool);
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
