//! Keeping to the limits: knowing the total from notes, and now and then looking at everything.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use futures_util::stream::{self, StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{Error as Failure, ObjectStoreExt};

use super::bucket::Bucket;
use super::claim::{Attempt, attempt};
use super::client::Action;
use super::layout::{id, is_claim, parse_result, size_of_result};
use super::notes::{Change, Summary, modified_us, now_us, parse_name, read_uses};
use super::shared::Shared;
use super::total::Known;
use super::transfer::{self, Object};
use crate::blob::Blob;
use crate::error::Error;
use crate::limits::{Limits, choose};
use crate::policy::{Candidate, Policy};
use crate::store::CostOf;
use crate::usage::{Reduced, Usage};

/// Requests at a time.
const AT_ONCE: usize = 16;
/// Bytes of a result in which its metadata ends, mostly.
const HEAD: u64 = 4096;
/// How often everything is looked at even if the limits hold, for what is too old.
const SWEEP_EVERY_US: u64 = 24 * 3600 * 1_000_000;
/// Claims of holders that gave them back or died.
const OLD_CLAIM: Duration = Duration::from_hours(24);
/// Dropped results that a summary remembers.
const MAX_EVICTED: usize = 10_000;

/// A stored result.
struct Entry {
    path: Path,
    bytes: u64,
    used_us: u64,
    current: bool,
}

/// Sweeps if the total, as far as it is known, exceeds the limits.
pub(super) fn tidy(shared: &Arc<Shared>, limits: &Limits, cost: CostOf<'_>) -> Result<Reduced, Error> {
    shared.write_notes(false);
    let exact = shared.sweep_every.is_zero();
    let looked = shared.total.state.lock().looked;
    match looked {
        Some(looked) if !exact && looked.elapsed() < shared.sweep_every => {}
        // A process that lives shortly need not look for results that are too old.
        None if !limits.bound_usage() && !exact => {
            shared.total.state.lock().looked = Some(Instant::now());
            return Ok(Reduced::default());
        }
        _ => look(shared)?,
    }
    let (usage, swept) = {
        let state = shared.total.state.lock();
        (shared.notes.unwritten().applied_to(state.usage), state.swept)
    };
    let over = !limits.allow(usage);
    let due = swept.saturating_add(SWEEP_EVERY_US) < now_us();
    if exact {
        return if over { reduce(shared, &limits.lowered(8), cost) } else { Ok(Reduced::default()) };
    }
    if !over && !due {
        return Ok(Reduced::default());
    }
    // One process sweeps; the others look again later.
    let Attempt::Mine(_held) = attempt(shared, &shared.layout.sweep(), false)? else {
        shared.total.state.lock().looked = Some(Instant::now());
        return Ok(Reduced::default());
    };
    let limits = if over { limits.lowered(8) } else { limits.clone() };
    reduce(shared, &limits, cost)
}

/// Reads the summary and the names of the notes since.
fn look(shared: &Shared) -> Result<(), Error> {
    if shared.sweep_every.is_zero() {
        let entries = list(shared)?;
        let usage = entries.iter().fold(Usage::default(), |usage, entry| usage.plus(entry.bytes));
        shared.notes.counted();
        *shared.total.state.lock() = Known { looked: Some(Instant::now()), usage, swept: now_us() };
        return Ok(());
    }
    let (names, summary) = notes(shared)?;
    let summary = summary.unwrap_or_default();
    let change =
        names.iter().filter_map(|name| parse_name(name.filename()?)).fold(Change::default(), Change::plus);
    *shared.total.state.lock() =
        Known { looked: Some(Instant::now()), usage: change.applied_to(summary.usage), swept: summary.at };
    Ok(())
}

/// The objects of notes, and the summary of the last sweep.
fn notes(shared: &Shared) -> Result<(Vec<Path>, Option<Summary>), Error> {
    let (folder, summary) = (shared.layout.notes(), shared.layout.summary());
    let found = shared.client.run(Action::List, |bucket| async move {
        let names: Vec<Path> = bucket.list(Some(&folder)).map_ok(|meta| meta.location).try_collect().await?;
        let bytes = match bucket.get(&summary).await {
            Ok(found) => Some(found.bytes().await?),
            Err(Failure::NotFound { .. }) => None,
            Err(error) => return Err(error),
        };
        Ok((names.into_iter().filter(|name| *name != summary).collect::<Vec<_>>(), bytes))
    })?;
    let (names, bytes) = found.map_err(|refused| shared.client.refused(Action::List, refused))?;
    Ok((names, bytes.and_then(|bytes| Summary::parse(&bytes))))
}

