#![doc = include_str!("README.md")]

mod index;
mod lock;
mod log;
mod packed;
mod walk;
mod write;

use std::collections::HashMap;
use std::sync::Arc;

pub(super) use packed::Pack;
pub(super) use walk::{Packed, Walk};

use crate::process_lock::{AfterFork, ProcessLock};

/// Versions whose packed results are open at once; each has a few files.
const MAX_OPEN: usize = 32;

/// The packed results that this process has open, by the folder of their version.
#[derive(Debug)]
pub(super) struct Packs(ProcessLock<HashMap<String, Arc<Pack>>>);

/// Whether a file with this name is of packed results: only holders of the lock remove those.
pub(super) fn is_packs(name: &str) -> bool {
    name.starts_with("small.") || log::number(name).is_some()
}

/// The index of the packed results in a version's folder.
pub(super) fn index_of(folder: &str) -> String {
    index::Index::name(folder)
}

impl Default for Packs {
    fn default() -> Self {
        Self(ProcessLock::new(AfterFork::Inherit))
    }
}

impl Packs {
    /// The packed results in a version's folder, whether there are any or not.
    pub(super) fn of(&self, folder: &str) -> Arc<Pack> {
        let mut packs = self.0.lock();
        if let Some(pack) = packs.get(folder) {
            return Arc::clone(pack);
        }
        if packs.len() >= MAX_OPEN {
            packs.clear();
        }
        let pack = Arc::new(Pack::new(folder));
        packs.insert(folder.to_owned(), Arc::clone(&pack));
        pack
    }
}
