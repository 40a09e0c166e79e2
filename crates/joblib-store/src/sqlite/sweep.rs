//! Keeping to the limits.

use std::collections::HashSet;
use std::time::{Duration, SystemTime};

use rusqlite::{Connection, TransactionBehavior, params};

use super::{ALL, Shared};
use crate::blob::Blob;
use crate::error::Error;
use crate::limits::{Limits, choose};
use crate::policy::{Candidate, Policy};
use crate::store::CostOf;
use crate::usage::Reduced;

/// The latest results that were dropped for the limits, of which that is told: a list of all would have no limit.
const REMEMBERED: usize = 16 * 1024;
/// Results of which so many are dropped at once touch most pages of the file.
const MANY: usize = 1000;
/// Kilobytes of pages in memory, as sqlite has it, and while many results are dropped: a page that has no room there is
/// written to the log for each result that touches it.
const CACHE: i64 = 2000;
const LARGE_CACHE: i64 = 256_000;

/// Does something that touches most pages of the file.
fn with_large_cache<T>(
    connection: &mut Connection,
    work: impl FnOnce(&mut Connection) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    connection.pragma_update(None, "cache_size", -LARGE_CACHE)?;
    let done = work(connection);
    connection.pragma_update(None, "cache_size", -CACHE)?;
    done
}

impl Shared {
    /// Drops of at most `sample` results, those of earlier code and the least recently used, what has no room.
    pub(super) fn reduce(&self, limits: &Limits, cost: CostOf<'_>, sample: usize) -> Result<Reduced, Error> {
        // By the index of uses all of them would be read one by one. Their order counts where they are a part.
        let which = if sample == ALL { "+used <= ?3" } else { "+used <= ?3 ORDER BY current, used" };
        self.reduce_of(limits, cost, sample, which, i64::MAX)
    }

    /// Drops of at most `sample` results what is too old. Where nothing is, that is one look at the index.
    pub(super) fn drop_old(
        &self,
        limits: &Limits,
        cost: CostOf<'_>,
        sample: usize,
    ) -> Result<Reduced, Error> {
        let Some(age) = [limits.age, limits.superseded_age].into_iter().flatten().min() else {
            return Ok(Reduced::default());
        };
        let latest = limits.now().checked_sub(age).unwrap_or(SystemTime::UNIX_EPOCH);
        let latest = latest.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let latest = i64::try_from(latest.as_micros()).unwrap_or(i64::MAX);
        self.reduce_of(limits, cost, sample, "used <= ?3 ORDER BY used", latest)
    }

    fn reduce_of(
        &self,
        limits: &Limits,
        cost: CostOf<'_>,
        sample: usize,
        which: &str,
        latest: i64,
    ) -> Result<Reduced, Error> {
        self.note_uses()?;
        let limits = &limits.at_one_time();
        let query = format!(
            "SELECT results.rowid, key, length(bytes), used, current, CASE WHEN ?1 THEN bytes END
             FROM results JOIN versions ON versions.id = results.version WHERE {which} LIMIT ?2"
        );
        let sampled = self.connections.with(|connection| {
            let with_bytes = matches!(limits.policy, Policy::CostAware);
            let mut statement = connection.prepare_cached(&query)?;
            let rows = statement.query_map(params![with_bytes, sample as i64, latest], |row| {
                let bytes: Option<Vec<u8>> = row.get(5)?;
                let used =
                    SystemTime::UNIX_EPOCH + Duration::from_micros(row.get::<_, i64>(3)?.max(0) as u64);
                let candidate = Candidate {
                    bytes: row.get::<_, i64>(2)?.max(0) as u64,
                    idle: limits.idle(used),
                    cost: bytes.and_then(|bytes| cost(Blob::Bytes(bytes.into()))),
                    current: row.get(4)?,
                };
                Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?, candidate))
            })?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        })?;
        if sampled.is_empty() {
            return Ok(Reduced::default());
        }
        let candidates: Vec<Candidate> = sampled.iter().map(|(_, _, candidate)| *candidate).collect();
        let mut chosen = choose(&candidates, self.usage()?, limits);
        let many = chosen.len() > MANY;
        let remembered: HashSet<usize> = chosen.iter().rev().take(REMEMBERED).copied().collect();
        // In the order of the file.
        chosen.sort_unstable_by_key(|&index| sampled[index].0);
        let drop_chosen = |connection: &mut Connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let mut reduced = Reduced::default();
            for &index in &chosen {
                let (row, key, candidate) = &sampled[index];
                if transaction.prepare_cached("DELETE FROM results WHERE rowid = ?1")?.execute([row])? == 1 {
                    if remembered.contains(&index) {
                        transaction
                            .prepare_cached("INSERT OR REPLACE INTO evictions (key) VALUES (?1)")?
                            .execute([key])?;
                    }
                    reduced.add(candidate.bytes);
                }
            }
            transaction.execute(
                "DELETE FROM evictions WHERE number <= (SELECT max(number) FROM evictions) - ?1",
                [REMEMBERED as i64],
            )?;
            transaction.commit()?;
            Ok(reduced)
        };
        let reduced = self.connections.with(|connection| {
            if many { with_large_cache(connection, drop_chosen) } else { drop_chosen(connection) }
        })?;
        if reduced.items > 0 {
            self.give_back(many)?;
        }
        Ok(reduced)
    }

    /// Gives the room of what was dropped back to the file system.
    fn give_back(&self, many: bool) -> Result<(), Error> {
        // Each page that is moved is a step of the statement.
        let vacuum = |connection: &mut Connection| {
            let mut statement = connection.prepare("PRAGMA incremental_vacuum")?;
            let mut rows = statement.query([])?;
            while rows.next()?.is_some() {}
            Ok(())
        };
        self.connections.with_none_waiting(|connection| {
            if many { with_large_cache(connection, vacuum) } else { vacuum(connection) }
        })?;
        self.connections.shorten_log();
        Ok(())
    }
}
