//! Keeping to the limits: walking the folder in bounded steps, choosing what goes, and clearing.

use std::collections::{HashMap, VecDeque};
use std::fs::{self, File, ReadDir};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use super::Shared;
use super::folder::{CLAIMS, Folder, SUFFIX};
use super::journal;
use crate::blob::Blob;
use crate::error::Error;
use crate::key::FunctionVersion;
use crate::key::parse_hex;
use crate::limits::{Limits, choose};
use crate::policy::{Candidate, Policy};
use crate::store::{CostOf, Item, Scope};
use crate::usage::{Reduced, Usage};

/// How many results a step looks at, at most.
const SAMPLE: usize = 4096;
/// How many results a step drops, at most.
const DROPS: usize = 64;

/// A result as the walk found it.
#[derive(Debug, Clone)]
pub(super) struct Found {
    path: PathBuf,
    call: [u8; 16],
    /// What the journal calls it.
    id: [u8; 16],
    pub(super) bytes: u64,
    used: SystemTime,
    current: bool,
}

impl Found {
    fn candidate(&self, limits: &Limits, cost: CostOf<'_>) -> Candidate {
        let cost = match limits.policy {
            Policy::CostAware => {
                let file = File::open(&self.path).ok();
                file.and_then(|file| cost(Blob::File { file, path: self.path.clone() }))
            }
            Policy::LeastRecentlyUsed => None,
        };
        Candidate { bytes: self.bytes, idle: limits.idle(self.used), cost, current: self.current }
    }
}

/// A walk over all results that can be continued later.
#[derive(Debug, Default)]
struct Walk {
    functions: Option<ReadDir>,
    versions: Option<(String, Option<String>, ReadDir)>,
    results: Option<(bool, String, ReadDir)>,
}

impl Walk {
    fn start(folder: &Folder) -> Self {
        let functions = if folder.is_real("") { fs::read_dir(&folder.root).ok() } else { None };
        Self { functions, ..Self::default() }
    }

