#![doc = include_str!("../README.md")]
//!
//! ```
//! use joblib_array::Array;
//!
//! let mut a = Array::from_vec(vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &[2, 3])?;
//! assert_eq!(a[[1, 0]], 4.0);
//! a[[1, 0]] = 40.0;
//! assert_eq!(a.row(1), [40.0, 5.0, 6.0]);
//! # Ok::<(), joblib_array::ShapeError>(())
//! ```

// Hidden modules are what the crates of this workspace share. They are not covered by semantic versioning.
mod array;
mod buffer;
#[doc(hidden)]
pub mod buffered;
#[doc(hidden)]
pub mod content;
mod dtype;
#[doc(hidden)]
pub mod erased;
mod error;
#[doc(hidden)]
pub mod foreign;
#[doc(hidden)]
pub mod form;
mod forward;
mod half;
mod index;
mod layout;
mod mmap_mode;
#[doc(hidden)]
pub mod names;
#[doc(hidden)]
pub mod parts;
mod plain;
#[doc(hidden)]
pub mod run;
#[doc(hidden)]
pub mod same;
#[doc(hidden)]
pub mod scalar;
mod serde;
#[doc(hidden)]
pub mod share;
#[doc(hidden)]
pub mod slice;
#[doc(hidden)]
pub mod stored;
#[doc(hidden)]
pub mod transfer;
#[doc(hidden)]
pub mod vec;

/// The version of `ndarray` whose arrays are known by their types.
#[cfg(feature = "ndarray")]
pub use ::ndarray;
pub use array::Array;
pub use buffer::{ALIGNMENT, Buffer};
pub use dtype::{DType, Element, ParseDTypeError};
pub use error::{MAX_NDIM, ReadOnly, ShapeError};
pub use half::half_to_f32;
pub use layout::{Order, ParseOrderError};
pub use mmap_mode::{MmapMode, ParseMmapModeError};
