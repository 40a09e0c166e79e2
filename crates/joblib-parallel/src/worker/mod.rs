//! The worker's side: how a process becomes one, and what it then does until its parent is gone.

pub(crate) mod entry;
mod limits;
mod log;
mod serve;
mod watch;
