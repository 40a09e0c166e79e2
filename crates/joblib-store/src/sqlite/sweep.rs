//! Keeping to the limits.

use std::time::{Duration, SystemTime};

use rusqlite::{Connection, TransactionBehavior, params};

use super::Shared;
use crate::blob::Blob;
use crate::error::Error;
use crate::limits::{Limits, choose};
use crate::policy::{Candidate, Policy};
use crate::store::CostOf;
use crate::usage::Reduced;

impl Shared {
    /// Drops of at most `sample` results, those of earlier code and the least recently used, what has no room.
    pub(super) fn reduce(&self, limits: &Limits, cost: CostOf<'_>, sample: usize) -> Result<Reduced, Error> {
        // All of them; by the index of uses they would be read one by one.
        self.reduce_of(limits, cost, sample, "+used <= ?3 ORDER BY current, used", i64::MAX)
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
        let chosen = choose(&candidates, self.usage()?, limits);
        let reduced = self.connections.with(|connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let mut reduced = Reduced::default();
            for &index in &chosen {
                let (row, key, candidate) = &sampled[index];
                if transaction.prepare_cached("DELETE FROM results WHERE rowid = ?1")?.execute([row])? == 1 {
                    transaction
                        .prepare_cached("INSERT OR IGNORE INTO evicted VALUES (?1)")?
                        .execute([key])?;
                    reduced.add(candidate.bytes);
                }
            }
            transaction.commit()?;
            Ok(reduced)
        })?;
        if reduced.items > 0 {
            self.give_back()?;
        }
        Ok(reduced)
    }

    /// Gives the room of what was dropped back to the file system.
    fn give_back(&self) -> Result<(), Error> {
        // Each page that is moved is a step of the statement.
        let vacuum = |connection: &mut Connection| {
            let mut statement = connection.prepare("PRAGMA incremental_vacuum")?;
            let mut rows = statement.query([])?;
            while rows.next()?.is_some() {}
            Ok(())
        };
        self.connections.with_none_waiting(vacuum)?;
        self.connections.shorten_log();
        Ok(())
    }
}
