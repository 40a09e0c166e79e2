//! The worker's side: how a process becomes one, and what it then does until its parent is gone.

pub(crate) mod call;
pub(crate) mod entry;
pub(crate) mod limits;
pub(crate) mod log;
pub(crate) mod serve;
pub(crate) mod slot;
mod watch;
