//! Worker processes: what they have in common, and the two ways to start them.

mod active;
mod blame;
pub(crate) mod config;
mod duty;
mod handle;
pub(crate) mod idle;
pub(crate) mod loky;
pub(crate) mod multiprocessing;
mod output;
pub(crate) mod program;
pub(crate) mod session;
