//! Connections to the file, and patience with others that write to it: no error says only that somebody was faster.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, TransactionBehavior};

use crate::Error;

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS versions (
        id INTEGER PRIMARY KEY, function TEXT NOT NULL, code BLOB NOT NULL, source TEXT NOT NULL, current INTEGER NOT NULL,
        UNIQUE (function, code));
    CREATE TABLE IF NOT EXISTS results (
        key BLOB NOT NULL UNIQUE, version INTEGER NOT NULL, used INTEGER NOT NULL, bytes BLOB NOT NULL);
    CREATE INDEX IF NOT EXISTS results_by_use ON results (used);
    CREATE TABLE IF NOT EXISTS claims (key BLOB PRIMARY KEY, holder TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS evicted (key BLOB PRIMARY KEY) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS total (bytes INTEGER NOT NULL, items INTEGER NOT NULL);
    INSERT INTO total SELECT 0, 0 WHERE NOT EXISTS (SELECT * FROM total);
    CREATE TRIGGER IF NOT EXISTS added AFTER INSERT ON results BEGIN
        UPDATE total SET bytes = bytes + length(new.bytes), items = items + 1; END;
    CREATE TRIGGER IF NOT EXISTS dropped AFTER DELETE ON results BEGIN
        UPDATE total SET bytes = bytes - length(old.bytes), items = items - 1; END;
";

/// How long to wait for others that write.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(super) struct Connections {
    location: String,
    path: PathBuf,
    /// Those that nobody uses just now.
    idle: Mutex<Vec<Connection>>,
}

impl Connections {
    /// Connections to the file `path`, which errors call `location`.
    pub(super) fn new(location: String, path: PathBuf) -> Self {
        Self { location, path, idle: Mutex::default() }
    }

    pub(super) fn location(&self) -> &str {
        &self.location
    }

    pub(super) fn path(&self) -> &PathBuf {
        &self.path
    }

    /// Whether there is no file, as far as can be told without making it.
    pub(super) fn is_unmade(&self) -> bool {
        !self.path.exists() && self.idle.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Does something with a connection; again, from its start, where others that write were in its way.
    pub(super) fn with<T>(
        &self,
        work: impl FnMut(&mut Connection) -> rusqlite::Result<T>,
    ) -> Result<T, Error> {
        self.with_patience(PATIENCE, work)
    }

    /// The same without waiting: `None` where others were in its way.
    pub(super) fn with_none_waiting<T>(
        &self,
        work: impl FnMut(&mut Connection) -> rusqlite::Result<T>,
    ) -> Option<T> {
        self.with_patience(Duration::ZERO, work).ok()
    }

    fn with_patience<T>(
        &self,
        patience: Duration,
        mut work: impl FnMut(&mut Connection) -> rusqlite::Result<T>,
    ) -> Result<T, Error> {
        let since = Instant::now();
        let mut step = Duration::from_millis(1);
        loop {
            let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            if idle.is_none() {
                let folder = self.path.parent().unwrap_or(&self.path);
                std::fs::create_dir_all(folder)
                    .map_err(|error| Error::io("create the folder", folder, error))?;
            }
            let done = idle.map_or_else(|| self.connect(patience), Ok).and_then(|mut connection| {
                connection.busy_timeout(patience)?;
                let done = work(&mut connection);
                // A connection that failed otherwise is not used again.
                if connection.is_autocommit() && done.as_ref().err().is_none_or(in_the_way) {
                    self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
                }
                done
            });
            match done {
                Ok(done) => return Ok(done),
                // sqlite waits by itself for most locks, but not for all: to make the file, it doesn't.
                Err(error) if in_the_way(&error) && since.elapsed() < patience => {
                    thread::sleep(step);
                    step = (step * 2).min(Duration::from_millis(50));
                }
                Err(error) => return Err(Error::backend(&self.location, error)),
            }
        }
    }

    fn connect(&self, patience: Duration) -> rusqlite::Result<Connection> {
        let mut connection = Connection::open(&self.path)?;
        connection.busy_timeout(patience)?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        // A crash of the system may lose the latest results; a cache can.
        connection.pragma_update(None, "synchronous", "normal")?;
        connection.set_prepared_statement_cache_capacity(64);
        // Looking, unlike making what is there, waits for nobody.
        let made: bool =
            connection.query_row("SELECT count(*) FROM sqlite_schema WHERE name = 'dropped'", [], |row| {
                row.get(0)
            })?;
        if !made {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            transaction.execute_batch(SCHEMA)?;
            transaction.commit()?;
        }
        Ok(connection)
    }
}

/// Whether an error says only that another connection was using the file.
fn in_the_way(error: &rusqlite::Error) -> bool {
    use ErrorCode::{DatabaseBusy, DatabaseLocked, FileLockingProtocolFailed, SchemaChanged};
    matches!(
        error.sqlite_error_code(),
        Some(DatabaseBusy | DatabaseLocked | FileLockingProtocolFailed | SchemaChanged)
    )
}
