//! Files of Python, read as Python shows them.

#![allow(clippy::float_cmp, reason = "what comes back is the same bits")]

mod fixtures;
mod guide;
mod numpy_files;
mod one_to_one;
mod shapes;
mod stdlib;
