//! Claims: a file that says who computes a result, and that becomes the result. How a claim ends is told in the README
//! beside this file.

use std::fs::{self, File, TryLockError};
use std::io::{self, BufWriter, Read, Write};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use super::Shared;
use super::folder::{CLAIMS, author, temporary_name};
use crate::error::Error;
use crate::holder::Holder;
use crate::key::Key;
use crate::key::{fnv64, push_hex};
use crate::process_lock::{AfterFork, ProcessLock};
use crate::store::{Claim, Claimed, WriteBytes};

/// How often a holder shows that it lives.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// How long a claim without a holder's name is believed: its author is between two system calls.
const NAMELESS: Duration = Duration::from_secs(2);

const MARK: &str = "joblib claim ";

pub(super) fn claim_name(key: &Key) -> String {
    let mut name = String::with_capacity(CLAIMS.len() + 1 + 48);
    name.push_str(CLAIMS);
    name.push('/');
    push_hex(&mut name, &fnv64(key.version().path().as_bytes()).to_be_bytes());
    push_hex(&mut name, key.call());
    name
}

pub(super) fn claim(shared: &Arc<Shared>, key: &Key) -> Result<Claim, Error> {
    let name = claim_name(key);
    // Twice around if a stale claim is taken away; whoever is slower then finds a new claim.
    for _ in 0..4 {
        match shared.folder.create(&name) {
            Ok(file) => return mine(shared, key, &name, file),
            Err(error) if error.is_present() => match holder(shared, &name) {
                State::Live(holder) => return Ok(Claim::Taken(holder)),
                State::Dead => take_away(shared, &name),
                State::Gone => {}
            },
            Err(error) => return Err(error),
        }
    }
    Ok(Claim::Taken(Holder::unknown()))
}

fn mine(shared: &Arc<Shared>, key: &Key, name: &str, file: File) -> Result<Claim, Error> {
    let text = format!("{MARK}{}\n", Holder::this_process());
    let path = shared.folder.path(name);
    // Where locks don't work the heartbeat has to do.
    let _ = file.try_lock();
    if let Err(error) = file.write_all_at(text.as_bytes(), 0) {
        let _ = fs::remove_file(&path);
        return Err(Error::io("write", path, error));
    }
    let file = Arc::new(file);
    keep_fresh(&file);
    Ok(Claim::Mine(Box::new(LocalClaim {
        shared: Arc::clone(shared),
        key: key.clone(),
        path,
        file: Some(file),
        text: text.len() as u64,
        since: (Instant::now(), SystemTime::now()),
    })))
}

enum State {
    Live(Holder),
    Dead,
    Gone,
}

fn holder(shared: &Shared, name: &str) -> State {
    let Ok(mut file) = shared.folder.open(name) else { return State::Gone };
    let Ok(found) = file.metadata() else { return State::Gone };
    let modified = found.modified().unwrap_or(SystemTime::UNIX_EPOCH);
    let unchanged = shared.watch.unchanged_for(name, modified, Instant::now());
    let mut bytes = [0; 512];
    let length = file.read(&mut bytes).unwrap_or(0);
    let text = std::str::from_utf8(&bytes[..length]).unwrap_or_default();
    match text.strip_prefix(MARK).and_then(|text| text.parse::<Holder>().ok()) {
        Some(holder) => match holder.is_alive() {
            Some(false) => State::Dead,
            None if unchanged > shared.lease || abandoned(modified) => State::Dead,
            _ => State::Live(holder),
        },
        // Its author is about to lock it and write its name, or died there.
        None if length == 0 && modified.elapsed().is_ok_and(|age| age < NAMELESS) => {
            State::Live(Holder::unknown())
        }
        // The result is being written over the name. The lock only tells whether its author lives; nothing is
        // protected by it.
        None => match file.try_lock() {
            Ok(()) => State::Dead,
            Err(TryLockError::Error(_)) if unchanged > shared.lease => State::Dead,
            Err(_) => State::Live(Holder::unknown()),
        },
    }
}

/// A claim that nobody refreshed for a day, by clocks that may differ by hours.
fn abandoned(modified: SystemTime) -> bool {
    modified.elapsed().is_ok_and(|age| age > Duration::from_hours(24))
}

/// Removes a stale claim. The rename decides between several that try.
fn take_away(shared: &Shared, name: &str) {
    let away = shared.folder.path(&temporary_name());
    if fs::rename(shared.folder.path(name), &away).is_ok() {
        let _ = fs::remove_file(&away);
    }
    shared.watch.forget(name);
}

/// Removes what dead processes left in the folder of claims.
pub(super) fn remove_litter(shared: &Shared) {
    if !shared.folder.is_real(CLAIMS) {
        return;
    }
    let Ok(entries) = fs::read_dir(shared.folder.path(CLAIMS)) else { return };
    for entry in entries.flatten().take(10_000) {
        let Some(name) = entry.file_name().to_str().map(str::to_owned) else { continue };
        let relative = format!("{CLAIMS}/{name}");
        if Path::new(&name).extension().is_some_and(|extension| extension == "tmp") {
            let modified = entry.metadata().and_then(|found| found.modified());
            if modified.is_ok_and(|modified| temporary_is_dead(&name, modified)) {
                let _ = fs::remove_file(entry.path());
            }
        } else if matches!(holder(shared, &relative), State::Dead) {
            take_away(shared, &relative);
        }
    }
}