    fn next(&mut self, folder: &Folder) -> Option<(Found, String)> {
        loop {
            if let Some((current, version, results)) = &mut self.results {
                let Some(entry) = results.next() else {
                    self.results = None;
                    continue;
                };
                let Ok(entry) = entry else { continue };
                let path = entry.path();
                let name = entry.file_name();
                let call = name.to_str().and_then(|name| name.strip_suffix(SUFFIX)).and_then(parse_hex);
                let (Some(call), Ok(found)) = (call, fs::symlink_metadata(&path)) else { continue };
                if !found.is_file() {
                    continue;
                }
                let modified = found.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                let used = found.accessed().map_or(modified, |accessed| accessed.max(modified));
                let found = Found {
                    path,
                    call,
                    id: journal::id(version, &call),
                    bytes: found.len(),
                    used,
                    current: *current,
                };
                return Some((found, version.clone()));
            }
            if let Some((function, current, versions)) = &mut self.versions {
                let Some(entry) = versions.next() else {
                    self.versions = None;
                    continue;
                };
                let Ok(entry) = entry else { continue };
                if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    continue;
                }
                let Ok(results) = fs::read_dir(entry.path()) else { continue };
                let name = entry.file_name().to_string_lossy().into_owned();
                let is_current = current.as_ref().is_none_or(|current| *current == name);
                self.results = Some((is_current, format!("{function}/{name}"), results));
                continue;
            }
            let entry = self.functions.as_mut()?.next()?;
            let Ok(entry) = entry else { continue };
            let name = entry.file_name().to_string_lossy().into_owned();
            if name == CLAIMS || !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                continue;
            }
            let Ok(versions) = fs::read_dir(entry.path()) else { continue };
            let current = folder.current_in(&name);
            self.versions = Some((name, current, versions));
        }
    }
}

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
        key: &crate::Key,
        limits: &Limits,
        cost: CostOf<'_>,
    ) -> Reduced {
        let mut reduced = Reduced::default();
        // Digests are uniform, so this is every 256th miss, whatever the process's life is.
        if key.call()[0] == 0 && (limits.age.is_some() || limits.superseded_age.is_some()) {
            self.drop_old(shared, limits, &mut reduced);
        }
        if !limits.bound_usage() {
            return reduced;
        }
        let mut usage = shared.journal.usage();
        if usage.is_some_and(|usage| limits.allow(usage)) {
            return reduced;
        }
        // Going a little below the limit has many misses pay for one look, and files in a row go faster than one by one.
        let lower = |limit: Option<u64>| limit.map(|limit| limit - limit / 32);
        let lower = Limits { bytes: lower(limits.bytes), items: lower(limits.items), ..limits.clone() };
        let mut dropped = Vec::new();
        let mut samples = 0;
        for _ in 0..DROPS {
            if usage.is_some_and(|usage| lower.allow(usage)) {
                break;
            }
            match self.pool.pop_front() {
                Some(found) => {
                    if drop_unused(&found, &mut reduced) {
                        usage = usage.map(|usage| usage.minus(found.bytes));
                        dropped.push((found.id, found.bytes));
                    }
                }
                // A second empty sample in a step means that the journal was wrong, and is now right.
                None if samples == 2 => break,
                None => {
                    samples += 1;
                    shared.journal.evicted(&std::mem::take(&mut dropped));
                    self.sample(shared, limits, cost, usage.is_none());
                    usage = shared.journal.usage();
                }
            }
        }
        shared.journal.evicted(&dropped);
        reduced
    }

    /// Fills the pool with the less valued part of a bounded sample.
    fn sample(&mut self, shared: &Shared, limits: &Limits, cost: CostOf<'_>, count_all: bool) {
        let from_start = self.walk.is_none() || count_all;
        let mut walk = match self.walk.take() {
            Some(walk) if !count_all => walk,
            _ => Walk::start(&shared.folder),
        };
        let limit = if count_all { usize::MAX } else { SAMPLE };
        let mut found = Vec::new();
        while found.len() < limit {
            match walk.next(&shared.folder) {
                Some((item, _)) => found.push(item),
                None => break,
            }
        }
        let whole = from_start && found.len() < limit;
        if found.len() == limit {
            self.walk = Some(walk);
        }
        if whole {
            shared.journal.correct(super::count(&found));
        }
        let limits = &limits.at_one_time();
        let mut ranked: Vec<(Candidate, Found)> =
            found.into_iter().map(|item| (item.candidate(limits, cost), item)).collect();
        ranked.sort_by(|left, right| limits.policy.compare(&left.0, &right.0));
        // Of a part of the cache, the better part of the worse half may be better than what was not seen.
        let keep = if whole { ranked.len().div_ceil(2) } else { ranked.len().div_ceil(4) };
        self.pool = ranked.into_iter().take(keep).map(|(_, item)| item).collect();
    }

    fn drop_old(&mut self, shared: &Shared, limits: &Limits, reduced: &mut Reduced) {
        let mut walk = self.walk.take().unwrap_or_else(|| Walk::start(&shared.folder));
        for _ in 0..SAMPLE / 8 {
            let Some((found, _)) = walk.next(&shared.folder) else { return };
            if limits.too_old(limits.idle(found.used), found.current) && drop_unused(&found, reduced) {
                shared.journal.evicted(&[(found.id, found.bytes)]);
            }
        }
        self.walk = Some(walk);
    }
}

/// Drops a result unless it was used or replaced since it was looked at. Says whether it did; the journal is the
/// caller's.
fn drop_unused(found: &Found, reduced: &mut Reduced) -> bool {
    let Ok(now) = fs::symlink_metadata(&found.path) else { return false };
    let modified = now.modified().unwrap_or(SystemTime::UNIX_EPOCH);
    if now.accessed().map_or(modified, |accessed| accessed.max(modified)) > found.used {
        return false;
    }
    let removed = fs::remove_file(&found.path).is_ok();
    if removed {
        reduced.add(found.bytes);
    }
    removed
}

