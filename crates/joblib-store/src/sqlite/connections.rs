//! Connections to the file, and patience with others that write to it: no error says only that somebody was faster.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, TransactionBehavior};

use super::forks::{self, Inside};
use super::idle::{Idle, Opened};
use crate::error::Error;
use crate::process_lock::{AfterFork, ProcessLock};

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS versions (
        id INTEGER PRIMARY KEY, function TEXT NOT NULL, code BLOB NOT NULL, source TEXT NOT NULL, current INTEGER NOT NULL,
        UNIQUE (function, code));
    CREATE TABLE IF NOT EXISTS results (
        key BLOB NOT NULL UNIQUE, version INTEGER NOT NULL, used INTEGER NOT NULL, bytes BLOB NOT NULL);
    CREATE INDEX IF NOT EXISTS results_by_use ON results (used);
    CREATE TABLE IF NOT EXISTS evictions (number INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE);
    CREATE TABLE IF NOT EXISTS total (bytes INTEGER NOT NULL, items INTEGER NOT NULL);
    INSERT INTO total SELECT 0, 0 WHERE NOT EXISTS (SELECT * FROM total);
    CREATE TRIGGER IF NOT EXISTS added AFTER INSERT ON results BEGIN
        UPDATE total SET bytes = bytes + length(new.bytes), items = items + 1; END;
    CREATE TRIGGER IF NOT EXISTS dropped AFTER DELETE ON results BEGIN
        UPDATE total SET bytes = bytes - length(old.bytes), items = items - 1; END;
";

/// How long to wait for others that write.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long to try again where the file system's locks fail: others that open the file pass, but some never work.
const LOCKS: Duration = Duration::from_secs(1);

/// How long sqlite itself waits at a time: a fork waits for it.
const SLICE: Duration = Duration::from_millis(20);
/// How large the write-ahead log may get before it is written back and cut.
const MAX_LOG: u64 = 1 << 20;

#[derive(Debug)]
pub(super) struct Connections {
    location: String,
    path: PathBuf,
    idle: Arc<Idle>,
}

impl Connections {
    /// Connections to the file `path`, which errors call `location`.
    pub(super) fn new(location: String, path: PathBuf) -> Self {
        let idle = Arc::new(ProcessLock::new(AfterFork::Renew));
        forks::watch(&idle);
        Self { location, path, idle }
    }

    /// The file beside the database whose bytes are locked for claims.
    pub(super) fn path_of_claims(&self) -> PathBuf {
        self.path.with_extension("sqlite-claims")
    }

    pub(super) fn location(&self) -> &str {
        &self.location
    }

    /// Whether there is no file, without making it.
    ///
    /// # Errors
    ///
    /// Returns an error if that can't be told.
    pub(super) fn is_unmade(&self) -> Result<bool, Error> {
        match std::fs::metadata(&self.path) {
            Ok(_) => Ok(false),
            Err(error) if is_missing(&error) => Ok(true),
            Err(error) => Err(Error::io("look at", &self.path, error)),
        }
    }

    /// The system's reason why the file can't be opened, which sqlite does not tell. The file itself is not opened for
    /// that: closing it would end the locks that sqlite has on it.
    fn reason(&self) -> Option<Error> {
        let folder = self.path.parent()?;
        let error = std::fs::File::open(folder).err()?;
        Some(Error::io("open the folder", folder, error))
    }

    /// The file that is there now.
    fn identity(&self) -> Option<(u64, u64)> {
        std::fs::metadata(&self.path).ok().map(|found| (found.dev(), found.ino()))
    }

    /// Does something with a connection; again, from its start, where others that write were in its way.
    pub(super) fn with<T>(
        &self,
        work: impl FnMut(&mut Connection) -> rusqlite::Result<T>,
    ) -> Result<T, Error> {
        self.with_patience(PATIENCE, work)?.map_err(|error| Error::sqlite(&self.location, error))
    }

    /// The same to look at what is there, or to change it: without a file there is nothing, and none is made.
    pub(super) fn with_made<T: Default>(
        &self,
        work: impl FnMut(&mut Connection) -> rusqlite::Result<T>,
    ) -> Result<T, Error> {
        if self.is_unmade()? { Ok(T::default()) } else { self.with(work) }
    }

