//! One sqlite file for many small results and many processes. sqlite's own locking orders the writers, and its
//! write-ahead log lets readers read meanwhile.

mod claim;
mod connections;
mod forks;
mod idle;
mod sweep;

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use self::connections::Connections;
use crate::blob::Blob;
use crate::claim_locks::ClaimLocks;
use crate::error::{Error, Subject};
use crate::file_size_limit::survive_file_size_limit;
use crate::key::{FunctionVersion, Key, fnv64};
use crate::limits::Limits;
use crate::options::StoreOptions;
use crate::process_lock::{AfterFork, ProcessLock};
use crate::store::{Claim, CostOf, Item, Scope, Store, WriteBytes};
use crate::usage::{Reduced, Usage};

/// Uses that are noted together.
const TOUCHES: usize = 256;
/// Results a step towards the limits looks at, at most.
const SAMPLE: usize = 1024;
/// A number of results that no file has.
const ALL: usize = usize::MAX >> 1;

/// A store in one sqlite file, `joblib.sqlite` in the folder `location`.
///
/// ```
/// use joblib_store::{FunctionVersion, Key, Sqlite, Store, StoreOptions};
///
/// let folder = tempfile::tempdir()?;
/// let store = Sqlite::open(&StoreOptions::new(folder.path()))?;
/// let key = Key::new(&FunctionVersion::new("demo::fit", 1, "fn fit() {}"), [7; 16]);
/// store.put(&key, &mut |out| out.write_all(b"result"))?;
/// assert!(store.contains(&key)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Sqlite {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    connections: Connections,
    /// Versions that this process has written, by their folder name.
    versions: ProcessLock<HashMap<String, i64>>,
    /// Results used since uses were last noted.
    touched: ProcessLock<HashMap<[u8; 24], i64>>,
    /// Keeps the file of the claims' locks open.
    claims: ProcessLock<Option<Arc<ClaimLocks>>>,
}

impl Sqlite {
    /// Opens the store in the folder `options.location()`. The folder and the file are created when something is first claimed
    /// or stored. It has no options.
    ///
    /// # Errors
    ///
    /// Returns an error if there are options, or if the location is a URL, can't be made absolute, or is not valid UTF-8.
    pub fn open(options: &StoreOptions) -> Result<Self, Error> {
        options.allow_only(&[])?;
        let location = options.folder()?;
        survive_file_size_limit();
        let shared = Shared {
            connections: Connections::new(location.display().to_string(), location.join("joblib.sqlite")),
            versions: ProcessLock::new(AfterFork::Renew),
            touched: ProcessLock::new(AfterFork::Renew),
            claims: ProcessLock::new(AfterFork::Inherit),
        };
        Ok(Self { shared: Arc::new(shared) })
    }
}

/// The key in the file: which code, which call.
fn id(key: &Key) -> [u8; 24] {
    let mut id = [0; 24];
    id[..8].copy_from_slice(&fnv64(key.version().path().as_bytes()).to_be_bytes());
    id[8..].copy_from_slice(key.call());
    id
}

/// Microseconds since 1970.
fn micros(time: SystemTime) -> i64 {
    time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_micros() as i64)
}

/// The first `bytes` bytes of a result, or all of them if there are fewer. Within a transaction: a row's number may be
/// another one's as soon as it is dropped.
fn head(connection: &Transaction<'_>, id: [u8; 24], bytes: u64) -> rusqlite::Result<Option<Blob>> {
    const QUERY: &str =
        "SELECT rowid, CASE WHEN length(bytes) <= ?2 THEN bytes END FROM results WHERE key = ?1";
    let most = i64::try_from(bytes).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(QUERY)?;
    let found = statement.query_row(params![id, most], |row| {
        let whole: Option<Vec<u8>> = row.get(1)?;
        Ok((row.get::<_, i64>(0)?, whole))
    });
    let Some((row, whole)) = found.optional()? else { return Ok(None) };
    let bytes = if let Some(whole) = whole {
        whole
    } else {
        let mut head = vec![0; most as usize];
        connection.blob_open("main", "results", "bytes", row, true)?.read_at_exact(&mut head, 0)?;
        head
    };
    Ok(Some(Blob::Bytes(bytes.into())))
}

