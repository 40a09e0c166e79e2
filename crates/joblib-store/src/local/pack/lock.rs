//! The lock that writers of packed results hold: the kernel's, on an open file, so that it ends with its process.

use std::fs::{File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::thread;
use std::time::{Duration, Instant};

use crate::local::root::{Access, Root};
use crate::process_lock::{AfterFork, ProcessLock};

/// How long to wait for another process, which may be stopped while it holds the lock.
const PATIENCE: Duration = Duration::from_millis(500);

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
        let since = Instant::now();
        loop {
            let file = match guard.take() {
                Some(file) => file,
                None => root.plain_file(&name(folder), Access::Make)?,
            };
            wait(&file, since)?;
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

fn wait(file: &File, since: Instant) -> io::Result<()> {
    let mut step = Duration::from_micros(20);
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) if since.elapsed() > PATIENCE => {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            Err(TryLockError::WouldBlock) => {
                thread::sleep(step);
                step = (step * 2).min(Duration::from_millis(5));
            }
        }
    }
}
