//! Claims of file systems without locks: a file that says who computes a result, and that becomes the result or is
//! removed.

use std::fs::{File, TryLockError};
use std::io::{self, Read};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use super::held::{self, Identity};
use crate::error::Error;
use crate::generation::generation;
use crate::holder::Holder;
use crate::key::{Key, fnv64, push_hex};
use crate::local::Shared;
use crate::local::folder::{CLAIMS, Opened, author, temporary_name};
use crate::local::root::{Access, used};
use crate::local::store::{Attempts, Target, put, store};
use crate::store::{Claim, Claimed, WriteBytes};

/// How long a claim without a holder's name is believed: its author is between two system calls.
const NAMELESS: Duration = Duration::from_secs(2);
/// Files in the folder of claims that are looked at, at most.
const MAX_LITTER: usize = 10_000;

const MARK: &str = "joblib claim ";

fn claim_name(key: &Key) -> String {
    let mut name = String::with_capacity(CLAIMS.len() + 1 + 48);
    name.push_str(CLAIMS);
    name.push('/');
    push_hex(&mut name, &fnv64(key.version().path().as_bytes()).to_be_bytes());
    push_hex(&mut name, key.call());
    name
}

pub(super) fn claim(shared: &Arc<Shared>, key: &Key) -> Result<Claim, Error> {
    let name = claim_name(key);
    // Twice around if a stale claim is removed; whoever is slower then finds a new claim.
    for _ in 0..4 {
        let folder = shared.folder.made()?;
        match folder.file(&name, Access::Create) {
            Ok(file) => return mine(shared, folder, key, name, file),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                match holder(shared, &folder, &name) {
                    State::Live(holder) => return Ok(Claim::Taken(holder)),
                    State::Dead(stale) => match remove_stale(shared, &folder, &name, &stale) {
                        Err(error) if error.kind() != io::ErrorKind::NotFound => {
                            return Err(Error::io("take over", folder.path(&name), error));
                        }
                        _ => {}
                    },
                    State::Gone => {}
                }
            }
            // The folder of claims alone was removed, or the whole just now.
            Err(error) if error.kind() == io::ErrorKind::NotFound => shared.folder.make()?,
            Err(error) => return Err(Error::io("create", folder.path(&name), error)),
        }
    }
    Ok(Claim::Taken(Holder::unknown()))
}

fn mine(
    shared: &Arc<Shared>,
    folder: Arc<Opened>,
    key: &Key,
    name: String,
    file: File,
) -> Result<Claim, Error> {
    let file = Arc::new(file);
    let (identity, text) = sign(&file, shared.lease).map_err(|error| {
        let _ = folder.remove(&name);
        Error::io("write", folder.path(&name), error)
    })?;
    Ok(Claim::Mine(Box::new(LocalClaim {
        shared: Arc::clone(shared),
        folder,
        key: key.clone(),
        name,
        file,
        identity,
        text,
        generation: generation(),
    })))
}

/// Writes into a new file that this process holds it. Returns which file it is, and the length of the text.
fn sign(file: &Arc<File>, lease: Duration) -> io::Result<(Identity, u64)> {
    let text = format!("{MARK}{}\n", Holder::this_process());
    // Where locks don't work the heartbeat has to do.
    let _ = file.try_lock();
    let found = file.metadata()?;
    let identity = (found.dev(), found.ino());
    held::hold(identity, file, lease);
    file.write_all_at(text.as_bytes(), 0)?;
    Ok((identity, text.len() as u64))
}

enum State {
    Live(Holder),
    Dead(Stale),
    Gone,
}

/// A claim whose holder is dead, as it was seen: another claim may soon have its name, and the number of its file.
#[derive(Debug, PartialEq, Eq)]
struct Stale {
    identity: Identity,
    modified: SystemTime,
    /// How its content begins: with its holder's name.
    text: Vec<u8>,
}

impl Stale {
    fn of(mut file: &File) -> io::Result<Self> {
        let found = file.metadata()?;
        let mut bytes = [0; 512];
        let length = file.read(&mut bytes).unwrap_or(0);
        Ok(Self {
            identity: (found.dev(), found.ino()),
            modified: found.modified().unwrap_or(SystemTime::UNIX_EPOCH),
            text: bytes[..length].to_vec(),
        })
    }

    /// The name of the right to remove it, which is another one for another claim.
    fn right(&self, claim: &str) -> String {
        let since = self.modified.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        format!("{claim}-{:x}-{:x}-{:x}", self.identity.1, since.as_nanos(), fnv64(&self.text))
    }
}

fn holder(shared: &Shared, folder: &Opened, name: &str) -> State {
    let Ok(file) = folder.file(name, Access::Read) else { return State::Gone };
    let Ok(seen) = Stale::of(&file) else { return State::Gone };
    let modified = seen.modified;
    let unchanged = shared.watch.unchanged_for(name, modified, Instant::now());
    let text = std::str::from_utf8(&seen.text).unwrap_or_default();
    match text.strip_prefix(MARK).and_then(|text| text.parse::<Holder>().ok()) {
        // Nobody waits for this process but for what it does.
        Some(holder) if holder.is_this_process() => {
            if held::holds(seen.identity) {
                State::Live(holder)
            } else {
                State::Dead(seen)
            }
        }
        Some(holder) => match holder.is_alive() {
            Some(false) => State::Dead(seen),
            None if unchanged > shared.lease || abandoned(modified) => State::Dead(seen),
            _ => State::Live(holder),
        },
        // Its author is about to lock it and write its name, or died there.
        None if seen.text.is_empty() && modified.elapsed().is_ok_and(|age| age < NAMELESS) => {
            State::Live(Holder::unknown())
        }
        // The result is being written over the name. The lock only tells whether its author lives; nothing is
        // protected by it. A forked child may keep the lock of a dead parent, but doesn't refresh its claims.
        None => match file.try_lock() {
            Ok(()) => State::Dead(seen),
            Err(_) if unchanged > shared.lease => State::Dead(seen),
            Err(TryLockError::WouldBlock | TryLockError::Error(_)) => State::Live(Holder::unknown()),
        },
    }
}

