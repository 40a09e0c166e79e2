//! The agent: this program on another host, which keeps worker processes there and has them run what the caller sends.
//!
//! It is started by whatever reaches the host (`ssh`, `srun`, `kubectl exec`), with two marks: a variable of its environment
//! and its first argument. A function that runs before `main` finds them ([`entry`]). Its standard input and output are the
//! connection ([`crate::wire::cluster`]); what tasks print goes to its standard error. On the host it is what the caller
//! of the backend `loky` is: it runs the same session, over batches of which it has only the bytes ([`raw_batch`]), so that
//! time limits, crashes, memory limits and recycling are as there ([`serve`]).
//!
//! It ends when its input does, and its workers with it.

pub(crate) mod entry;
pub(crate) mod marks;
mod raw_batch;
mod serve;
