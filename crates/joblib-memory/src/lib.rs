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

mod append_map;
mod cache_fn;
mod call;
mod date;
mod elsewhere;
mod entry;
mod error;
mod files;
mod function;
#[doc(hidden)]
pub mod internal;
mod lock;
mod memorized;
mod memory;
mod quick_hash;
mod report;
mod shape;
mod single_flight;
mod tier;
mod wake;

pub use cache_fn::CacheFn;
pub use call::explain::Explanation;
pub use call::shelved::{MemorizedResult, NotMemorizedResult, Shelved};
pub use entry::metadata::{Argument, Metadata, StoredCodeItem};
pub use entry::stored::StoredEntry;
pub use error::{Error, Result};
pub use function::code::{Code, HasCode};
pub use function::site::CodeItem;
pub use function::stats::{FunctionStats, Stats};
pub use joblib_store::{
    ByteSize, Limits, Policy, Reduced, StoreOptions, TierFigures, register_store_backend,
};
pub use memorized::MemorizedFunc;
pub use memory::location::{default_location, runs_folder};
pub use memory::{Memory, SharedCache};
pub use report::Warnings;
