//! Claims: a row that names who computes a result.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;

use rusqlite::{OptionalExtension, params};

use super::{Shared, id};
use crate::error::Error;
use crate::holder::Holder;
use crate::key::Key;
use crate::process_lock::{AfterFork, ProcessLock};
use crate::store::{Claim, Claimed, WriteBytes};

/// The claims that this process holds: where, and of which key. One that names this process and is not among them is
/// abandoned.
static HELD: ProcessLock<HashSet<(String, [u8; 24])>> = ProcessLock::new(AfterFork::Renew);

pub(super) fn claim(shared: &Arc<Shared>, key: &Key) -> Result<Claim, Error> {
    let id = id(key);
    let me = Holder::this_process();
    let held = (shared.connections.location().to_owned(), id);
    let watched = format!("{}/{}", key.version().path(), key.call_hex());
    for _ in 0..4 {
        // Those who wait ask again and again: looking, they are in nobody's way.
        let holder: Option<String> = shared.connections.with(|connection| {
            let mut select = connection.prepare_cached("SELECT holder FROM claims WHERE key = ?1")?;
            select.query_row([id], |row| row.get(0)).optional()
        })?;
        let Some(text) = holder else {
            let mine = shared.connections.with(|connection| {
                let mut insert = connection.prepare_cached("INSERT OR IGNORE INTO claims VALUES (?1, ?2)")?;
                insert.execute(params![id, me.to_string()])
            })?;
            if mine == 0 {
                continue;
            }
            HELD.lock().insert(held);
            shared.watch.forget(&watched);
            return Ok(Claim::Mine(Box::new(SqliteClaim {
                shared: Arc::clone(shared),
                key: key.clone(),
                holder: me,
                open: true,
            })));
        };
        let holder = text.parse::<Holder>().ok();
        let dead = match holder.as_ref().map(Holder::is_alive) {
            // Nobody waits for this process but for what it does.
            Some(Some(true)) if holder.as_ref().is_some_and(Holder::is_this_process) => {
                !HELD.lock().contains(&held)
            }
            Some(Some(alive)) => !alive,
            Some(None) => {
                let unchanged = shared.watch.unchanged_for(&watched, text.clone(), Instant::now());
                unchanged > shared.lease
            }
            None => true,
        };
        match holder {
            Some(holder) if !dead => return Ok(Claim::Taken(holder)),
            _ => shared.connections.with(|connection| {
                connection.execute("DELETE FROM claims WHERE key = ?1 AND holder = ?2", params![id, text])
            })?,
        };
    }
    Ok(Claim::Taken(Holder::unknown()))
}

#[derive(Debug)]
struct SqliteClaim {
    shared: Arc<Shared>,
    key: Key,
    /// This process, as the claim names it.
    holder: Holder,
    open: bool,
}

impl Claimed for SqliteClaim {
    fn write(mut self: Box<Self>, write: WriteBytes<'_>) -> Result<u64, Error> {
        let bytes = self.shared.put(&self.key, true, write)?;
        self.open = false;
        Ok(bytes)
    }
}

impl Drop for SqliteClaim {
    fn drop(&mut self) {
        // A forked child drops what it has of its parent's, too.
        if !self.holder.is_this_process() {
            return;
        }
        HELD.lock().remove(&(self.shared.connections.location().to_owned(), id(&self.key)));
        if self.open {
            // A claim that can't be given back is taken over when this process is gone.
            let _ = self.shared.connections.with(|connection| {
                connection.execute(
                    "DELETE FROM claims WHERE key = ?1 AND holder = ?2",
                    params![id(&self.key), self.holder.to_string()],
                )
            });
        }
    }
}
