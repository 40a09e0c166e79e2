//! What there is to copies of an array's memory, whoever they are for: whose they are, their numbers, and their bytes.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use joblib_array::Buffer;

/// Is there as long as the sender of a call is.
pub(super) type CallToken = Arc<()>;

/// A number for one memory, different in each process so that a worker can tell its own from its parent's.
pub(super) fn new_id() -> u128 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    (u128::from(std::process::id()) << 40) | u128::from(NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Calls `f` with all of the memory that `buffer` is a part of.
pub(super) fn with_memory<R>(buffer: &Buffer, f: impl FnOnce(&[u8]) -> R) -> R {
    // Nothing is kept of what is not made.
    match buffer.derived::<Infallible, R>(|bytes| Err(f(bytes))) {
        Err(result) => result,
        Ok((never, _)) => match *never {},
    }
}