/// A claim that nobody refreshed for a day, by clocks that may differ by hours.
fn abandoned(modified: SystemTime) -> bool {
    modified.elapsed().is_ok_and(|age| age > Duration::from_hours(24))
}

/// Removes a stale claim, unless another process is about to.
///
/// Of those that saw the same stale claim, one may remove it: who was slower than the others would remove the claim of
/// whoever has claimed the result since. The right to remove it is a file that one can create. It is a claim too, so
/// that it is known when its author has died.
fn remove_stale(shared: &Shared, folder: &Opened, name: &str, stale: &Stale) -> io::Result<()> {
    let right = stale.right(name);
    match folder.file(&right, Access::Create) {
        Ok(file) => {
            let file = Arc::new(file);
            let signed = sign(&file, shared.lease);
            if signed.is_ok() {
                remove_if_unchanged(folder, name, stale);
                shared.watch.forget(name);
            }
            let _ = folder.remove(&right);
            // Released last: others would take what is left of the right for abandoned.
            signed.map(|(identity, _)| held::release(identity))
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            if let State::Dead(stale) = holder(shared, folder, &right) {
                remove_if_unchanged(folder, &right, &stale);
                shared.watch.forget(&right);
            }
            Ok(())
        }
        Err(error) => Err(error),
    }
}

/// Removes a file that is still the one that was seen.
fn remove_if_unchanged(folder: &Opened, name: &str, stale: &Stale) {
    let away = temporary_name();
    let now = folder.file(name, Access::Read).and_then(|file| Stale::of(&file));
    if now.is_ok_and(|now| now == *stale) && folder.rename(name, &away).is_ok() {
        let _ = folder.remove(&away);
    }
}

/// Removes what dead processes left in the folder of claims.
pub(in crate::local) fn remove_litter(shared: &Shared) {
    let Ok(Some(folder)) = shared.folder.current() else { return };
    let Ok(entries) = folder.list(CLAIMS) else { return };
    for entry in entries.flatten().take(MAX_LITTER) {
        let relative = format!("{CLAIMS}/{}", entry.name);
        if is_temporary(&entry.name) {
            if folder.stat(&relative).is_ok_and(|found| temporary_is_dead(&entry.name, used(&found))) {
                let _ = folder.remove(&relative);
            }
        } else if let State::Dead(stale) = holder(shared, &folder, &relative) {
            let _ = remove_stale(shared, &folder, &relative, &stale);
        }
    }
}

/// Whether a file in the folder of claims has a name that [`temporary_name`] made.
fn is_temporary(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, extension)| extension == "tmp")
}

/// Whether nobody will finish a temporary file: its author is dead, or can't be seen and left it long ago.
fn temporary_is_dead(name: &str, modified: SystemTime) -> bool {
    author(name).and_then(|author| author.is_alive()).map_or_else(|| abandoned(modified), |alive| !alive)
}

#[derive(Debug)]
struct LocalClaim {
    shared: Arc<Shared>,
    /// The folder in which it was claimed: all that happens to the claim happens there.
    folder: Arc<Opened>,
    key: Key,
    name: String,
    /// Open until the claim has ended: the number of a file that is closed may become another claim's.
    file: Arc<File>,
    identity: Identity,
    /// Bytes of the holder's name at the file's start.
    text: u64,
    /// The process that claimed: a forked child has a copy of its parent's claim.
    generation: u64,
}

impl LocalClaim {
    /// Whether the claim is still there and this process's: the machine may have slept until others took it over.
    fn is_held(&self) -> bool {
        self.generation == generation() && self.folder.identity(&self.name) == Some(self.identity)
    }
}

impl Claimed for LocalClaim {
    fn write(self: Box<Self>, write: WriteBytes<'_>) -> Result<u64, Error> {
        // A folder that was moved away meanwhile is another cache now.
        if !self.is_held() || !self.folder.is_current() {
            return put(&self.shared, &self.key, write);
        }
        let mut target =
            Target { name: self.name.clone(), file: Some(Arc::clone(&self.file)), text: self.text };
        let attempts = &mut Attempts::default();
        let stored = store(&self.shared, &self.folder, &self.key, &mut target, attempts, write);
        match stored {
            // Somebody cleared the store meanwhile.
            Err(error) if error.is_missing() && error.is_of_store() => put(&self.shared, &self.key, write),
            // Dropping the claim removes it, unless it has become the result.
            other => other,
        }
    }
}

impl Drop for LocalClaim {
    fn drop(&mut self) {
        if self.generation == generation() {
            if self.is_held() {
                let _ = self.folder.remove(&self.name);
            }
            held::release(self.identity);
        }
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
