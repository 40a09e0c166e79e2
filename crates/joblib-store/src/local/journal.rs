//! The journal of what was added and dropped: how much the cache holds, known to all processes without listing it.
//! It is an estimate that limits are kept by, never a claim about a single result.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;

use crate::key::fnv64;
use crate::process_lock::{AfterFork, ProcessLock};
use crate::usage::Usage;

const NAME: &str = "usage";
const RECORD: usize = 32;
const MAGIC: [u8; 2] = *b"ju";
/// Beyond this the journal is rewritten as one total and its latest drops.
const LONG: u64 = 4 << 20;
/// A journal of this size was not written by us: that many results would have been counted before.
const IMPLAUSIBLE: u64 = 1 << 30;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Added = 1,
    Dropped = 2,
    Corrected = 3,
    Evicted = 4,
}

#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    state: ProcessLock<Option<State>>,
}

#[derive(Debug)]
struct State {
    file: File,
    read: u64,
    bytes: i64,
    items: i64,
    /// Whether the total is right: it is not that of a damaged journal, nor of one that was removed and begun again, which
    /// lacks the line that a journal begins with.
    sound: bool,
}

/// What the journal calls a result: its call's digest, told apart by its function's code.
pub(super) fn id(version: &str, call: &[u8; 16]) -> [u8; 16] {
    let version = u128::from(fnv64(version.as_bytes()));
    (u128::from_be_bytes(*call) ^ (version << 64) ^ version).to_be_bytes()
}

/// Begins the journal of a cache that was just made, and is empty.
pub(super) fn begin(folder: &Path) {
    if let Ok(mut file) = OpenOptions::new().write(true).create_new(true).open(folder.join(NAME)) {
        let _ = file.write_all(&record(Kind::Corrected, 0, [0; 16]));
    }
}

impl Journal {
    pub(super) fn new(folder: &Path) -> Self {
        Self { path: folder.join(NAME), state: ProcessLock::new(AfterFork::Renew) }
    }

    pub(super) fn added(&self, call: &[u8; 16], bytes: u64) {
        self.append(&record(Kind::Added, bytes as i64, *call));
    }

    pub(super) fn dropped(&self, call: &[u8; 16], bytes: u64) {
        self.append(&record(Kind::Dropped, -(bytes as i64), *call));
    }

    pub(super) fn dropped_all(&self, dropped: &[([u8; 16], u64)]) {
        if !dropped.is_empty() {
            let line = |&(call, bytes): &([u8; 16], u64)| record(Kind::Dropped, -(bytes as i64), call);
            self.append(&dropped.iter().flat_map(line).collect::<Vec<u8>>());
        }
    }

    pub(super) fn evicted(&self, dropped: &[([u8; 16], u64)]) {
        if !dropped.is_empty() {
            let line = |&(call, bytes): &([u8; 16], u64)| record(Kind::Evicted, -(bytes as i64), call);
            self.append(&dropped.iter().flat_map(line).collect::<Vec<u8>>());
        }
    }

    /// The total, or `None` where the journal is damaged or was removed, and the cache has to be counted.
    pub(super) fn usage(&self) -> Option<Usage> {
        let mut state = self.state.lock();
        let state = self.current(&mut state)?;
        state.catch_up();
        let sum = Usage { bytes: state.bytes.max(0) as u64, items: state.items.max(0) as u64 };
        state.sound.then_some(sum)
    }

