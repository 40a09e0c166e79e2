//! A walk over all results, small and large, that can be continued later.

use std::io;
use std::sync::Arc;
use std::time::SystemTime;

use nix::dir::Type;
use nix::sys::stat::SFlag;

use super::folder::{CLAIMS, Opened, SUFFIX, entry};
use super::journal;
use super::pack;
use super::root::{Access, Entry, List, is_missing, not_a_folder, used};
use crate::blob::Blob;
use crate::error::Error;
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

/// Where the walk is. What can't be read is left out, and noted.
#[derive(Debug)]
pub(super) struct Walk {
    folder: Arc<Opened>,
    unread: Vec<Error>,
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
    /// Whether it was noted that results can't be read: one note stands for all.
    noted: bool,
}

impl std::fmt::Debug for Results {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Results").field(&self.version).finish()
    }
}

impl Walk {
    pub(super) fn start(folder: Arc<Opened>) -> Self {
        let mut walk = Self { folder, unread: Vec::new(), functions: None, versions: None, results: None };
        walk.functions = walk.folder.list("").map_err(|error| walk.unread("", error)).ok();
        walk
    }

    /// What could not be read so far, and was left out.
    pub(super) fn into_unread(self) -> Vec<Error> {
        self.unread
    }

    /// Notes that something can't be read, unless somebody removed it.
    fn unread(&mut self, path: &str, error: io::Error) {
        if !is_missing(&error) {
            self.unread.push(Error::io("read", self.folder.path(path), error));
        }
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
                let (function, current) = (function.clone(), current.clone());
                let Some((name, list)) = self.enter(&function, entry) else { continue };
                let path = format!("{function}/{name}");
                let packed = self.folder.packs.of(&path).walk(&self.folder);
                let packed = packed.unwrap_or_else(|error| {
                    self.unread(&pack::index_of(&path), error);
                    None
                });
                self.results = Some(Results {
                    version: path.as_str().into(),
                    current: current.as_ref().is_none_or(|current| *current == name),
                    packed,
                    list,
                    noted: false,
                });
                return Some(path);
            }
            let entry = self.functions.as_mut()?.next()?;
            let Some((function, list)) = self.enter("", entry) else { continue };
            let current = self.folder.current_in(&function);
            self.versions = Some(Versions { function, current, list });
        }
    }

    /// Opens an entry of a folder, if it is a folder of ours; returns its name and what is in it.
    fn enter(&mut self, within: &str, entry: io::Result<Entry>) -> Option<(String, List)> {
        let Entry { name, kind } = match entry {
            Ok(entry) => entry,
            Err(error) => {
                self.unread(within, error);
                return None;
            }
        };
        if within.is_empty() && name == CLAIMS {
            return None;
        }
        let path = if within.is_empty() { name.clone() } else { format!("{within}/{name}") };
        let kind = kind.or_else(|| kind_of(&self.folder, &path));
        match kind {
            Some(Type::Directory) => match self.folder.list(&path) {
                Ok(list) => return Some((name, list)),
                Err(error) => self.unread(&path, error),
            },
            Some(Type::Symlink) => self.unread(&path, not_a_folder()),
            _ => {}
        }
        None
    }

    /// The next result of the version that [`next_version`](Self::next_version) returned.
    fn next_here(&mut self) -> Option<Found> {
        let Results { version, current, packed, list, noted } = self.results.as_mut()?;
        match packed.as_mut().and_then(Iterator::next) {
            Some(Ok(pack::Packed { call, bytes, used })) => {
                let version = Arc::clone(version);
                return Some(Found { version, call, bytes, used, current: *current, packed: true });
            }
            Some(Err(error)) => {
                let path = self.folder.path(&pack::index_of(version));
                self.unread.push(Error::io("read", path, error));
            }
            None => {}
        }
        *packed = None;
        for entry in list.by_ref() {
            let (path, error) = match entry {
                Ok(entry) => {
                    let Some(call) = entry.name.strip_suffix(SUFFIX).and_then(parse_hex) else { continue };
                    let path = entry_path(version, &entry.name);
                    match self.folder.stat(&path) {
                        Ok(found) if found.st_mode & SFlag::S_IFMT.bits() == SFlag::S_IFREG.bits() => {
                            return Some(Found {
                                version: Arc::clone(version),
                                call,
                                bytes: u64::try_from(found.st_size).unwrap_or(0),
                                used: used(&found),
                                current: *current,
                                packed: false,
                            });
                        }
                        Ok(_) => (path, io::Error::new(io::ErrorKind::InvalidData, "it is not a plain file")),
                        Err(error) => (path, error),
                    }
                }
                Err(error) => (version.to_string(), error),
            };
            if !is_missing(&error) && !std::mem::replace(noted, true) {
                self.unread.push(Error::io("read", self.folder.path(&path), error));
            }
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

/// What a path leads to, where listing its folder did not tell.
fn kind_of(folder: &Opened, path: &str) -> Option<Type> {
    let found = folder.stat(path).ok()?;
    match SFlag::from_bits_truncate(found.st_mode & SFlag::S_IFMT.bits()) {
        SFlag::S_IFDIR => Some(Type::Directory),
        SFlag::S_IFLNK => Some(Type::Symlink),
        _ => None,
    }
}
