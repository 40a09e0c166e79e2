#![doc = include_str!("../README.md")]
//!
//! ```
//! use joblib_memory::Memory;
//!
//! let folder = tempfile::tempdir()?;
//! let memory = Memory::new(folder.path())?;
//! let slow_sum = memory.cache("slow_sum", |x: &[f64]| x.iter().sum::<f64>());
//! assert_eq!(slow_sum.eval((&[1.0, 2.0][..],)), 3.0);
//! assert!(slow_sum.check_call_in_cache((&[1.0, 2.0][..],)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod asynchronous;
mod call;
mod code;
mod codec;
mod declared;
mod elsewhere;
mod error;
mod explain;
mod flight;
mod function;
mod installed;
mod keep;
mod memorized;
mod memory;
mod metadata;
mod pending;
mod report;
mod shelved;
mod short;
mod stats;
mod timer;

pub use code::{Code, HasCode};
pub use error::{Error, Result};
pub use explain::Explanation;
pub use joblib_store::{ByteSize, Limits, Policy, Reduced, StoreOptions, register_store_backend};
pub use memorized::{CacheFn, MemorizedFunc};
pub use memory::Memory;
pub use metadata::{Argument, Metadata};
pub use shelved::{MemorizedResult, NotMemorizedResult, Shelved};
pub use stats::{FunctionStats, Stats};

/// What the code that `#[cached]` generates uses. Not for people, and not stable.
#[doc(hidden)]
pub mod internal {
    pub use crate::call::{Call, CallOptions, Description, Lookup};
    pub use crate::code::{Code, HasCode, Site};
    pub use crate::explain::explain;
    pub use crate::installed::already_installed;
    pub use crate::keep::{Keep, KeepAll, KeepOk, KeepSome, Storable, storable};
    pub use crate::pending::Pending;
    pub use crate::{Explanation, FunctionStats, Memory, Metadata, Result, Shelved};
    pub use joblib_array::MmapMode;
    pub use joblib_persist::Compress;

    /// Runs the future of a body, in the span of its call and as what the call computes.
    pub fn run<R, K, F: Future>(
        pending: &Pending<R, K>,
        body: F,
    ) -> impl Future<Output = F::Output> + use<R, K, F> {
        tracing::Instrument::instrument(crate::flight::inside(pending.flight(), body), pending.span())
    }

    /// Drops all results of a function.
    pub fn clear(memory: &Memory, call: &Call<'_>) -> Result<u64> {
        call.tell_clearing();
        memory.clear_scope(joblib_store::Scope::Function(call.function.version.function()))
    }

    /// What the cache did for a function.
    pub fn stats(call: &Call<'_>) -> FunctionStats {
        call.function.counters.read(call.function.version.function())
    }
}
