//! Claims without files of their own: for each, a byte of one file, which the kernel locks for the process that
//! computes.
//!
//! The locks are POSIX's, which belong to a process: they end with it, however it ends, a forked child does not have
//! those of its parent, and the kernel tells the process that has one. What they lack is done here. They don't tell
//! threads apart, so each process has a table of its claims. And all locks of a process on a file end when it closes
//! *any* descriptor of that file, so a process opens the file once, whatever number of stores it has there, and closes
//! it when nobody can be about to lock it. Locks of open files (`F_OFD_SETLK`) lack neither, but a forked child would
//! keep those of its parent, and nobody could tell which process has one.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::sync::Arc;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};

use crate::generation::generation;
use crate::holder::Holder;
use crate::key::{Key, fnv64};
use crate::process_lock::{AfterFork, ProcessLock};

/// A file's device and number.
type Identity = (u64, u64);

/// The files of locks that are open, those that nobody uses too: they are closed under this lock, because one that was
/// closed while another thread opens it again would end the locks of that thread. A child of a fork goes on with its
/// parent's: their locks are not inherited.
static OPEN: ProcessLock<HashMap<Identity, Arc<ClaimLocks>>> = ProcessLock::new(AfterFork::Inherit);

/// An open file of locks.
#[derive(Debug)]
pub(crate) struct ClaimLocks {
    file: File,
    /// The claims of this process.
    held: ProcessLock<HashMap<i64, State>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// A thread is about to lock it.
    Asked,
    Held,
}

/// The answer to [`ClaimLocks::claim`].
#[derive(Debug)]
pub(crate) enum Locked {
    Mine(HeldLock),
    Taken(Holder),
    /// The file was removed: another has its name, or nothing has.
    Unlinked,
    /// Locks don't work in this file system.
    Unsupported,
}

/// A claim of this process, which ends when this is dropped.
#[derive(Debug)]
pub(crate) struct HeldLock {
    locks: Arc<ClaimLocks>,
    byte: i64,
    /// The process that claimed: a forked child has a copy of what its parent has.
    generation: u64,
}

impl ClaimLocks {
    /// Opens the file that `open` opens for reading and writing, which it makes if it is missing. `identity` tells the
    /// device and number of the file that is there.
    pub(crate) fn open(
        identity: impl FnOnce() -> Option<Identity>,
        open: impl FnOnce() -> io::Result<File>,
    ) -> io::Result<Arc<Self>> {
        let mut known = OPEN.lock();
        if let Some(locks) = identity().and_then(|identity| known.get(&identity)) {
            return Ok(Arc::clone(locks));
        }
        known.retain(|_, locks| Arc::strong_count(locks) > 1);
        let file = open()?;
        let found = file.metadata()?;
        let identity = (found.dev(), found.ino());
        if let Some(locks) = known.get(&identity) {
            // It was made between the two looks. Closing it would end the locks.
            std::mem::forget(file);
            return Ok(Arc::clone(locks));
        }
        let locks = Arc::new(Self { file, held: ProcessLock::new(AfterFork::Renew) });
        known.insert(identity, Arc::clone(&locks));
        Ok(locks)
    }

    pub(crate) fn claim(self: &Arc<Self>, key: &Key) -> io::Result<Locked> {
        let byte = byte_of(key);
        // A thread of this process that asks meanwhile must neither succeed nor believe that this one has.
        match self.held.lock().entry(byte) {
            std::collections::hash_map::Entry::Occupied(state) => {
                return Ok(Locked::Taken(match state.get() {
                    State::Held => Holder::this_process(),
                    State::Asked => Holder::unknown(),
                }));
            }
            std::collections::hash_map::Entry::Vacant(state) => _ = state.insert(State::Asked),
        }
        let locked = self.lock(byte);
        let mut held = self.held.lock();
        if let Ok(Locked::Mine(_)) = locked {
            held.insert(byte, State::Held);
        } else {
            held.remove(&byte);
        }
        locked
    }

    fn lock(self: &Arc<Self>, byte: i64) -> io::Result<Locked> {
        loop {
            match self.set(byte, libc::F_WRLCK) {
                Ok(()) => {}
                Err(Errno::EACCES | Errno::EAGAIN) => match self.holder(byte) {
                    Ok(Some(holder)) => return Ok(Locked::Taken(holder)),
                    // It ended between the two calls.
                    Ok(None) => continue,
                    Err(error) => return Err(error.into()),
                },
                Err(Errno::ENOLCK | Errno::ENOSYS | Errno::EOPNOTSUPP | Errno::EINVAL) => {
                    return Ok(Locked::Unsupported);
                }
                Err(error) => return Err(error.into()),
            }
            if self.file.metadata()?.nlink() == 0 {
                let _ = self.set(byte, libc::F_UNLCK);
                return Ok(Locked::Unlinked);
            }
            return Ok(Locked::Mine(HeldLock { locks: Arc::clone(self), byte, generation: generation() }));
        }
    }

    fn set(&self, byte: i64, kind: i32) -> Result<(), Errno> {
        let lock = flock(byte, kind);
        loop {
            match fcntl(self.file.as_fd(), FcntlArg::F_SETLK(&lock)) {
                Err(Errno::EINTR) => {}
                other => return other.map(|_| ()),
            }
        }
    }

    /// Who has the lock; `None` if nobody has.
    fn holder(&self, byte: i64) -> Result<Option<Holder>, Errno> {
        let mut lock = flock(byte, libc::F_WRLCK);
        fcntl(self.file.as_fd(), FcntlArg::F_GETLK(&mut lock))?;
        if i32::from(lock.l_type) == libc::F_UNLCK {
            return Ok(None);
        }
        // A process of another host, or of another view of process numbers, has none here.
        let holder = u32::try_from(lock.l_pid).ok().filter(|pid| *pid > 0).and_then(Holder::running);
        Ok(Some(holder.unwrap_or_else(Holder::unknown)))
    }
}

impl Drop for HeldLock {
    fn drop(&mut self) {
        if self.generation == generation() {
            // The table last: a thread that found no claim there would share the lock that ends here.
            let _ = self.locks.set(self.byte, libc::F_UNLCK);
            self.locks.held.lock().remove(&self.byte);
        }
    }
}

/// Which byte stands for a key. Two keys of one byte wait for each other, and are computed one after the other.
fn byte_of(key: &Key) -> i64 {
    let mut call = [0; 8];
    call.copy_from_slice(&key.call()[..8]);
    let mixed = fnv64(key.version().path().as_bytes()) ^ u64::from_be_bytes(call);
    // The length must not lead beyond the largest offset.
    (mixed >> 2) as i64
}

/// A lock of one byte.
fn flock(byte: i64, kind: i32) -> libc::flock {
    // SAFETY: it is plain data of numbers, of which systems have different ones beside those set below.
    let mut lock: libc::flock = unsafe { std::mem::zeroed() };
    lock.l_type = kind as i16;
    lock.l_whence = libc::SEEK_SET as i16;
    lock.l_start = byte;
    lock.l_len = 1;
    lock
}
