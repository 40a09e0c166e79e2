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
#[cfg(feature = "conformance")]
pub mod conformance;
mod error;
mod holder;
mod in_memory;
mod key;
mod limits;
mod local;
mod policy;
mod registry;
#[cfg(feature = "sqlite")]
mod sqlite;
mod store;

pub use blob::Blob;
pub use error::Error;
pub use holder::Holder;
pub use in_memory::InMemory;
pub use key::{FunctionVersion, Key};
pub use limits::{ByteSize, Limits, ParseByteSizeError};
pub use local::Local;
pub use policy::{Candidate, Policy, choose};
pub use registry::{StoreOptions, open, register_store_backend, store_backends};
#[cfg(feature = "sqlite")]
pub use sqlite::Sqlite;
pub use store::{Claim, Claimed, CostOf, Item, Reduced, Scope, Store, Usage, WriteBytes};
