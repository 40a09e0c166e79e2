//! The digests that are known: in memory, and in a file of lines to which each process appends what it made.
//!
//! A line holds a stamp, a digest and a checksum. A line that is damaged, or that two processes wrote into each other, is
//! passed over, and the file's digest made again.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write as _};
use std::path::Path;
use std::sync::Arc;

use joblib_hash::Digest;
use joblib_store::{AfterFork, ProcessLock};

use super::stamp::Stamp;

/// Size in bytes above which the file is rewritten with the last stamp of each file only.
const MAX_BYTES: u64 = 8 << 20;
/// Digests that a process keeps at most: it then forgets all.
const MAX_KNOWN: usize = 1 << 20;

/// A digest that one thread makes and others wait for.
type Slot = Arc<ProcessLock<Option<Digest>>>;

#[derive(Debug, Default)]
pub(super) struct Remembered {
    known: HashMap<Stamp, Digest>,
    /// Digests that are being made.
    open: HashMap<Stamp, Slot>,
    was_read: bool,
    /// Lines that wait for the folder to be made.
    unwritten: Vec<String>,
}

impl Remembered {
    pub(super) fn get(&mut self, stamp: &Stamp, path: Option<&Path>) -> Option<Digest> {
        if let (Some(path), false) = (path, self.was_read) {
            self.was_read = true;
            // What can't be read is made again.
            if let Ok(text) = read(path) {
                self.known.extend(text.lines().filter_map(parse));
            }
        }
        self.known.get(stamp).copied()
    }

    /// Where the digest is put that this caller or another makes.
    pub(super) fn slot(&mut self, stamp: &Stamp) -> Slot {
        Arc::clone(self.open.entry(*stamp).or_insert_with(|| Arc::new(ProcessLock::new(AfterFork::Renew))))
    }

    /// Ends the making of a digest. Whoever waits has the slot.
    pub(super) fn close(&mut self, stamp: &Stamp, slot: &Slot) {
        if self.open.get(stamp).is_some_and(|open| Arc::ptr_eq(open, slot)) {
            self.open.remove(stamp);
        }
    }

    pub(super) fn add(&mut self, stamp: Stamp, digest: Digest, path: Option<&Path>) {
        if self.known.len() >= MAX_KNOWN {
            self.known.clear();
        }
        self.known.insert(stamp, digest);
        if let Some(path) = path {
            self.unwritten.push(line(&stamp, &digest));
            self.write(path);
        }
    }

    /// Appends what is not yet in the file, once there is a folder for it: it is the store that makes that.
    pub(super) fn write(&mut self, path: &Path) {
        if !self.unwritten.is_empty() && path.parent().is_some_and(Path::is_dir) {
            // In a cache that can't be written, results are not stored either, and a warning says so.
            let _ = append(path, &self.unwritten.join("\n"));
            self.unwritten.clear();
        }
    }
}

fn line(stamp: &Stamp, digest: &Digest) -> String {
    let Stamp { device, inode, size, modified, changed } = stamp;
    let text = format!("{device:x} {inode:x} {size:x} {modified} {changed} {digest}");
    format!("{text} {:08x}", checksum(&text))
}

fn parse(line: &str) -> Option<(Stamp, Digest)> {
    let (text, sum) = line.rsplit_once(' ')?;
    if sum.len() != 8 || u32::from_str_radix(sum, 16).ok()? != checksum(text) {
        return None;
    }
    let mut words = text.split(' ');
    let mut hexadecimal = || u64::from_str_radix(words.next()?, 16).ok();
    let (device, inode, size) = (hexadecimal()?, hexadecimal()?, hexadecimal()?);
    let (modified, changed) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    let digest = words.next()?.parse().ok()?;
    words.next().is_none().then_some((Stamp { device, inode, size, modified, changed }, digest))
}

