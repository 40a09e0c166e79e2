//! Claims: locks on a file beside the database, so that a miss is one transaction.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;

use super::Shared;
use crate::claim_locks::{ClaimLocks, HeldLock, Locked};
use crate::error::Error;
use crate::holder::Holder;
use crate::key::Key;
use crate::store::{Claim, Claimed, WriteBytes};

pub(super) fn claim(shared: &Arc<Shared>, key: &Key) -> Result<Claim, Error> {
    let path = shared.connections.path_of_claims();
    // Once around if the file was removed.
    for _ in 0..4 {
        let locked = locks(shared, &path).and_then(|locks| locks.claim(key));
        match locked {
            Ok(Locked::Mine(lock)) => {
                let (shared, key) = (Arc::clone(shared), key.clone());
                return Ok(Claim::Mine(Box::new(SqliteClaim { shared, key, _lock: lock })));
            }
            Ok(Locked::Taken(holder)) => return Ok(Claim::Taken(holder)),
            Ok(Locked::Unlinked) => {}
            Ok(Locked::Unsupported) => {
                return Err(Error::io("lock", path, io::ErrorKind::Unsupported.into()));
            }
            // The first use makes the folder.
            Err(error) if error.kind() == io::ErrorKind::NotFound => shared.connections.with(|_| Ok(()))?,
            Err(error) => return Err(Error::io("lock", path, error)),
        }
    }
    Ok(Claim::Taken(Holder::unknown()))
}

/// The locks on the file that the path leads to now.
fn locks(shared: &Shared, path: &Path) -> io::Result<Arc<ClaimLocks>> {
    let identity = || fs::metadata(path).ok().map(|found| (found.dev(), found.ino()));
    let open = || -> io::Result<File> {
        let flags = libc::O_CLOEXEC | libc::O_NONBLOCK;
        OpenOptions::new().read(true).write(true).create(true).truncate(false).custom_flags(flags).open(path)
    };
    let locks = ClaimLocks::open(identity, open)?;
    *shared.claims.lock() = Some(Arc::clone(&locks));
    Ok(locks)
}

#[derive(Debug)]
struct SqliteClaim {
    shared: Arc<Shared>,
    key: Key,
    _lock: HeldLock,
}

impl Claimed for SqliteClaim {
    fn write(self: Box<Self>, write: WriteBytes<'_>) -> Result<u64, Error> {
        self.shared.put(&self.key, write)
    }
}
