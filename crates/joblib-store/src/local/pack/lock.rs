//! The lock that writers of packed results hold: the kernel's, on an open file, so that it ends with its process.

use std::fs::{File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::thread;
use std::time::{Duration, Instant};

use super::index::Index;
use crate::local::root::{Access, Root};
use crate::process_lock::{AfterFork, ProcessLock};

/// How long to wait while nothing is written: a process may be stopped while it holds the lock.
const PATIENCE: Duration = Duration::from_millis(500);
/// How long to wait while others write, one after the other. Their turns have no order.
const LONGEST: Duration = Duration::from_secs(30);

pub(super) fn name(folder: &str) -> String {
    format!("{folder}/small.lock")
}

#[derive(Debug)]
pub(super) struct WriteLock {
    /// The lock is shared by all that share an open file, so a forked child opens its own.
    file: ProcessLock<Option<File>>,
}

impl Default for WriteLock {
    fn default() -> Self {
        Self { file: ProcessLock::new(AfterFork::Renew) }
    }
}

impl WriteLock {
    /// Does something while no other thread or process writes to `folder`. An error of the kind `WouldBlock` says that
    /// another holds the lock for too long.
    pub(super) fn hold<T>(
        &self,
        root: &Root,
        folder: &str,
        work: impl FnOnce() -> io::Result<T>,
    ) -> io::Result<T> {
        let mut guard = self.file.lock();
        let mut waiting = Waiting { stamp: || Index::stamp(root, folder), since: None };
        loop {
            let file = match guard.take() {
                Some(file) => file,
                None => root.plain_file(&name(folder), Access::Make)?,
            };
            waiting.until_locked(&file)?;
            // Whoever clears a folder removes the lock's file while he holds it.
            if file.metadata()?.nlink() == 0 {
                continue;
            }
            let done = work();
            let _ = file.unlock();
            *guard = Some(file);
            return done;
        }
    }
}

/// A thread that waits for the lock. `stamp` tells something that changes with all that is written.
struct Waiting<F, S> {
    stamp: F,
    since: Option<Since<S>>,
}

struct Since<S> {
    began: Instant,
    changed: Instant,
    stamp: S,
}

impl<S: PartialEq, F: Fn() -> S> Waiting<F, S> {
    fn until_locked(&mut self, file: &File) -> io::Result<()> {
        let mut step = Duration::from_micros(20);
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(()),
                Err(TryLockError::Error(error)) => return Err(error),
                Err(TryLockError::WouldBlock) if self.is_over() => {
                    return Err(io::ErrorKind::WouldBlock.into());
                }
                Err(TryLockError::WouldBlock) => {
                    thread::sleep(step);
                    step = (step * 2).min(Duration::from_millis(5));
                }
            }
        }
    }

    fn is_over(&mut self) -> bool {
        let now = Instant::now();
        let Some(since) = &mut self.since else {
            self.since = Some(Since { began: now, changed: now, stamp: (self.stamp)() });
            return false;
        };
        if now - since.changed < PATIENCE {
            return false;
        }
        let stamp = (self.stamp)();
        if stamp == since.stamp || now - since.began > LONGEST {
            return true;
        }
        (since.changed, since.stamp) = (now, stamp);
        false
    }
}