    /// Notes what counting everything found.
    pub(super) fn correct(&self, truth: Usage) {
        let mut guard = self.state.lock();
        let Some(state) = self.current(&mut guard) else { return };
        state.catch_up();
        if !state.sound || state.read > LONG {
            let total = record(Kind::Corrected, truth.bytes as i64, i128::from(truth.items).to_be_bytes());
            let mut bytes = total.to_vec();
            bytes.extend(state.latest_evictions());
            let temporary = self.path.with_extension(format!("{}.tmp", std::process::id()));
            if fs::write(&temporary, &bytes).and_then(|()| fs::rename(&temporary, &self.path)).is_err() {
                let _ = fs::remove_file(&temporary);
            }
            *guard = None;
            return;
        }
        let bytes = (truth.bytes as i64).saturating_sub(state.bytes);
        let items = (truth.items as i64).saturating_sub(state.items);
        if (bytes, items) != (0, 0) {
            let line = record(Kind::Corrected, bytes, i128::from(items).to_be_bytes());
            let _ = state.file.write_all(&line);
        }
    }

    /// Whether the call's result was the last thing known to be dropped for a limit.
    pub(super) fn was_evicted(&self, call: &[u8; 16]) -> bool {
        let Ok(file) = self.open(false) else { return false };
        let Ok(length) = file.metadata().map(|found| found.len()) else { return false };
        let length = length - length % RECORD as u64;
        // The latest lines tell most; a journal is hardly ever longer than this.
        let start = length.saturating_sub(16 * LONG);
        let mut bytes = vec![0; (length - start) as usize];
        if file.read_exact_at(&mut bytes, start).is_err() {
            return false;
        }
        bytes
            .chunks_exact(RECORD)
            .filter_map(parse)
            .rfind(|(kind, _, id)| *kind != Kind::Corrected && id == call)
            .is_some_and(|(kind, _, _)| kind == Kind::Evicted)
    }

    fn append(&self, lines: &[u8]) {
        let mut state = self.state.lock();
        // One write at the end; if it fails, the next count mends the total.
        if let Some(state) = self.current(&mut state) {
            let _ = state.file.write_all(lines);
        }
    }

    /// The file, if it is one: never through a link, and never waiting for whoever reads a pipe.
    fn open(&self, write: bool) -> io::Result<File> {
        let file = OpenOptions::new()
            .read(true)
            .append(write)
            .create(write)
            .custom_flags((OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits())
            .open(&self.path)?;
        if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("it is not a regular file")) }
    }

    /// The open journal, opened anew if it was replaced.
    fn current<'a>(&self, state: &'a mut Option<State>) -> Option<&'a mut State> {
        if state.as_ref().is_some_and(|state| state.file.metadata().is_ok_and(|found| found.nlink() == 0)) {
            *state = None;
        }
        if state.is_none() {
            let file = self.open(true).ok()?;
            *state = Some(State { file, read: 0, bytes: 0, items: 0, sound: false });
        }
        state.as_mut()
    }
}

impl State {
    fn catch_up(&mut self) {
        let Ok(found) = self.file.metadata() else { return };
        let length = found.len() - found.len() % RECORD as u64;
        if length < self.read || length > IMPLAUSIBLE {
            self.sound = false;
            return;
        }
        let mut buffer = vec![0; (length - self.read).min(1 << 20) as usize];
        if self.read == 0 && length > 0 {
            let first = &mut [0; RECORD];
            let first = self.file.read_exact_at(first, 0).ok().and_then(|()| parse(first));
            self.sound = matches!(first, Some((Kind::Corrected, ..)));
        }
        while self.read < length {
            let wanted = ((length - self.read) as usize).min(buffer.len());
            if self.file.read_exact_at(&mut buffer[..wanted], self.read).is_err() {
                self.sound = false;
                return;
            }
            self.read += wanted as u64;
            for line in buffer[..wanted].chunks_exact(RECORD) {
                match parse(line) {
                    Some((Kind::Added, bytes, _)) => {
                        (self.bytes, self.items) =
                            (self.bytes.saturating_add(bytes), self.items.saturating_add(1));
                    }
                    // A mere reminder, kept over a rewrite.
                    Some((Kind::Evicted, 0, _)) => {}
                    Some((Kind::Dropped | Kind::Evicted, bytes, _)) => {
                        (self.bytes, self.items) =
                            (self.bytes.saturating_add(bytes), self.items.saturating_sub(1));
                    }
                    Some((Kind::Corrected, bytes, items)) => {
                        self.bytes = self.bytes.saturating_add(bytes);
                        self.items = self.items.saturating_add(i128::from_be_bytes(items) as i64);
                    }
                    None => self.sound = false,
                }
            }
        }
    }

