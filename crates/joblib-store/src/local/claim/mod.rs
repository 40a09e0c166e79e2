//! Claims: a lock that the kernel keeps, or where it can't, a file. How a claim ends is told in the README of the local
//! store.

mod file;
mod held;

use std::sync::Arc;
use std::sync::atomic::Ordering;

pub(super) use self::file::remove_litter;
use super::Shared;
use super::folder::Opened;
use super::store::put;
use crate::claim_locks::{HeldLock, Locked};
use crate::error::Error;
use crate::holder::Holder;
use crate::key::Key;
use crate::options::StoreOptions;
use crate::store::{Claim, Claimed, WriteBytes};

/// What claims are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Locks, or files where locks don't work.
    Locks,
    Files,
}

/// What the option `claims` asks for.
pub(super) fn kind(options: &StoreOptions) -> Result<Kind, Error> {
    match options.get("claims") {
        None | Some("locks") => Ok(Kind::Locks),
        Some("files") => Ok(Kind::Files),
        Some(_) => Err(options.invalid("claims", "\"locks\" or \"files\"")),
    }
}

pub(super) fn claim(shared: &Arc<Shared>, key: &Key) -> Result<Claim, Error> {
    // Once around if the file of locks was removed.
    for _ in 0..4 {
        if shared.claims == Kind::Files || shared.locks_fail.load(Ordering::Relaxed) {
            return file::claim(shared, key);
        }
        let folder = shared.folder.made()?;
        match lock(&folder, key) {
            Ok(Locked::Mine(lock)) => {
                let (shared, key) = (Arc::clone(shared), key.clone());
                return Ok(Claim::Mine(Box::new(LockClaim { shared, key, _lock: lock })));
            }
            Ok(Locked::Taken(holder)) => return Ok(Claim::Taken(holder)),
            Ok(Locked::Unlinked) => folder.forget_locks(),
            Ok(Locked::Unsupported) => shared.locks_fail.store(true, Ordering::Relaxed),
            // The whole was removed just now.
            Err(error) if error.is_missing() => shared.folder.make()?,
            Err(error) => return Err(error),
        }
    }
    Ok(Claim::Taken(Holder::unknown()))
}

fn lock(folder: &Opened, key: &Key) -> Result<Locked, Error> {
    let locked = folder.locks().and_then(|locks| locks.claim(key));
    locked.map_err(|error| Error::io("lock", folder.locks_path(), error))
}

/// A claim that is a lock.
#[derive(Debug)]
struct LockClaim {
    shared: Arc<Shared>,
    key: Key,
    _lock: HeldLock,
}

impl Claimed for LockClaim {
    fn write(self: Box<Self>, write: WriteBytes<'_>) -> Result<u64, Error> {
        put(&self.shared, &self.key, write)
    }
}
