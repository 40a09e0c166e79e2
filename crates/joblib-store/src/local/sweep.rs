//! Keeping to the limits in bounded steps, choosing what goes, and clearing.

use std::collections::{HashMap, VecDeque};
use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::Shared;
use super::folder::{CLAIMS, Opened, entry};
use super::pack;
use super::root::{Access, is_missing, not_a_folder, used};
use super::walk::{Found, Walk, count};
use crate::error::Error;
use crate::key::{FunctionVersion, Key};
use crate::limits::{Limits, choose};
use crate::policy::Candidate;
use crate::store::{CostOf, Item, Scope};
use crate::usage::{Reduced, Usage};

/// How many results a step looks at, at most.
const SAMPLE: usize = 4096;
/// How many results a step drops, at most.
const DROPS: usize = 64;

/// Results that may go, worst first, and where the walk for more stands.
#[derive(Debug, Default)]
pub(super) struct Sweep {
    walk: Option<Walk>,
    pool: VecDeque<Found>,
}

impl Sweep {
    pub(super) fn step(
        &mut self,
        shared: &Shared,
        key: &Key,
        limits: &Limits,
        cost: CostOf<'_>,
    ) -> Result<Reduced, Error> {
        let mut reduced = Reduced::default();
        let Some(folder) = shared.folder.opened()? else { return Ok(reduced) };
        if self.walk.as_ref().is_some_and(|walk| !Arc::ptr_eq(walk.folder(), &folder)) {
            *self = Self::default();
        }
        // Digests are uniform, so this is every 256th miss, whatever the process's life is.
        if key.call()[0] == 0 && (limits.age.is_some() || limits.superseded_age.is_some()) {
            self.drop_old(shared, &folder, limits, &mut reduced);
        }
        if !limits.bound_usage() {
            return Ok(reduced);
        }
        let mut usage = shared.journal.usage();
        if usage.is_some_and(|usage| limits.allow(usage)) {
            return Ok(reduced);
        }
        // Going a little below the limit has many misses pay for one look, and results in a row go faster than one by one.
        let lower = limits.lowered(32);
        let mut samples = 0;
        let mut left = DROPS;
        while left > 0 && !usage.is_some_and(|usage| lower.allow(usage)) {
            let mut batch = Vec::new();
            let mut expected = usage;
            while batch.len() < left && !expected.is_some_and(|usage| lower.allow(usage)) {
                let Some(found) = self.pool.pop_front() else { break };
                expected = expected.map(|usage| usage.minus(found.bytes));
                batch.push(found);
            }
            left -= batch.len();
            if !batch.is_empty() {
                let dropped = drop_unused(&folder, &batch, &mut reduced);
                usage =
                    dropped.iter().fold(usage, |usage, found| usage.map(|usage| usage.minus(found.bytes)));
                note_evicted(shared, dropped);
            } else if samples == 2 {
                // A second empty sample in a step means that the journal was wrong, and is now right.
                break;
            } else {
                samples += 1;
                self.sample(shared, &folder, limits, cost, usage.is_none());
                usage = shared.journal.usage();
            }
        }
        Ok(reduced)
    }

    /// Fills the pool with the less valued part of a bounded sample.
    fn sample(
        &mut self,
        shared: &Shared,
        folder: &Arc<Opened>,
        limits: &Limits,
        cost: CostOf<'_>,
        count_all: bool,
    ) {
        let from_start = self.walk.is_none() || count_all;
        let mut walk = match self.walk.take() {
            Some(walk) if !count_all => walk,
            _ => Walk::start(Arc::clone(folder)),
        };
        let limit = if count_all { usize::MAX } else { SAMPLE };
        let found: Vec<Found> = walk.by_ref().take(limit).collect();
        let whole = from_start && found.len() < limit;
        if found.len() == limit {
            self.walk = Some(walk);
        }
        if whole {
            shared.journal.correct(count(&found));
        }
        let limits = &limits.at_one_time();
        let mut ranked: Vec<(Candidate, Found)> =
            found.into_iter().map(|item| (item.candidate(folder, limits, cost), item)).collect();
        ranked.sort_by(|left, right| limits.policy.compare(&left.0, &right.0));
        // Of a part of the cache, the better part of the worse half may be better than what was not seen.
        let keep = if whole { ranked.len().div_ceil(2) } else { ranked.len().div_ceil(4) };
        self.pool = ranked.into_iter().take(keep).map(|(_, item)| item).collect();
    }

