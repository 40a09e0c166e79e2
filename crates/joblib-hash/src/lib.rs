#![doc = include_str!("../README.md")]
//!
//! ```
//! let digest = joblib_hash::hash(&("fit", 0.5, vec![1, 2, 3]))?;
//! assert!(digest.to_string().starts_with("blake3:"));
//! assert_eq!(digest, joblib_hash::hash(&("fit", 0.5, vec![1, 2, 3]))?);
//! assert_ne!(digest, joblib_hash::hash(&("fit", 0.25, vec![1, 2, 3]))?);
//! # Ok::<(), joblib_hash::HashError>(())
//! ```

mod algorithm;
mod content;
mod digest;
mod encoder;
mod entries;
mod error;
mod file;
mod hasher;
mod stream;
mod unordered;

pub use algorithm::{Algorithm, UnknownAlgorithm};
pub use digest::{Digest, ParseDigestError};
pub use error::HashError;
pub use file::hash_file;
#[doc(hidden)]
pub use file::{OfFile, hash_content, hash_file_with};
#[doc(hidden)]
pub use hasher::digest_of_encoding;
pub use hasher::{Hasher, hash, hash_with};
pub use unordered::{Unordered, unordered};
