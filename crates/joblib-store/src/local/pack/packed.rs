//! The packed results of a version as readers see them.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use super::index::{self, Index, Slot, ticks};
use super::lock::WriteLock;
use super::log;
use crate::local::root::{Access, Root, is_missing};
use crate::process_lock::{AfterFork, ProcessLock};

/// Logs of one version that are open at once.
const MAX_LOGS: usize = 16;
/// How often to begin again where a writer was at the same place.
const ATTEMPTS: usize = 4;

/// The packed results of one version of a function's code.
#[derive(Debug)]
pub(in crate::local) struct Pack {
    pub(super) folder: String,
    pub(super) lock: WriteLock,
    open: ProcessLock<Option<Arc<Open>>>,
    /// Whether the last result that was found had a file of its own, as all have of some functions.
    files_first: AtomicBool,
}

/// An index and those of its logs that were needed.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) index: index::Shared,
    logs: ProcessLock<HashMap<u32, Arc<File>>>,
}

impl Open {
    pub(super) fn new(index: Index) -> Self {
        Self { index: Arc::new(index), logs: ProcessLock::new(AfterFork::Inherit) }
    }

    pub(super) fn log(
        &self,
        root: &Root,
        folder: &str,
        number: u32,
        access: Access,
    ) -> io::Result<Arc<File>> {
        let mut logs = self.logs.lock();
        if let Some(log) = logs.get(&number) {
            return Ok(Arc::clone(log));
        }
        let log = Arc::new(root.plain_file(&log::name(folder, number), access)?);
        if logs.len() >= MAX_LOGS {
            logs.clear();
        }
        // One that was opened to be read can't be written to.
        if access != Access::Read {
            logs.insert(number, Arc::clone(&log));
        }
        Ok(log)
    }

    /// Opens a log that is to be read.
    fn log_to_read(&self, root: &Root, folder: &str, number: u32) -> io::Result<Arc<File>> {
        match self.log(root, folder, number, Access::Write) {
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
                ) =>
            {
                self.log(root, folder, number, Access::Read)
            }
            other => other,
        }
    }

    /// Forgets a log that was deleted.
    pub(super) fn forget(&self, number: u32) {
        self.logs.lock().remove(&number);
    }
}

impl Pack {
    pub(super) fn new(folder: &str) -> Self {
        Self {
            folder: folder.to_owned(),
            lock: WriteLock::default(),
            open: ProcessLock::new(AfterFork::Inherit),
            files_first: AtomicBool::new(false),
        }
    }

    /// Whether a result is more likely to have a file of its own.
    pub(in crate::local) fn files_first(&self) -> bool {
        self.files_first.load(Ordering::Relaxed)
    }

    pub(in crate::local) fn set_files_first(&self, files: bool) {
        if self.files_first() != files {
            self.files_first.store(files, Ordering::Relaxed);
        }
    }

    /// The open index, if there is one. It may have been replaced since.
    pub(super) fn opened(&self, root: &Root) -> io::Result<Option<Arc<Open>>> {
        let mut open = self.open.lock();
        if let Some(open) = &*open {
            return Ok(Some(Arc::clone(open)));
        }
        match Index::open(root, &self.folder) {
            Ok(index) => Ok(Some(Arc::clone(open.insert(Arc::new(Open::new(index)))))),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) fn set_open(&self, open: Option<Arc<Open>>) {
        *self.open.lock() = open;
    }

    /// The place of a result in the index, and the index.
    pub(super) fn find(&self, root: &Root, call: &[u8; 16]) -> io::Result<Option<(Arc<Open>, u64, Slot)>> {
        loop {
            let Some(open) = self.opened(root)? else { return Ok(None) };
            let probe = open.index.find(call)?;
            if open.index.is_linked()? {
                return Ok(probe.found.map(|(place, slot)| (open, place, slot)));
            }
            self.set_open(None);
        }
    }

    /// The result of a call. `touch` says whether its use is to be noted.
    pub(in crate::local) fn read(
        &self,
        root: &Root,
        call: &[u8; 16],
        touch: impl Fn() -> bool,
    ) -> io::Result<Option<Arc<[u8]>>> {
        let mut attempt = 1;
        loop {
            let Some((open, place, slot)) = self.find(root, call)? else { return Ok(None) };
            let read = open.log_to_read(root, &self.folder, slot.log).and_then(|log| log::read(&log, &slot));
            match read {
                Ok(content) => {
                    if touch() {
                        open.index.touch(place, ticks(SystemTime::now()));
                    }
                    return Ok(Some(content));
                }
                Err(_) if attempt < ATTEMPTS => {
                    open.forget(slot.log);
                    attempt += 1;
                }
                Err(error) if is_missing(&error) => {
                    let reason = format!("its log {} is missing", log::name(&self.folder, slot.log));
                    return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
                }
                Err(error) => return Err(error),
            }
        }
    }

    pub(in crate::local) fn contains(&self, root: &Root, call: &[u8; 16]) -> io::Result<bool> {
        Ok(self.find(root, call)?.is_some())
    }
}