    fn latest_evictions(&self) -> Vec<u8> {
        let start = self.read.saturating_sub(LONG / 4);
        let start = start - start % RECORD as u64;
        let mut tail = vec![0; (self.read - start) as usize];
        if self.file.read_exact_at(&mut tail, start).is_err() {
            return Vec::new();
        }
        let evictions =
            tail.chunks_exact(RECORD).filter_map(parse).filter(|(kind, _, _)| *kind == Kind::Evicted);
        // An eviction without an amount still says that there was one.
        evictions.flat_map(|(_, _, call)| record(Kind::Evicted, 0, call)).collect()
    }
}

fn record(kind: Kind, bytes: i64, call: [u8; 16]) -> [u8; RECORD] {
    let mut line = [0; RECORD];
    line[..2].copy_from_slice(&MAGIC);
    line[2] = kind as u8;
    line[8..16].copy_from_slice(&bytes.to_be_bytes());
    line[16..].copy_from_slice(&call);
    let check = fnv64(&line) as u32;
    line[4..8].copy_from_slice(&check.to_be_bytes());
    line
}

fn parse(line: &[u8]) -> Option<(Kind, i64, [u8; 16])> {
    let mut plain: [u8; RECORD] = line.try_into().ok()?;
    let check = u32::from_be_bytes(plain[4..8].try_into().ok()?);
    plain[4..8].fill(0);
    if plain[..2] != MAGIC || fnv64(&plain) as u32 != check {
        return None;
    }
    let kind = match plain[2] {
        1 => Kind::Added,
        2 => Kind::Dropped,
        3 => Kind::Corrected,
        4 => Kind::Evicted,
        _ => return None,
    };
    Some((kind, i64::from_be_bytes(plain[8..16].try_into().ok()?), plain[16..].try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_processes_see_each_others_changes() {
        let folder = tempfile::tempdir().unwrap();
        begin(folder.path());
        let (one, two) = (Journal::new(folder.path()), Journal::new(folder.path()));
        one.added(&[1; 16], 10);
        two.added(&[2; 16], 20);
        one.evicted(&[([1; 16], 10)]);
        for journal in [&one, &two] {
            assert_eq!(journal.usage(), Some(Usage { bytes: 20, items: 1 }));
        }
        assert!(two.was_evicted(&[1; 16]));
        assert!(!two.was_evicted(&[2; 16]));
    }

    #[test]
    fn a_damaged_journal_asks_for_a_count_and_recovers_by_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("usage");
        fs::write(&path, [7; 100]).unwrap();
        let journal = Journal::new(folder.path());
        assert_eq!(journal.usage(), None);
        journal.correct(Usage { bytes: 5, items: 2 });
        assert_eq!(journal.usage(), Some(Usage { bytes: 5, items: 2 }));
        journal.added(&[1; 16], 10);
        assert_eq!(journal.usage(), Some(Usage { bytes: 15, items: 3 }));
    }

    #[test]
    fn an_eviction_kept_over_a_rewrite_does_not_count_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("usage");
        begin(folder.path());
        let journal = Journal::new(folder.path());
        journal.added(&[1; 16], 10);
        journal.evicted(&[([1; 16], 10)]);
        fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(&[9; RECORD]).unwrap();
        assert_eq!(journal.usage(), None);
        journal.correct(Usage { bytes: 50, items: 3 });
        assert_eq!(journal.usage(), Some(Usage { bytes: 50, items: 3 }));
        assert!(journal.was_evicted(&[1; 16]));
    }
}