    /// The same as [`with`](Self::with) without waiting: `None` where others were in its way.
    pub(super) fn with_none_waiting<T>(
        &self,
        work: impl FnMut(&mut Connection) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, Error> {
        match self.with_patience(Duration::ZERO, work)? {
            Ok(done) => Ok(Some(done)),
            Err(error) if in_the_way(&error) => Ok(None),
            Err(error) => Err(Error::sqlite(&self.location, error)),
        }
    }

    /// Writes the write-ahead log back and cuts it, if it is long and nobody is in the way.
    pub(super) fn shorten_log(&self) {
        let mut log = self.path.clone().into_os_string();
        log.push("-wal");
        if std::fs::metadata(log).is_ok_and(|found| found.len() > MAX_LOG) {
            self.cut_log();
        }
    }

    /// The same however long it is.
    pub(super) fn cut_log(&self) {
        if self.is_unmade().unwrap_or(true) {
            return;
        }
        let cut = |connection: &mut Connection| {
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        };
        // Whoever writes next tries again.
        let _ = self.with_none_waiting(cut);
    }

    /// Closes the connections that nobody uses.
    pub(super) fn close(&self) {
        let _inside = Inside::enter();
        self.idle.lock().clear();
    }

    fn with_patience<T>(
        &self,
        patience: Duration,
        mut work: impl FnMut(&mut Connection) -> rusqlite::Result<T>,
    ) -> Result<rusqlite::Result<T>, Error> {
        let since = Instant::now();
        let mut locks_fail_since = None;
        let mut step = Duration::from_millis(1);
        let left = || patience.saturating_sub(since.elapsed());
        loop {
            let done = self.once(left().min(SLICE), &mut work)?;
            let Some(error) = done.as_ref().err().filter(|error| in_the_way(error)) else { return Ok(done) };
            if error.sqlite_error_code() == Some(ErrorCode::FileLockingProtocolFailed) {
                locks_fail_since.get_or_insert_with(Instant::now);
            } else {
                locks_fail_since = None;
            }
            if left().is_zero() || locks_fail_since.is_some_and(|since| since.elapsed() >= LOCKS) {
                return Ok(done);
            }
            // sqlite waits by itself for most locks, but not for all: to make the file, it doesn't.
            thread::sleep(step);
            step = (step * 2).min(Duration::from_millis(50));
        }
    }

    /// Does something with a connection, while the process doesn't fork.
    fn once<T>(
        &self,
        patience: Duration,
        work: &mut impl FnMut(&mut Connection) -> rusqlite::Result<T>,
    ) -> Result<rusqlite::Result<T>, Error> {
        let _inside = Inside::enter();
        let identity = self.identity();
        let idle = {
            let mut idle = self.idle.lock();
            // The file may have been removed or moved away, and another made in its place.
            idle.retain(|opened| opened.identity.is_some() && opened.identity == identity);
            idle.pop()
        };
        let opened = if let Some(opened) = idle {
            Ok(opened)
        } else {
            let folder = self.path.parent().unwrap_or(&self.path);
            std::fs::create_dir_all(folder).map_err(|error| Error::io("create the folder", folder, error))?;
            match self.connect(patience) {
                Err(error) if error.sqlite_error_code() == Some(ErrorCode::CannotOpen) => match self.reason()
                {
                    Some(reason) => return Err(reason),
                    None => Err(error),
                },
                connected => connected.map(|connection| Opened { connection, identity: self.identity() }),
            }
        };
        Ok(opened.and_then(|mut opened| {
            opened.connection.busy_timeout(patience)?;
            let done = work(&mut opened.connection);
            // A connection that failed otherwise is not used again.
            if opened.connection.is_autocommit() && done.as_ref().err().is_none_or(in_the_way) {
                self.idle.lock().push(opened);
            }
            done
        }))
    }

    fn connect(&self, patience: Duration) -> rusqlite::Result<Connection> {
        let mut connection = Connection::open(&self.path)?;
        connection.busy_timeout(patience)?;
        // Room of what is dropped can be given back. It has to be said before there is a table.
        connection.pragma_update(None, "auto_vacuum", "incremental")?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        connection.pragma_update(None, "journal_size_limit", MAX_LOG as i64)?;
        // A crash of the system may lose the latest results; a cache can.
        connection.pragma_update(None, "synchronous", "normal")?;
        // A statement's own journal, which a transaction of many statements would write to a file.
        connection.pragma_update(None, "temp_store", "memory")?;
        connection.set_prepared_statement_cache_capacity(64);
        // Looking, unlike making what is there, waits for nobody.
        let made: bool = connection.query_row(
            "SELECT count(*) FROM sqlite_schema WHERE name = 'evictions'",
            [],
            |row| row.get(0),
        )?;
        if !made {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            transaction.execute_batch(SCHEMA)?;
            transaction.commit()?;
        }
        Ok(connection)
    }
}

/// Whether a file or its folder is not there.
fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Whether an error says only that another connection was using the file.
fn in_the_way(error: &rusqlite::Error) -> bool {
    use ErrorCode::{DatabaseBusy, DatabaseLocked, FileLockingProtocolFailed, SchemaChanged};
    matches!(
        error.sqlite_error_code(),
        Some(DatabaseBusy | DatabaseLocked | FileLockingProtocolFailed | SchemaChanged)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patience_ends_also_for_what_was_begun_late_and_sooner_where_locks_fail() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("joblib.sqlite");
        let connections = Connections::new("here".into(), path.clone());
        connections.with(|_| Ok(())).unwrap();
        let writer = Connection::open(path).unwrap();
        writer.execute_batch("BEGIN IMMEDIATE").unwrap();
        let fails = |code: i32| rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None);

        let (since, patience) = (Instant::now(), Duration::from_secs(2));
        let done = connections.with_patience(patience, |connection| {
            if since.elapsed() < patience / 2 {
                return Err(fails(rusqlite::ffi::SQLITE_BUSY));
            }
            connection.execute_batch("BEGIN IMMEDIATE")
        });
        assert!(in_the_way(&done.unwrap().unwrap_err()));
        assert!(since.elapsed() < patience * 3 / 2, "{:?}", since.elapsed());

        let since = Instant::now();
        let done = connections.with(|_| Err::<(), _>(fails(rusqlite::ffi::SQLITE_PROTOCOL)));
        assert!(done.is_err());
        assert!((LOCKS..LOCKS * 10).contains(&since.elapsed()), "{:?}", since.elapsed());
    }

    #[test]
    fn a_full_disk_and_a_file_that_is_only_read_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let connections = Connections::new("here".into(), folder.path().join("joblib.sqlite"));
        let write = "INSERT INTO evictions (key) VALUES (zeroblob(1000000))";
        let full = connections.with(|connection| {
            connection.pragma_update(None, "max_page_count", 1)?;
            connection.execute_batch(write)
        });
        let full = full.unwrap_err();
        assert!(full.is_full() && !full.is_read_only(), "{full}");
        let read_only = connections.with(|connection| {
            connection.pragma_update(None, "query_only", true)?;
            connection.execute_batch(write)
        });
        let read_only = read_only.unwrap_err();
        assert!(read_only.is_read_only() && !read_only.is_full(), "{read_only}");
    }
}