/// Finds damage; not an attack, for whoever can write here can write results as well.
fn checksum(text: &str) -> u32 {
    let digest = joblib_hash::hash(text).map(|digest| digest.as_bytes()[..4].to_vec()).unwrap_or_default();
    digest.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte))
}

/// The lines, of a file that is one and no link to one.
fn read(path: &Path) -> io::Result<String> {
    let file = File::open(path)?;
    check(&file, path)?;
    let mut bytes = Vec::new();
    file.take(4 * MAX_BYTES).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn append(path: &Path, lines: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().append(true).create(true).open(path)?;
    let len = check(&file, path)?;
    // A line break before it ends what another process left unfinished.
    file.write_all(format!("\n{lines}\n").as_bytes())?;
    if len > MAX_BYTES { rewrite(path) } else { Ok(()) }
}

/// Keeps the last stamp of each file. What another process appends meanwhile may be lost, and is made again.
fn rewrite(path: &Path) -> io::Result<()> {
    let text = read(path)?;
    let mut last: HashMap<(u64, u64), (Stamp, Digest)> = HashMap::new();
    for (stamp, digest) in text.lines().filter_map(parse) {
        last.insert((stamp.device, stamp.inode), (stamp, digest));
    }
    let mut lines = String::new();
    for (stamp, digest) in last.values() {
        // Half of the room at most, so that this is not done for each line. Writing to a `String` does not fail.
        if lines.len() as u64 > MAX_BYTES / 2 {
            break;
        }
        let _ = writeln!(lines, "{}", line(stamp, digest));
    }
    let other = path.with_extension(format!("{}.tmp", std::process::id()));
    let written = fs::write(&other, lines).and_then(|()| fs::rename(&other, path));
    if written.is_err() {
        let _ = fs::remove_file(&other);
    }
    written
}

/// The length of an open file that is at its path itself, not behind a link.
fn check(file: &File, path: &Path) -> io::Result<u64> {
    let (opened, found) = (file.metadata()?, fs::symlink_metadata(path)?);
    let is_same = found.is_file()
        && Stamp::of(&opened).map(|of| (of.device, of.inode))
            == Stamp::of(&found).map(|of| (of.device, of.inode));
    if is_same { Ok(opened.len()) } else { Err(io::ErrorKind::InvalidInput.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(inode: u64, changed: i128) -> Stamp {
        Stamp { device: 1, inode, size: 5, modified: -7, changed }
    }

    #[test]
    fn a_line_is_read_as_it_was_written() {
        let digest = joblib_hash::hash("content").unwrap();
        let written = line(&stamp(2, 3), &digest);
        assert_eq!(parse(&written), Some((stamp(2, 3), digest)));
        assert_eq!(parse(&written[1..]), None);
    }

    #[test]
    fn a_long_file_is_written_anew_with_the_last_stamps() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notes");
        let digest = joblib_hash::hash("content").unwrap();
        let mut text = String::new();
        let mut changed = 0;
        while text.len() as u64 <= MAX_BYTES {
            changed += 1;
            writeln!(text, "{}", line(&stamp(2, changed), &digest)).unwrap();
        }
        fs::write(&path, text).unwrap();
        append(&path, &line(&stamp(3, 1), &digest)).unwrap();
        let text = read(&path).unwrap();
        let mut left: Vec<Stamp> = text.lines().filter_map(parse).map(|(stamp, _)| stamp).collect();
        left.sort_by_key(|stamp| stamp.inode);
        assert_eq!(left, [stamp(2, changed), stamp(3, 1)]);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_in_the_place_of_the_file_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (path, other) = (folder.path().join("notes"), folder.path().join("other"));
        let digest = joblib_hash::hash("content").unwrap();
        fs::write(&other, line(&stamp(2, 3), &digest)).unwrap();
        std::os::unix::fs::symlink(&other, &path).unwrap();
        assert!(read(&path).is_err());
        assert!(append(&path, &line(&stamp(3, 3), &digest)).is_err());
        assert!(!fs::read_to_string(&other).unwrap().contains('\n'));
    }
}