/// Whether nobody will finish a temporary file: its author is dead, or can't be seen and left it long ago.
fn temporary_is_dead(name: &str, modified: SystemTime) -> bool {
    author(name).and_then(|author| author.is_alive()).map_or_else(|| abandoned(modified), |alive| !alive)
}

#[derive(Debug)]
struct LocalClaim {
    shared: Arc<Shared>,
    key: Key,
    path: PathBuf,
    file: Option<Arc<File>>,
    text: u64,
    since: (Instant, SystemTime),
}

impl LocalClaim {
    /// Whether somebody may have judged this claim stale: heartbeats stop while a machine sleeps.
    fn may_be_lost(&self) -> bool {
        let (monotonic, wall) = self.since;
        let enough = self.shared.lease / 2;
        monotonic.elapsed() > enough || wall.elapsed().map_or(true, |passed| passed > enough)
    }

    fn is_lost(&self, file: &File) -> bool {
        self.may_be_lost()
            && match (file.metadata(), fs::symlink_metadata(&self.path)) {
                (Ok(mine), Ok(there)) => (mine.dev(), mine.ino()) != (there.dev(), there.ino()),
                _ => true,
            }
    }
}

impl Claimed for LocalClaim {
    fn write(mut self: Box<Self>, write: WriteBytes<'_>) -> Result<u64, Error> {
        let Some(file) = self.file.take() else { return super::put(&self.shared, &self.key, write) };
        if self.is_lost(&file) {
            return super::put(&self.shared, &self.key, write);
        }
        let written = write_over(&file, self.text, write);
        let settled = written
            .map_err(|error| Error::io("write", &self.path, error))
            .and_then(|bytes| self.shared.folder.settle(&self.path, &self.key).map(|()| bytes));
        match settled {
            Ok(bytes) => {
                self.shared.added(&self.key, bytes);
                Ok(bytes)
            }
            Err(error) => {
                // Dropping the claim removes it.
                self.file = Some(file);
                Err(error)
            }
        }
    }
}

impl Drop for LocalClaim {
    fn drop(&mut self) {
        if let Some(file) = self.file.take()
            && !self.is_lost(&file)
        {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Writes the bytes from the file's start, over `before` bytes that stand there.
pub(super) fn write_over(file: &File, before: u64, write: WriteBytes<'_>) -> io::Result<u64> {
    let mut out = Counted { file, bytes: 0 };
    {
        let mut buffered = BufWriter::with_capacity(16 * 1024, &mut out);
        write(&mut buffered)?;
        buffered.flush()?;
    }
    if out.bytes < before {
        file.set_len(out.bytes)?;
    }
    Ok(out.bytes)
}

struct Counted<'a> {
    file: &'a File,
    bytes: u64,
}

impl Write for Counted<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Refreshes the claim's modification time for as long as it is held.
fn keep_fresh(file: &Arc<File>) {
    /// Whether the thread runs, and since when which claims are held.
    type Held = (bool, Vec<(Instant, Weak<File>)>);
    // A forked child has neither its parent's claims nor its thread.
    static HELD: ProcessLock<Held> = ProcessLock::new(AfterFork::Renew);
    let mut list = HELD.lock();
    if list.1.len() >= 64 && list.1.len().is_power_of_two() {
        list.1.retain(|(_, file)| file.strong_count() > 0);
    }
    list.1.push((Instant::now(), Arc::downgrade(file)));
    if !std::mem::replace(&mut list.0, true) {
        // Without the thread, others judge by the process alone.
        let _ = thread::Builder::new().name("joblib-claims".into()).stack_size(64 * 1024).spawn(move || {
            loop {
                thread::sleep(HEARTBEAT);
                let mut list = HELD.lock();
                list.1.retain(|(_, file)| file.strong_count() > 0);
                for (since, file) in &list.1 {
                    if since.elapsed() >= HEARTBEAT
                        && let Some(file) = file.upgrade()
                    {
                        let _ = file.set_modified(SystemTime::now());
                    }
                }
            }
        });
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn temporary_files_are_removed_of_processes_that_are_seen_to_be_dead_alone() {
        let name = temporary_name();
        let name = name.strip_prefix("claims/").unwrap();
        let (me, now) = (Holder::this_process(), SystemTime::now());
        assert_eq!(author(name), Some(me.clone()));
        let is_dead = |name: &str| temporary_is_dead(name, now);
        let (pid, started) = (format!("-{}-", me.pid()), format!("-{}-", me.started()));
        assert!(!is_dead(name));
        assert!(!is_dead(&name.replace(&started, "-0-")), "its author could not read its own start");
        assert!(is_dead(&name.replace(&started, "-1-")), "the number is another process's now");
        assert!(is_dead(&name.replace(&pid, "-4194305-")), "no process has that number");
        let far = name.replacen(|_| true, "g", 1).replace(&pid, "-4194305-");
        assert!(!is_dead(&far), "a process elsewhere can't be seen");
        let long_ago = now - Duration::from_hours(25);
        assert!(temporary_is_dead(&far, long_ago) && !temporary_is_dead(name, long_ago));
    }
}
