//! Worker processes: what they have in common, and the two ways to start them.

pub(crate) mod batch;
pub(crate) mod config;
mod handle;
pub(crate) mod idle;
pub(crate) mod loky;
pub(crate) mod multiprocessing;
pub(crate) mod session;
