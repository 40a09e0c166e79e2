//! Disk-cached functions, parallel loops and fast persistence, for people who run long computations over data.
//!
//! Such programs are run again and again while they are tuned, and most of their steps did not change since the last
//! time. Put an attribute on those steps, and their results are read from disk:
//!
//! ```
//! use joblib::prelude::*;
//!
//! #[cached]
//! fn simulate(seed: u64, steps: usize) -> Array<f64> {
//!     (0..steps).map(|i| ((seed + i as u64) as f64).sin()).collect()
//! }
//!
//! # fn main() -> joblib::Result<()> {
//! # let folder = tempfile::tempdir().map_err(joblib::Error::other)?;
//! # let folder = folder.path();
//! Memory::new(folder.join("cache"))?.install()?;
//! let once = simulate(1, 1000);
//! assert!(simulate::check_call_in_cache(1, 1000));
//! assert_eq!(simulate(1, 1000), once);
//!
//! // The same function in a loop, on all cores; what is in the cache is not computed.
//! let runs: Vec<Array<f64>> =
//!     Parallel::new().n_jobs(-1).run((0..8).map(|seed| delayed(simulate, (seed, 1000))))?;
//!
//! // Any value, in one file: compressed by its extension, checked when it is read.
//! dump(&runs, folder.join("runs.joblib.xz"))?;
//! let back: Vec<Array<f64>> = load(folder.join("runs.joblib.xz"))?;
//! assert_eq!(back, runs);
//! # Ok(())
//! # }
//! ```
//!
//! - [`cached`], [`Memory`]: a result is found by the content of the arguments and by the function's code. Any edit other than to
//!   comments or formatting invalidates the result; going back to earlier code hits again.
//! - [`Parallel`], [`delayed()`]: the same loop on threads, worker processes or forks, by configuration.
//! - [`dump`], [`load`]: any `serde` value; arrays without a copy, or mapped. [`load`] reads Python's joblib files and pickles as
//!   well, without running anything in them; [`dump_python`] writes files for Python, and [`dump_numpy`] for numpy.
//! - [`hash()`], [`hash_file`]: the content hash of any value, or of a file; the same on every machine and in every version.
//! - [`Array`]: the n-dimensional array that all of them know.
//!
//! The names that most programs use, and those of Python's joblib, are here; [`prelude`] has the first of them. Everything
//! else is in a module for each part: [`mod@array`], [`mod@hash`], [`memory`], [`parallel`], [`persist`], [`pickle`],
//! [`record`] and [`store`].
//!
//! The [`guide`] has a chapter on each of them, from [getting started](guide::getting_started) to what is
//! [promised](guide::reliability), programs to [start from](guide::examples), and what each name of
//! [Python's joblib](guide::from_python) is called here.

mod delayed;
mod error;
pub mod guide;
mod worker_context;

pub use joblib_array as array;
pub use joblib_hash as hash;
pub use joblib_memory as memory;
pub use joblib_parallel as parallel;
pub use joblib_persist as persist;
#[cfg(feature = "python")]
pub use joblib_persist::pickle;
pub use joblib_record as record;
pub use joblib_store as store;

pub use joblib_array::{Array, MmapMode};
pub use joblib_hash::{hash, hash_file};
pub use joblib_macros::{cached, task, tracked};
pub use joblib_memory::{MemorizedResult, Memory, Shelved};
pub use joblib_parallel::{
    Cause, Generator, GeneratorUnordered, Outcomes, Parallel, SharedMem, TaskError, cpu_count, delayed,
    effective_n_jobs, parallel_config, register_parallel_backend,
};
pub use joblib_persist::{DumpOptions, LoadOptions, dump, load, register_compressor};
#[cfg(feature = "python")]
pub use joblib_persist::{dump_numpy, dump_python};
pub use joblib_store::register_store_backend;

pub use crate::error::{Error, Result};

/// What most programs use: `use joblib::prelude::*;`.
pub mod prelude {
    pub use crate::{
        Array, Cause, DumpOptions, Error, Generator, GeneratorUnordered, LoadOptions, Memory, MmapMode,
        Outcomes, Parallel, Result, SharedMem, TaskError, cached, delayed, dump, load, parallel_config, task,
        tracked,
    };
    pub use joblib_hash::hash;
}

/// The example of the repository's front page.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;

/// What the code that `#[cached]` generates uses: private, and not covered by semantic versioning.
#[doc(hidden)]
pub mod internal {
    pub use joblib_macros::delayed_call;
    pub use joblib_memory::internal::*;
    pub use joblib_parallel::internal as task;

    pub use crate::__with_tasks as with_tasks;
}

/// Keeps companions that need `joblib-parallel`.
#[doc(hidden)]
#[macro_export]
macro_rules! __with_tasks {
    ($($companion:tt)*) => { $($companion)* };
}
