#![doc = include_str!("../README.md")]
//!
//! ```
//! use joblib_array::Array;
//! use joblib_encoding::{from_slice, to_vec};
//!
//! let value = (Some(None::<u8>), Array::from_vec(vec![0.5; 6], &[2, 3])?);
//! let bytes = to_vec(&value)?;
//! assert_eq!(from_slice::<(Option<Option<u8>>, Array<f64>)>(&bytes)?, value);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod block;
mod decode;
mod encode;
mod error;
mod limits;
mod markers;
mod message;
mod preview;
mod scalar;
mod spare;
mod stream;

pub use block::Block;
pub use decode::{Types, decode};
pub use encode::encode;
pub use error::{Error, Result};
pub use limits::MAX_DEPTH;
pub use message::{MessageSink, MessageSource, Share, from_slice, to_vec};
pub use preview::Preview;
pub use stream::{Sink, Source};
