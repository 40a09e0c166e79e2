#![doc = include_str!("../README.md")]
//!
//! ```
//! use joblib_store::{FunctionVersion, Key, StoreOptions, open};
//!
//! let store = open("in_memory", &StoreOptions::new("demo"))?;
//! let version = FunctionVersion::new("demo::fit", 1, "fn fit() {}");
//! let key = Key::new(&version, [7; 16]);
//! store.put(&key, &mut |out| out.write_all(b"result"))?;
//! let blob = store.get(&key)?.expect("it was just stored");
//! assert_eq!(blob.into_bytes()?, b"result");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod blob;
mod byte_size;
mod claim_locks;
#[cfg(feature = "conformance")]
pub mod conformance;
mod error;
mod file_size_limit;
mod generation;
mod holder;
mod in_memory;
mod key;
mod lease;
mod limits;
mod local;
#[cfg(feature = "object")]
mod object;
mod options;
mod per_process;
mod policy;
mod process_lock;
mod process_rw_lock;
mod registry;
#[cfg(feature = "sqlite")]
mod sqlite;
mod store;
mod tier_figures;
mod tiered;
mod usage;

pub use blob::Blob;
pub use byte_size::{ByteSize, ParseByteSizeError};
pub use error::{Error, Subject};
pub use holder::{Holder, ParseHolderError};
pub use in_memory::InMemory;
pub use key::{FunctionVersion, Key};
pub use limits::{Limits, choose};
pub use local::Local;
#[cfg(feature = "object")]
pub use object::{ObjectStore, StoreCheck};
pub use options::StoreOptions;
pub use policy::{Candidate, ParsePolicyError, Policy};
#[doc(hidden)]
pub use process_lock::{AfterFork, ProcessLock};
#[doc(hidden)]
pub use process_rw_lock::ProcessRwLock;
pub use registry::{open, register_store_backend, store_backends};
#[cfg(feature = "sqlite")]
pub use sqlite::Sqlite;
pub use store::{Claim, Claimed, CostOf, GetFuture, Item, Scope, Store, WriteBytes};
pub use tier_figures::TierFigures;
pub use tiered::{Tiered, TieredBuilder};
pub use usage::{Reduced, Usage};