    fn drop_old(&mut self, shared: &Shared, folder: &Arc<Opened>, limits: &Limits, reduced: &mut Reduced) {
        let mut walk = self.walk.take().unwrap_or_else(|| Walk::start(Arc::clone(folder)));
        let limits = &limits.at_one_time();
        let mut seen = 0;
        let old: Vec<Found> = walk
            .by_ref()
            .take(SAMPLE / 8)
            .inspect(|_| seen += 1)
            .filter(|found| limits.too_old(limits.idle(found.used), found.current))
            .collect();
        if seen == SAMPLE / 8 {
            self.walk = Some(walk);
        }
        note_evicted(shared, drop_unused(folder, &old, reduced));
    }
}

fn note_evicted(shared: &Shared, dropped: Vec<&Found>) {
    let dropped: Vec<([u8; 16], u64)> = dropped.into_iter().map(|found| (found.id(), found.bytes)).collect();
    shared.journal.evicted(&dropped);
}

/// Drops results unless they were used or replaced since they were looked at. Returns those that it dropped; the journal
/// is the caller's.
fn drop_unused<'f>(folder: &Opened, found: &'f [Found], reduced: &mut Reduced) -> Vec<&'f Found> {
    let mut dropped = Vec::with_capacity(found.len());
    let mut packed: HashMap<&str, Vec<&Found>> = HashMap::new();
    for item in found {
        if item.packed {
            packed.entry(&item.version).or_default().push(item);
            continue;
        }
        let entry = item.entry();
        if folder.stat(&entry).is_ok_and(|now| used(&now) <= item.used) && folder.remove(&entry).is_ok() {
            dropped.push(item);
        }
    }
    for (version, items) in packed {
        let calls = items.iter().map(|item| &item.call);
        let unused = |number: usize, used| used <= items[number].used;
        // What can't be dropped now is looked at again later.
        let removed = folder.packs.of(version).remove(folder, calls, unused).unwrap_or_default();
        dropped.extend(removed.into_iter().map(|number| items[number]));
    }
    for item in &dropped {
        reduced.add(item.bytes);
    }
    dropped
}

pub(super) fn reduce(shared: &Shared, limits: &Limits, cost: CostOf<'_>) -> Result<Reduced, Error> {
    let mut reduced = Reduced::default();
    let Some(folder) = shared.folder.current()? else { return Ok(reduced) };
    let found: Vec<Found> = Walk::start(Arc::clone(&folder)).collect();
    let usage = count(&found);
    let limits = &limits.at_one_time();
    let candidates: Vec<Candidate> = found.iter().map(|item| item.candidate(&folder, limits, cost)).collect();
    let mut packed: HashMap<&str, Vec<&Found>> = HashMap::new();
    let mut dropped = Vec::new();
    for index in choose(&candidates, usage, limits) {
        let item = &found[index];
        if item.packed {
            packed.entry(&item.version).or_default().push(item);
            continue;
        }
        let entry = item.entry();
        match folder.remove(&entry) {
            Ok(()) => dropped.push(item),
            Err(error) if is_missing(&error) => {}
            Err(error) => {
                note_evicted(shared, dropped);
                return Err(Error::io("remove", folder.path(&entry), error));
            }
        }
    }
    for (version, items) in packed {
        let calls = items.iter().map(|item| &item.call);
        match folder.packs.of(version).remove(&folder, calls, |_, _| true) {
            Ok(removed) => dropped.extend(removed.into_iter().map(|number| items[number])),
            Err(error) => {
                note_evicted(shared, dropped);
                return Err(Error::io("remove results from", folder.path(version), error));
            }
        }
    }
    for item in &dropped {
        reduced.add(item.bytes);
    }
    note_evicted(shared, dropped);
    if !found.is_empty() {
        shared.journal.correct(Usage {
            bytes: usage.bytes.saturating_sub(reduced.bytes),
            items: usage.items.saturating_sub(reduced.items),
        });
    }
    Ok(reduced)
}

/// Drops results that somebody else chose, unless they were used or replaced since.
pub(super) fn evict(shared: &Shared, items: &[Item]) -> Result<Reduced, Error> {
    let mut reduced = Reduced::default();
    let Some(folder) = shared.folder.current()? else { return Ok(reduced) };
    let mut version: Arc<str> = Arc::from("");
    let found: Vec<Found> = items
        .iter()
        .map(|item| {
            if *version != *item.version.path() {
                version = Arc::from(item.version.path());
            }
            let packed = folder.stat(&entry(&version, &item.call)).is_err();
            let (version, Item { call, bytes, used, current, .. }) = (Arc::clone(&version), item);
            Found { version, call: *call, bytes: *bytes, used: *used, current: *current, packed }
        })
        .collect();
    note_evicted(shared, drop_unused(&folder, &found, &mut reduced));
    Ok(reduced)
}

