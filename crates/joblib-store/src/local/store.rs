//! Storing a result's bytes: packed if they are few, else in a file of their own that is renamed to its place.

use std::fs::File;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::folder::{CLAIMS, Opened, entry_of, temporary_name};
use super::root::{Access, is_missing};
use super::{Shared, journal_id};
use crate::error::Error;
use crate::key::Key;
use crate::store::WriteBytes;

/// How often a result may find the folder for it cleared away, and for how long, before that is an error. Attempts alone
/// are soon over where others clear in a loop, and a folder that can't be made again is not tried for long.
const ATTEMPTS: u32 = 64;
const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes that are collected before they are written.
const BUFFER: usize = 16 * 1024;

/// The file that a result goes to if it is not packed.
#[derive(Debug)]
pub(super) struct Target {
    /// Its name below the folder, until it is renamed.
    pub(super) name: String,
    /// The file, which has `text` bytes at its start that are to be overwritten; made when it is needed.
    pub(super) file: Option<Arc<File>>,
    pub(super) text: u64,
}

/// The attempts to store a result while others clear the store.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    failed: u32,
    failed_first: Option<Instant>,
}

impl Attempts {
    /// Whether to try again, after one that failed.
    fn again(&mut self) -> bool {
        self.failed += 1;
        let since = *self.failed_first.get_or_insert_with(Instant::now);
        self.failed < ATTEMPTS || since.elapsed() < PATIENCE
    }
}

/// Stores bytes that nobody claimed, or whose claim was lost.
pub(super) fn put(shared: &Shared, key: &Key, write: WriteBytes<'_>) -> Result<u64, Error> {
    let mut attempts = Attempts::default();
    loop {
        let folder = shared.folder.made()?;
        let mut target = Target { name: temporary_name(), file: None, text: 0 };
        let stored = store(shared, &folder, key, &mut target, &mut attempts, write);
        if stored.is_err() && target.file.is_some() {
            let _ = folder.remove(&target.name);
        }
        match stored {
            // Somebody cleared the store, or moved or removed what is in it.
            Err(error) if error.is_missing() && error.is_of_store() && attempts.again() => {
                if !folder.is_folder(CLAIMS) {
                    shared.folder.make()?;
                }
            }
            other => return other,
        }
    }
}

/// Stores bytes in an open folder. The target's file, if it was used, is renamed to its place.
pub(super) fn store(
    shared: &Shared,
    folder: &Opened,
    key: &Key,
    target: &mut Target,
    attempts: &mut Attempts,
    write: WriteBytes<'_>,
) -> Result<u64, Error> {
    let mut out = Out { folder, target, buffer: Vec::new(), written: 0, failed: false };
    if let Err(error) = write(&mut out) {
        // An error of the file's that the writer passed on is about the file.
        let path = folder.path(&out.target.name);
        return Err(if out.failed { Error::io("write", path, error) } else { Error::value(error) });
    }
    let bytes = out.written + out.buffer.len() as u64;
    if out.written == 0 && bytes < shared.pack_below && !key.is_mappable() {
        let content = std::mem::take(&mut out.buffer);
        if pack(shared, folder, key, &content, attempts)? {
            shared.journal.added(&journal_id(key), bytes);
            return Ok(bytes);
        }
        out.buffer = content;
    }
    out.empty().map_err(|error| Error::io("write", folder.path(&out.target.name), error))?;
    let Out { target, .. } = out;
    if bytes < target.text
        && let Some(file) = &target.file
    {
        file.set_len(bytes).map_err(|error| Error::io("write", folder.path(&target.name), error))?;
    }
    settle(folder, &target.name, key, attempts)?;
    // One of few bytes that is there from before has been replaced.
    let pack = folder.packs.of(key.version().path());
    let _ = pack.remove(folder, std::iter::once(key.call()), |_, _| true);
    shared.journal.added(&journal_id(key), bytes);
    Ok(bytes)
}

/// Packs a small result. Returns whether it did: where locks don't work, or another process keeps the lock, it doesn't.
fn pack(
    shared: &Shared,
    folder: &Opened,
    key: &Key,
    content: &[u8],
    attempts: &mut Attempts,
) -> Result<bool, Error> {
    let pack = folder.packs.of(key.version().path());
    loop {
        folder.make_version(key.version())?;
        match pack.put(folder, key.call(), content) {
            Ok(()) => {
                // One of many bytes that is there from before has been replaced.
                let entry = entry_of(key);
                if let Ok(found) = folder.stat(&entry)
                    && folder.remove(&entry).is_ok()
                {
                    shared.journal.dropped(&journal_id(key), u64::try_from(found.st_size).unwrap_or(0));
                }
                return Ok(true);
            }
            Err(error) if is_missing(&error) => {
                if !folder.is_current() {
                    return Err(Error::io("write in", folder.path(key.version().path()), error));
                }
                folder.forget_version(key.version());
                if !attempts.again() {
                    return Ok(false);
                }
            }
            Err(error) => {
                let error = Error::io("write in", folder.path(key.version().path()), error);
                return if error.is_full() || error.is_read_only() { Err(error) } else { Ok(false) };
            }
        }
    }
}

/// Moves a finished file to its place.
fn settle(folder: &Opened, from: &str, key: &Key, attempts: &mut Attempts) -> Result<(), Error> {
    let entry = entry_of(key);
    loop {
        folder.make_version(key.version())?;
        match folder.rename(from, &entry) {
            // Somebody cleared the cache; make the version's folder once more.
            Err(error) if is_missing(&error) && attempts.again() && folder.stat(from).is_ok() => {
                folder.forget_version(key.version());
            }
            other => {
                return other.map_err(|error| Error::io("rename a result to", folder.path(&entry), error));
            }
        }
    }
}

/// What a result is written to: a buffer, and a file as soon as that is full.
struct Out<'a> {
    folder: &'a Opened,
    target: &'a mut Target,
    buffer: Vec<u8>,
    written: u64,
    /// Whether the file could not be written.
    failed: bool,
}

impl Out<'_> {
    fn empty(&mut self) -> io::Result<()> {
        let file = if let Some(file) = &self.target.file {
            Arc::clone(file)
        } else {
            let file = Arc::new(self.folder.file(&self.target.name, Access::Create)?);
            Arc::clone(self.target.file.insert(file))
        };
        (&*file).write_all(&self.buffer)?;
        self.written += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }
}

impl Write for Out<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.buffer.len() + bytes.len() > BUFFER {
            let full = self.empty();
            self.failed |= full.is_err();
            full?;
            if bytes.len() > BUFFER {
                let file = self.target.file.clone().ok_or(io::ErrorKind::NotFound)?;
                let written = (&*file).write(bytes);
                self.failed |= written.is_err();
                self.written += *written.as_ref().unwrap_or(&0) as u64;
                return written;
            }
        }
        self.buffer.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
