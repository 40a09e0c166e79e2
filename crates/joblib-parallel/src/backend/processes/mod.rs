//! Worker processes: what they have in common, and the two ways to start them.

mod config;
mod handle;
pub(crate) mod idle;
pub(crate) mod loky;
pub(crate) mod multiprocessing;
mod session;