/// Visits all results; returns what could not be read.
pub(super) fn visit(
    shared: &Shared,
    visit: &mut dyn FnMut(Item) -> ControlFlow<()>,
) -> Result<Vec<Error>, Error> {
    let Some(folder) = shared.folder.current()? else { return Ok(Vec::new()) };
    let mut last: Option<(Arc<str>, Option<Arc<FunctionVersion>>)> = None;
    let mut walk = Walk::start(Arc::clone(&folder));
    let mut unnamed = Vec::new();
    for found in walk.by_ref() {
        let version = match &last {
            // All results of a version come in a row.
            Some((path, version)) if Arc::ptr_eq(path, &found.version) => version.clone(),
            _ => {
                let version = version_at(&folder, &found.version);
                if version.is_none() && folder.is_folder(&found.version) {
                    unnamed.push(not_named(&folder, &found.version));
                }
                last = Some((Arc::clone(&found.version), version.clone()));
                version
            }
        };
        let Some(version) = version else { continue };
        if visit(Item::new(version, found.call, found.bytes, found.used, found.current)).is_break() {
            break;
        }
    }
    let mut unread = walk.into_unread();
    unread.append(&mut unnamed);
    Ok(unread)
}

/// Why nothing is known of the results in a version's folder.
fn not_named(folder: &Opened, version: &str) -> Error {
    let function = version.split_once('/').map_or(version, |(function, _)| function);
    let name = format!("{function}/name");
    let reason = match folder.file(&name, Access::Read) {
        Err(error) => error,
        Ok(_) => io::Error::new(io::ErrorKind::InvalidData, "it is not the name of the folder's function"),
    };
    Error::io("read", folder.path(&name), reason)
}

/// The function and code in a folder, as its notes tell. The folder's name has only 64 bits of the code's hash; they are
/// all that its path needs.
fn version_at(folder: &Opened, path: &str) -> Option<Arc<FunctionVersion>> {
    let (function, code) = path.split_once('/')?;
    let code = u64::from_str_radix(code, 16).ok()?;
    let version =
        FunctionVersion::new(folder.function_in(function)?, u128::from(code), folder.source_in(path));
    (version.path() == path).then_some(version)
}

pub(super) fn clear(shared: &Shared, scope: Scope<'_>) -> Result<u64, Error> {
    let Some(folder) = shared.folder.current()? else {
        let root = &shared.folder.root;
        return match fs::symlink_metadata(root) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
            Err(error) => Err(Error::io("read the folder", root, error)),
            // It was made just now.
            Ok(found) if found.is_dir() => Ok(0),
            Ok(_) => Err(Error::io("clear", root, not_a_folder())),
        };
    };
    let wanted = match scope {
        Scope::All => None,
        Scope::Function(name) => Some(FunctionVersion::new(name, 0, "").function_folder().to_owned()),
    };
    let is_wanted = |function: &str| wanted.as_deref().is_none_or(|wanted| function == wanted);
    let mut dropped = Vec::new();
    let mut walk = Walk::start(Arc::clone(&folder));
    while let Some(version) = walk.next_version() {
        let function = version.split_once('/').map_or(version.as_str(), |(function, _)| function);
        if !is_wanted(function) {
            continue;
        }
        let cleared = match folder.packs.of(&version).clear(&folder) {
            Ok(cleared) => cleared,
            // Somebody else cleared it just now.
            Err(error) if is_missing(&error) => continue,
            Err(error) => return Err(Error::io("remove results from", folder.path(&version), error)),
        };
        dropped.extend(cleared.into_iter().map(|(call, bytes)| (super::journal::id(&version, &call), bytes)));
    }
    for found in Walk::start(Arc::clone(&folder)) {
        let function = found.version.split_once('/').map_or(&*found.version, |(function, _)| function);
        if is_wanted(function) && !found.packed && folder.remove(&found.entry()).is_ok() {
            dropped.push((found.id(), found.bytes));
        }
    }
    shared.journal.dropped_all(&dropped);
    remove_folders(&folder, is_wanted)?;
    Ok(dropped.len() as u64)
}

/// Removes what is left of functions' folders: notes, and files that are not ours to know. Computations under way keep
/// their claims.
fn remove_folders(folder: &Opened, is_wanted: impl Fn(&str) -> bool) -> Result<(), Error> {
    let list = match folder.list("") {
        Ok(list) => list,
        Err(error) if is_missing(&error) => return Ok(()),
        Err(error) => return Err(Error::io("read the folder", folder.path(""), error)),
    };
    for entry in list.flatten() {
        if entry.name != CLAIMS && is_wanted(&entry.name) && folder.is_folder(&entry.name) {
            match folder.remove_tree(&entry.name, &pack::is_packs) {
                Ok(()) => {}
                Err(error) if is_missing(&error) => {}
                // A result that another process stored meanwhile is not part of what was to be cleared.
                Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => {}
                Err(error) => return Err(Error::io("remove the folder", folder.path(&entry.name), error)),
            }
        }
    }
    Ok(())
}