/// Whether the last sweep dropped the result.
pub(super) fn was_evicted(shared: &Shared, id: u64) -> Result<bool, Error> {
    if shared.evicted.lock().contains(&id) {
        return Ok(true);
    }
    let path = shared.layout.summary();
    let read =
        shared.client.run(Action::Read, |bucket| async move { bucket.get(&path).await?.bytes().await })?;
    let summary = read.ok().and_then(|bytes| Summary::parse(&bytes));
    Ok(summary.is_some_and(|summary| summary.evicted.contains(&id)))
}

/// Looks at everything and drops what the limits have no room for.
pub(super) fn reduce(shared: &Shared, limits: &Limits, cost: CostOf<'_>) -> Result<Reduced, Error> {
    let limits = &limits.at_one_time();
    let (names, summary) = notes(shared)?;
    let (mut uses, mut evicted) = summary.map(|summary| (summary.uses, summary.evicted)).unwrap_or_default();
    for bytes in read_all(shared, &names)? {
        read_uses(&bytes, &mut uses);
    }
    for (id, time) in shared.notes.uses() {
        let latest = uses.entry(id).or_default();
        *latest = time.max(*latest);
    }
    let mut entries = list(shared)?;
    for entry in &mut entries {
        entry.used_us = uses.get(&id(&entry.path)).copied().unwrap_or(0).max(entry.used_us);
    }
    let usage = entries.iter().fold(Usage::default(), |usage, entry| usage.plus(entry.bytes));
    let costs = match limits.policy {
        Policy::CostAware if !limits.allow(usage) => costs(shared, &entries, cost)?,
        _ => Vec::new(),
    };
    let candidates: Vec<Candidate> = entries
        .iter()
        .enumerate()
        .map(|(index, entry)| Candidate {
            bytes: entry.bytes,
            idle: limits.idle(SystemTime::UNIX_EPOCH + Duration::from_micros(entry.used_us)),
            cost: costs.get(index).copied().flatten(),
            current: entry.current,
        })
        .collect();
    let mut reduced = Reduced::default();
    let mut left = usage;
    let chosen = choose(&candidates, usage, limits);
    let paths: Vec<Path> = chosen.iter().map(|index| entries[*index].path.clone()).collect();
    delete(shared, paths)?;
    {
        let mut mine = shared.evicted.lock();
        for index in chosen {
            let entry = &entries[index];
            let id = id(&entry.path);
            reduced.add(entry.bytes);
            left = left.minus(entry.bytes);
            uses.remove(&id);
            evicted.push(id);
            mine.insert(id);
        }
    }
    let there: HashSet<u64> = entries.iter().map(|entry| id(&entry.path)).collect();
    uses.retain(|id, _| there.contains(id));
    let forgotten = evicted.len().saturating_sub(MAX_EVICTED);
    let summary = Summary { at: now_us(), usage: left, uses, evicted: evicted.split_off(forgotten) };
    transfer::put(&shared.client, &shared.layout.summary(), summary.bytes().into())?;
    delete(shared, names)?;
    delete(shared, old_claims(shared)?)?;
    shared.notes.counted();
    *shared.total.state.lock() = Known { looked: Some(Instant::now()), usage: left, swept: summary.at };
    Ok(reduced)
}

/// All results. Pages of the listing come while those before are looked at.
fn list(shared: &Shared) -> Result<Vec<Entry>, Error> {
    let functions = shared.versions.all(&shared.client, &shared.layout)?;
    let folder = shared.layout.results();
    let metas = shared.client.run(Action::List, |bucket| async move {
        let results = bucket.list(Some(&folder)).try_filter(|meta| {
            let is_result = !is_claim(meta.size);
            async move { is_result }
        });
        results
            .map_ok(|meta| (meta.location.clone(), meta.size, modified_us(&meta)))
            .try_collect::<Vec<_>>()
            .await
    })?;
    let metas = metas.map_err(|refused| shared.client.refused(Action::List, refused))?;
    let entry = |(path, size, used_us)| {
        let (function, code, _) = parse_result(&path)?;
        let current = functions.is_current(&function, &code);
        Some(Entry { path, bytes: size_of_result(size), used_us, current })
    };
    Ok(metas.into_iter().filter_map(entry).collect())
}

