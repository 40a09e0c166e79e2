//! The worker's side: how a process becomes one, and what it then does until its parent is gone.
//!
//! A worker is the parent's executable, started again. A variable of its environment and the socket that is its standard
//! input tell it so ([`summons`]), in a function that runs before `main` ([`entry`]); then what else runs before `main` does
//! so ([`constructors`]), and the worker waits for its setup ([`serve`]). Until its page says that it has it, the parent
//! waits for a bounded time only; a worker that can't go on sends its reason as a refusal, which ends the call.

mod call;
pub(crate) mod constructors;
pub(crate) mod entry;
mod limits;
mod log;
mod output;
pub(crate) mod runner;
mod serve;
pub(crate) mod summons;
mod watch;
