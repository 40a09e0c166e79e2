//! A walk over all results, small and large, that can be continued later.

use std::sync::Arc;
use std::time::SystemTime;

use nix::dir::Type;
use nix::sys::stat::SFlag;

use super::folder::{CLAIMS, Opened, SUFFIX, entry};
use super::journal;
use super::pack;
use super::root::{Access, List, used};
use crate::blob::Blob;
use crate::key::parse_hex;
use crate::limits::Limits;
use crate::policy::{Candidate, Policy};
use crate::store::CostOf;
use crate::usage::Usage;

/// A result as the walk found it.
#[derive(Debug, Clone)]
pub(super) struct Found {
    /// The folder of its version.
    pub(super) version: Arc<str>,
    pub(super) call: [u8; 16],
    pub(super) bytes: u64,
    pub(super) used: SystemTime,
    pub(super) current: bool,
    /// Whether it has no file of its own.
    pub(super) packed: bool,
}

impl Found {
    /// What the journal calls it.
    pub(super) fn id(&self) -> [u8; 16] {
        journal::id(&self.version, &self.call)
    }

    /// Its own file, if it has one.
    pub(super) fn entry(&self) -> String {
        entry(&self.version, &self.call)
    }

    pub(super) fn candidate(&self, folder: &Opened, limits: &Limits, cost: CostOf<'_>) -> Candidate {
        let cost = match limits.policy {
            Policy::CostAware => self.blob(folder).and_then(cost),
            Policy::LeastRecentlyUsed => None,
        };
        Candidate { bytes: self.bytes, idle: limits.idle(self.used), cost, current: self.current }
    }

    fn blob(&self, folder: &Opened) -> Option<Blob> {
        if self.packed {
            let content = folder.packs.of(&self.version).read(folder, &self.call, || false);
            return content.ok().flatten().map(Blob::Bytes);
        }
        let entry = self.entry();
        let file = folder.file(&entry, Access::Read).ok()?;
        Some(Blob::File { file, path: folder.path(&entry) })
    }
}

/// Bytes and results, by counting.
pub(super) fn count(found: &[Found]) -> Usage {
    found.iter().fold(Usage::default(), |usage, item| usage.plus(item.bytes))
}

/// Where the walk is. Folders that can't be read are left out.
#[derive(Debug)]
pub(super) struct Walk {
    folder: Arc<Opened>,
    functions: Option<List>,
    versions: Option<Versions>,
    results: Option<Results>,
}

#[derive(Debug)]
struct Versions {
    function: String,
    current: Option<String>,
    list: List,
}

struct Results {
    version: Arc<str>,
    current: bool,
    packed: Option<pack::Walk>,
    list: List,
}

impl std::fmt::Debug for Results {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Results").field(&self.version).finish()
    }
}

impl Walk {
    pub(super) fn start(folder: Arc<Opened>) -> Self {
        let functions = folder.list("").ok();
        Self { folder, functions, versions: None, results: None }
    }

    pub(super) fn folder(&self) -> &Arc<Opened> {
        &self.folder
    }

    /// The folder of the next version.
    pub(super) fn next_version(&mut self) -> Option<String> {
        loop {
            if let Some(Versions { function, current, list }) = &mut self.versions {
                let Some(entry) = list.next() else {
                    self.versions = None;
                    continue;
                };
                let Ok(entry) = entry else { continue };
                let path = format!("{function}/{}", entry.name);
                if !is_folder(&self.folder, &path, entry.kind) {
                    continue;
                }
                let Ok(list) = self.folder.list(&path) else { continue };
                self.results = Some(Results {
                    version: path.as_str().into(),
                    current: current.as_ref().is_none_or(|current| *current == entry.name),
                    packed: self.folder.packs.of(&path).walk(&self.folder).ok().flatten(),
                    list,
                });
                return Some(path);
            }
            let Ok(entry) = self.functions.as_mut()?.next()? else { continue };
            if entry.name == CLAIMS || !is_folder(&self.folder, &entry.name, entry.kind) {
                continue;
            }
            let Ok(list) = self.folder.list(&entry.name) else { continue };
            let current = self.folder.current_in(&entry.name);
            self.versions = Some(Versions { function: entry.name, current, list });
        }
    }

    /// The next result of the version that [`next_version`](Self::next_version) returned.
    fn next_here(&mut self) -> Option<Found> {
        let Results { version, current, packed, list } = self.results.as_mut()?;
        if let Some(packed) = packed
            && let Some(pack::Packed { call, bytes, used }) = packed.next()
        {
            let version = Arc::clone(version);
            return Some(Found { version, call, bytes, used, current: *current, packed: true });
        }
        *packed = None;
        for entry in list.by_ref().flatten() {
            let Some(call) = entry.name.strip_suffix(SUFFIX).and_then(parse_hex) else { continue };
            let Ok(found) = self.folder.stat(&entry_path(version, &entry.name)) else { continue };
            if found.st_mode & SFlag::S_IFMT.bits() != SFlag::S_IFREG.bits() {
                continue;
            }
            return Some(Found {
                version: Arc::clone(version),
                call,
                bytes: u64::try_from(found.st_size).unwrap_or(0),
                used: used(&found),
                current: *current,
                packed: false,
            });
        }
        self.results = None;
        None
    }
}

impl Iterator for Walk {
    type Item = Found;

    fn next(&mut self) -> Option<Found> {
        loop {
            if let Some(found) = self.next_here() {
                return Some(found);
            }
            self.next_version()?;
        }
    }
}

fn entry_path(version: &str, name: &str) -> String {
    format!("{version}/{name}")
}

fn is_folder(folder: &Opened, path: &str, kind: Option<Type>) -> bool {
    match kind {
        Some(kind) => kind == Type::Directory,
        None => folder.is_folder(path),
    }
}