/// The contents of these objects, without those that another process deleted.
fn read_all(shared: &Shared, paths: &[Path]) -> Result<Vec<bytes::Bytes>, Error> {
    let paths = paths.to_vec();
    let all = shared.client.run(Action::Read, |bucket| async move {
        let reads = paths.into_iter().map(|path| {
            let bucket = bucket.clone();
            async move {
                match bucket.get(&path).await {
                    Ok(found) => found.bytes().await.map(Some),
                    Err(Failure::NotFound { .. }) => Ok(None),
                    Err(error) => Err(error),
                }
            }
        });
        stream::iter(reads).buffer_unordered(AT_ONCE).try_collect::<Vec<_>>().await
    })?;
    Ok(all.unwrap_or_default().into_iter().flatten().collect())
}

/// What each result cost, from its head.
fn costs(shared: &Shared, entries: &[Entry], cost: CostOf<'_>) -> Result<Vec<Option<Duration>>, Error> {
    let mut costs = Vec::with_capacity(entries.len());
    for chunk in entries.chunks(256) {
        let paths: Vec<Path> = chunk.iter().map(|entry| entry.path.clone()).collect();
        let heads = shared.client.run(Action::Read, |bucket| async move {
            let reads = paths.into_iter().map(|path| head(bucket.clone(), path));
            stream::iter(reads).buffered(AT_ONCE).try_collect::<Vec<_>>().await
        })?;
        let heads = heads.map_err(|refused| shared.client.refused(Action::Read, refused))?;
        costs.extend(heads.into_iter().map(|head| cost(head?)));
    }
    Ok(costs)
}

async fn head(bucket: Bucket, path: Path) -> Result<Option<Blob>, Failure> {
    match transfer::head(bucket, path, HEAD).await {
        Ok(Object::Result(blob, _)) => Ok(Some(blob)),
        Ok(Object::Claim(_)) | Err(Failure::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Claims that nobody will end.
fn old_claims(shared: &Shared) -> Result<Vec<Path>, Error> {
    let folders = [shared.layout.results(), shared.layout.claims()];
    let since = now_us().saturating_sub(u64::try_from(OLD_CLAIM.as_micros()).unwrap_or(u64::MAX));
    let claims = shared.client.run(Action::List, |bucket| async move {
        let mut claims = Vec::new();
        for folder in folders {
            let mut listed = bucket.list(Some(&folder));
            while let Some(meta) = listed.try_next().await? {
                if is_claim(meta.size) && modified_us(&meta) < since {
                    claims.push(meta.location);
                }
            }
        }
        Ok(claims)
    })?;
    claims.map_err(|refused| shared.client.refused(Action::List, refused))
}

/// Deletes objects, of which some may be gone: many in one request where the server can.
pub(super) fn delete(shared: &Shared, paths: Vec<Path>) -> Result<(), Error> {
    if paths.is_empty() {
        return Ok(());
    }
    let deleted = shared.client.run(Action::Drop, |bucket| async move {
        let all = stream::iter(paths.clone()).map(Ok).boxed();
        let together = bucket.delete_stream(all).try_for_each(|_| async { Ok(()) }).await;
        if together.is_ok() {
            return Ok(());
        }
        // Some servers can't, and some stop at one that is gone.
        let deletions = paths.into_iter().map(|path| {
            let bucket = bucket.clone();
            async move {
                match bucket.delete(&path).await {
                    Err(Failure::NotFound { .. }) => Ok(()),
                    other => other,
                }
            }
        });
        stream::iter(deletions).buffer_unordered(AT_ONCE).try_for_each(|()| async { Ok(()) }).await
    })?;
    deleted.map_err(|refused| shared.client.refused(Action::Drop, refused))
}