fn write_uses(connection: &mut Connection, uses: &HashMap<[u8; 24], i64>) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for (id, used) in uses {
        transaction
            .prepare_cached("UPDATE results SET used = max(used, ?2) WHERE key = ?1")?
            .execute(params![id, used])?;
    }
    transaction.commit()
}

impl Shared {
    /// The number of a version, which becomes its function's latest.
    fn version(connection: &Connection, version: &FunctionVersion) -> rusqlite::Result<i64> {
        let code = version.code().to_be_bytes();
        connection.execute(
            "INSERT OR IGNORE INTO versions (function, code, source, current) VALUES (?1, ?2, ?3, 1)",
            params![version.function(), code, version.source()],
        )?;
        connection.execute(
            "UPDATE versions SET current = (code = ?2) WHERE function = ?1",
            params![version.function(), code],
        )?;
        connection.query_row(
            "SELECT id FROM versions WHERE function = ?1 AND code = ?2",
            params![version.function(), code],
            |row| row.get(0),
        )
    }

    fn put(&self, key: &Key, write: WriteBytes<'_>) -> Result<u64, Error> {
        let mut bytes = Vec::new();
        write(&mut bytes).map_err(Error::value)?;
        let (id, version) = (id(key), key.version());
        let known = self.versions.lock().get(version.path()).copied();
        let number = self.connections.with(|connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            transaction.prepare_cached("DELETE FROM results WHERE key = ?1")?.execute([id])?;
            let insert = |number: i64| {
                transaction
                    .prepare_cached(
                        "INSERT INTO results (key, version, used, bytes)
                         SELECT ?1, id, ?3, ?4 FROM versions WHERE id = ?2 AND function = ?5 AND code = ?6",
                    )?
                    .execute(params![
                        id,
                        number,
                        micros(SystemTime::now()),
                        bytes,
                        version.function(),
                        version.code().to_be_bytes()
                    ])
            };
            let number = match known {
                // Another process may have cleared the store since.
                Some(number) if insert(number)? == 1 => number,
                _ => {
                    let number = Self::version(&transaction, version)?;
                    insert(number)?;
                    number
                }
            };
            transaction.prepare_cached("DELETE FROM evictions WHERE key = ?1")?.execute([id])?;
            transaction.commit()?;
            Ok(number)
        })?;
        if known != Some(number) {
            let mut versions = self.versions.lock();
            versions.insert(version.path().to_owned(), number);
        }
        self.connections.shorten_log();
        Ok(bytes.len() as u64)
    }

    /// Notes a use. A hit neither waits for others that write, nor fails for a note.
    fn touch(&self, id: [u8; 24]) {
        let mut touched = self.touched.lock();
        touched.insert(id, micros(SystemTime::now()));
        if touched.len() < TOUCHES {
            return;
        }
        let uses = std::mem::take(&mut *touched);
        drop(touched);
        // What can't be written at all is not tried again at each hit.
        if let Ok(None) = self.connections.with_none_waiting(|connection| write_uses(connection, &uses)) {
            self.note_later(uses);
        }
    }

    /// Keeps uses that could not be written just now, unless there are too many.
    fn note_later(&self, uses: HashMap<[u8; 24], i64>) {
        let mut touched = self.touched.lock();
        for (id, used) in uses {
            if touched.len() == TOUCHES - 1 {
                break;
            }
            touched.entry(id).or_insert(used);
        }
    }

    /// Writes when results were used, many at once.
    fn note_uses(&self) -> Result<(), Error> {
        let uses = std::mem::take(&mut *self.touched.lock());
        if uses.is_empty() {
            return Ok(());
        }
        self.connections.with_made(|connection| write_uses(connection, &uses))
    }

    fn usage(&self) -> Result<Usage, Error> {
        self.connections.with_made(|connection| {
            connection.prepare_cached("SELECT bytes, items FROM total")?.query_row([], |row| {
                let (bytes, items): (i64, i64) = (row.get(0)?, row.get(1)?);
                Ok(Usage { bytes: bytes.max(0) as u64, items: items.max(0) as u64 })
            })
        })
    }
}

