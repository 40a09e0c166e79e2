//! Connections that are open and wait for their next use.

use rusqlite::Connection;

use crate::process_lock::ProcessLock;

/// Connections that nobody uses just now, of this process.
pub(super) type Idle = ProcessLock<Vec<Opened>>;

/// A connection, and the file that it was opened to.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) connection: Connection,
    pub(super) identity: Option<(u64, u64)>,
}
