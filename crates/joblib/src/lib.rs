#![doc = include_str!("../README.md")]

mod error;

pub use joblib_array::{
    ALIGNMENT, Array, Buffer, DType, Element, MmapMode, Order, ParseMmapModeError, ReadOnly, ShapeError,
    share, transfer,
};
pub use joblib_hash::{
    Algorithm, Digest, HashError, Hasher, ParseDigestError, UnknownAlgorithm, Unordered, hash, hash_with,
    unordered,
};
pub use joblib_macros::{cached, tracked};
pub use joblib_memory::{
    Argument, CacheFn, Code, Explanation, FunctionStats, HasCode, MemorizedFunc, MemorizedResult, Memory,
    Metadata, NotMemorizedResult, Shelved, Stats,
};
pub use joblib_parallel as parallel;
pub use joblib_parallel::{
    Anywhere, Backend, BatchSize, CancellationToken, Cause, ConfigGuard, Crash, Delayed, FailFast, Generator,
    GeneratorUnordered, List, Outcomes, Panic, Parallel, ParallelConfig, PreDispatch, Prefer, Progress,
    Results, SharedMem, TaskError, cancelled, cpu_count, delayed, effective_n_jobs, parallel_config,
    physical_cpu_count, register_parallel_backend, task_seed,
};
pub use joblib_persist as persist;
pub use joblib_persist::{DumpOptions, LoadOptions, Reader, Writer, dump, dump_to, load, load_from};
pub use joblib_store as store;
pub use joblib_store::{ByteSize, Limits, Policy, Reduced, StoreOptions, register_store_backend};

pub use crate::error::{Error, Result};

/// What most programs use: `use joblib::prelude::*;`.
pub mod prelude {
    pub use crate::{
        Array, Generator, GeneratorUnordered, Memory, Parallel, SharedMem, cached, delayed, dump, load,
        parallel_config, tracked,
    };
}

/// What the code that `#[cached]` generates uses. Not for people, and not stable.
#[doc(hidden)]
pub mod internal {
    pub use joblib_memory::internal::*;
}