pub(super) fn reduce(shared: &Shared, limits: &Limits, cost: CostOf<'_>) -> Result<Reduced, Error> {
    let mut walk = Walk::start(&shared.folder);
    let mut found = Vec::new();
    while let Some((item, _)) = walk.next(&shared.folder) {
        found.push(item);
    }
    let usage = super::count(&found);
    let limits = &limits.at_one_time();
    let candidates: Vec<Candidate> = found.iter().map(|item| item.candidate(limits, cost)).collect();
    let mut reduced = Reduced::default();
    for index in choose(&candidates, usage, limits) {
        match fs::remove_file(&found[index].path) {
            Ok(()) => {
                shared.journal.evicted(&[(found[index].id, found[index].bytes)]);
                reduced.add(found[index].bytes);
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(Error::io("remove", &found[index].path, error)),
        }
    }
    if !found.is_empty() {
        shared.journal.correct(Usage {
            bytes: usage.bytes.saturating_sub(reduced.bytes),
            items: usage.items.saturating_sub(reduced.items),
        });
    }
    Ok(reduced)
}

pub(super) fn visit(shared: &Shared, visit: &mut dyn FnMut(Item) -> ControlFlow<()>) {
    let mut versions: HashMap<String, Option<Arc<FunctionVersion>>> = HashMap::new();
    let mut walk = Walk::start(&shared.folder);
    while let Some((found, path)) = walk.next(&shared.folder) {
        let version = versions.entry(path).or_insert_with_key(|path| version_at(&shared.folder, path));
        let Some(version) = version else { continue };
        let item = Item::new(Arc::clone(version), found.call, found.bytes, found.used, found.current);
        if visit(item).is_break() {
            break;
        }
    }
}

/// The function and code in a folder, as its notes tell. The folder's name has only 64 bits of the code's hash; they are
/// all that its path needs.
fn version_at(folder: &Folder, path: &str) -> Option<Arc<FunctionVersion>> {
    let (function, code) = path.split_once('/')?;
    let code = u64::from_str_radix(code, 16).ok()?;
    let version =
        FunctionVersion::new(folder.function_in(function)?, u128::from(code), folder.source_in(path));
    (version.path() == path).then_some(version)
}

pub(super) fn clear(shared: &Shared, scope: Scope<'_>) -> Result<u64, Error> {
    let root = &shared.folder.root;
    match fs::symlink_metadata(root) {
        Ok(found) if found.is_dir() => {}
        Ok(_) => return Err(Error::io("clear", root, super::folder::not_real())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(Error::io("read the folder", root, error)),
    }
    let wanted = match scope {
        Scope::All => None,
        Scope::Function(name) => Some(FunctionVersion::new(name, 0, "").function_folder().to_owned()),
    };
    let mut walk = Walk::start(&shared.folder);
    let mut dropped = 0;
    while let Some((found, path)) = walk.next(&shared.folder) {
        if wanted.as_deref().is_none_or(|wanted| path.starts_with(wanted))
            && fs::remove_file(&found.path).is_ok()
        {
            shared.journal.dropped(&found.id, found.bytes);
            dropped += 1;
        }
    }
    // What is left of the folders: notes, and files that are not ours to know. Computations under way keep their claims.
    let entries = match fs::read_dir(root) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(dropped),
        Err(error) => return Err(Error::io("read the folder", root, error)),
    };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if folder && name != CLAIMS && wanted.as_deref().is_none_or(|wanted| name == wanted) {
            match fs::remove_dir_all(entry.path()) {
                Ok(()) => {}
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                // A result that another process stored meanwhile is not part of what was to be cleared.
                Err(error) if error.kind() == std::io::ErrorKind::DirectoryNotEmpty => {}
                Err(error) => return Err(Error::io("remove the folder", entry.path(), error)),
            }
        }
    }
    Ok(dropped)
}
