//! The claims that this process holds.

use std::collections::HashMap;

use object_store::path::Path;

use crate::process_lock::{AfterFork, ProcessLock};

/// The claims that this process holds, by location and object, and whether what was there before is still to be read. One that
/// names this process and is not among them is abandoned.
static HELD: ProcessLock<HashMap<(String, Path), bool>> = ProcessLock::new(AfterFork::Renew);

/// Whether this process has just claimed what is missing at `path`, so that nothing is there. True once for each claim.
pub(super) fn is_freshly_claimed(location: &str, path: &Path) -> bool {
    let mut held = HELD.lock();
    if held.is_empty() {
        return false;
    }
    held.get_mut(&(location.to_owned(), path.clone())).is_some_and(std::mem::take)
}

/// Forgets that nothing is at `path`.
pub(super) fn is_stored(location: &str, path: &Path) {
    is_freshly_claimed(location, path);
}

/// Whether this process holds the claim at `path`.
pub(super) fn holds(location: &str, path: &Path) -> bool {
    HELD.lock().contains_key(&(location.to_owned(), path.clone()))
}

/// A place among [`HELD`], given back when it is dropped.
#[derive(Debug)]
pub(super) struct Reserved {
    place: (String, Path),
}

impl Reserved {
    pub(super) fn new(location: &str, path: &Path) -> Option<Self> {
        let place = (location.to_owned(), path.clone());
        let mut held = HELD.lock();
        if held.contains_key(&place) {
            return None;
        }
        held.insert(place.clone(), false);
        Some(Self { place })
    }
}

impl Reserved {
    /// Where the claim is.
    pub(super) fn path(&self) -> &Path {
        &self.place.1
    }

    /// Remembers that nothing was there before.
    pub(super) fn is_fresh(&self) {
        HELD.lock().insert(self.place.clone(), true);
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        HELD.lock().remove(&self.place);
    }
}
