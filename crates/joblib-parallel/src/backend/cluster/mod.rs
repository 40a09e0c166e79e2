//! Calls on other hosts: a session that has agents run batches.
//!
//! The session knows [`Peer`](peer::Peer)s: connections to agents, however they came about. A batch goes to the peer that has
//! the least to do; up to two batches a slot are there at a time, so that the next one has arrived when the one before ends.
//! Arrays go to a peer once, whatever tasks, calls and workers use them, and are known there by their content.
//!
//! When a peer is lost, what it had and has not answered runs again on another one: nobody can say how far it was. So a task
//! may run more than once. A task that was with two peers when they were lost has the next one to itself; when that is lost
//! too, the task is the reason, and fails.
//!
//! Connections are kept for the next call, as idle worker processes are.

pub(crate) mod greeting;
pub(crate) mod idle;
mod node;
pub(crate) mod open;
pub(crate) mod peer;
pub(crate) mod program;
pub(crate) mod session;
pub(crate) mod spread;