impl Sqlite {
    fn find(&self, key: &Key) -> Result<Option<Blob>, Error> {
        let bytes: Option<Vec<u8>> = self.shared.connections.with_made(|connection| {
            let mut statement = connection.prepare_cached("SELECT bytes FROM results WHERE key = ?1")?;
            statement.query_row([id(key)], |row| row.get(0)).optional()
        })?;
        Ok(bytes.map(|bytes| Blob::Bytes(bytes.into())))
    }
}

impl Store for Sqlite {
    fn backend(&self) -> &'static str {
        "sqlite"
    }

    fn location(&self) -> &str {
        self.shared.connections.location()
    }

    fn folder(&self) -> Option<PathBuf> {
        Some(self.location().into())
    }

    fn is_there(&self) -> Result<bool, Error> {
        Ok(!self.shared.connections.is_unmade()?)
    }

    fn get(&self, key: &Key) -> Result<Option<Blob>, Error> {
        let found = self.find(key)?;
        if found.is_some() {
            self.shared.touch(id(key));
        }
        Ok(found)
    }

    fn contains(&self, key: &Key) -> Result<bool, Error> {
        self.shared.connections.with_made(|connection| {
            connection.prepare_cached("SELECT 1 FROM results WHERE key = ?1")?.exists([id(key)])
        })
    }

    fn claim(&self, key: &Key) -> Result<Claim, Error> {
        claim::claim(&self.shared, key)
    }

    fn put(&self, key: &Key, write: WriteBytes<'_>) -> Result<u64, Error> {
        self.shared.put(key, write)
    }

    fn remove(&self, key: &Key) -> Result<bool, Error> {
        let removed = self.shared.connections.with_made(|connection| {
            connection.prepare_cached("DELETE FROM results WHERE key = ?1")?.execute([id(key)])
        })?;
        Ok(removed > 0)
    }

    fn clear(&self, scope: Scope<'_>) -> Result<u64, Error> {
        self.shared.versions.lock().clear();
        let removed = self.shared.connections.with_made(|connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let removed = match scope {
                Scope::All => {
                    transaction.execute("DELETE FROM evictions", [])?;
                    let removed = transaction.execute("DELETE FROM results", [])?;
                    transaction.execute("DELETE FROM versions", [])?;
                    removed
                }
                Scope::Function(name) => transaction.execute(
                    "DELETE FROM results WHERE version IN (SELECT id FROM versions WHERE function = ?1)",
                    [name],
                )?,
            };
            transaction.commit()?;
            Ok(removed)
        })?;
        Ok(removed as u64)
    }

    fn visit(&self, visit: &mut dyn FnMut(Item) -> ControlFlow<()>) -> Result<Vec<Error>, Error> {
        self.shared.note_uses()?;
        let (items, unnamed) = self.shared.connections.with_made(|connection| {
            let mut versions: HashMap<i64, (Arc<FunctionVersion>, bool)> = HashMap::new();
            let mut statement =
                connection.prepare("SELECT id, function, code, source, current FROM versions")?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let version = FunctionVersion::new(
                    row.get::<_, String>(1)?,
                    u128::from_be_bytes(row.get(2)?),
                    row.get::<_, String>(3)?,
                );
                versions.insert(row.get(0)?, (version, row.get(4)?));
            }
            let mut statement =
                connection.prepare("SELECT key, version, length(bytes), used FROM results")?;
            let mut rows = statement.query([])?;
            let (mut items, mut unnamed) = (Vec::new(), 0_u64);
            while let Some(row) = rows.next()? {
                let key: [u8; 24] = row.get(0)?;
                let Some((version, current)) = versions.get(&row.get(1)?) else {
                    unnamed += 1;
                    continue;
                };
                let mut call = [0; 16];
                call.copy_from_slice(&key[8..]);
                let used =
                    SystemTime::UNIX_EPOCH + Duration::from_micros(row.get::<_, i64>(3)?.max(0) as u64);
                let bytes = row.get::<_, i64>(2)?.max(0) as u64;
                items.push(Item::new(Arc::clone(version), call, bytes, used, *current));
            }
            Ok((items, unnamed))
        })?;
        let _ = items.into_iter().try_for_each(visit);
        let lost = (unnamed > 0).then(|| {
            let reason = format!("{unnamed} of its results are of functions that it does not name");
            Error::backend(self.location(), reason).about(Subject::Entry)
        });
        Ok(lost.into_iter().collect())
    }

    fn reduce(&self, limits: &Limits, cost: CostOf<'_>) -> Result<Reduced, Error> {
        if self.shared.connections.is_unmade()? {
            return Ok(Reduced::default());
        }
        self.shared.reduce(limits, cost, ALL)
    }

    fn tidy(&self, key: &Key, limits: &Limits, cost: CostOf<'_>) -> Result<Reduced, Error> {
        let over = limits.bound_usage() && !limits.allow(self.shared.usage()?);
        // Digests are uniform, so ages are looked at every 256th miss.
        if !over && key.call()[0] != 0 {
            return Ok(Reduced::default());
        }
        // Going a sixteenth below the limit pays for looking.
        let lower = |limit: Option<u64>| limit.map(|limit| limit - limit / 16);
        if !over {
            return self.shared.drop_old(limits, cost, SAMPLE);
        }
        let lower = Limits { bytes: lower(limits.bytes), items: lower(limits.items), ..limits.clone() };
        self.shared.reduce(&lower, cost, SAMPLE)
    }

    fn make_room(&self, limits: &Limits, cost: CostOf<'_>) -> Result<Reduced, Error> {
        // Dropping results needs room as well, in the log.
        self.shared.connections.cut_log();
        self.reduce(limits, cost)
    }

    fn flush(&self) -> Result<(), Error> {
        self.shared.note_uses()
    }

    fn peek(&self, key: &Key, bytes: u64) -> Result<Option<Blob>, Error> {
        self.shared.connections.with_made(|connection| head(&connection.transaction()?, id(key), bytes))
    }

    /// Within one transaction: to begin one costs more than to find a small result.
    fn peek_all(&self, keys: &[Key], bytes: u64) -> Vec<Result<Option<Blob>, Error>> {
        let found = self.shared.connections.with_made(|connection| {
            let transaction = connection.transaction()?;
            keys.iter().map(|key| head(&transaction, id(key), bytes)).collect::<rusqlite::Result<Vec<_>>>()
        });
        match found {
            Ok(found) if found.len() == keys.len() => found.into_iter().map(Ok).collect(),
            Ok(_) => keys.iter().map(|_| Ok(None)).collect(),
            // One of them, or all.
            Err(_) => keys.iter().map(|key| self.peek(key, bytes)).collect(),
        }
    }

    fn was_evicted(&self, key: &Key) -> Result<bool, Error> {
        self.shared.connections.with_made(|connection| {
            connection.prepare_cached("SELECT 1 FROM evictions WHERE key = ?1")?.exists([id(key)])
        })
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // What is lost otherwise is the order of the latest uses.
        let _ = self.note_uses();
        self.connections.cut_log();
        self.connections.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uses_wait_for_another_that_writes_and_for_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let store = Sqlite::open(&StoreOptions::new(folder.path())).unwrap();
        let use_many = || {
            for number in 0..TOUCHES {
                let mut id = [0; 24];
                id[..8].copy_from_slice(&number.to_be_bytes());
                store.shared.touch(id);
            }
            store.shared.touched.lock().len()
        };
        store.shared.connections.with(|_| Ok(())).unwrap();
        let writer = Connection::open(folder.path().join("joblib.sqlite")).unwrap();
        writer.execute_batch("BEGIN IMMEDIATE").unwrap();
        assert_eq!(use_many(), TOUCHES - 1);
        writer.execute_batch("COMMIT").unwrap();
        store.shared.touched.lock().clear();

        let read_only = |connection: &mut Connection| connection.pragma_update(None, "query_only", true);
        store.shared.connections.with(read_only).unwrap();
        assert_eq!(use_many(), 0);
    }
}
