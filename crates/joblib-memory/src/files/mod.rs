//! Files as arguments: what stands for a path in a call's key is the content of what is there.
//!
//! A digest is made at most once for a file of one device, inode, size, time of modification and time of change, and
//! remembered: by the process, and by the store's folder if it has one. So a hit costs a `stat` for each file.

pub(crate) mod argument;
mod file_system;
mod remembered;
mod stamp;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use joblib_hash::{Algorithm, Digest, Hasher, hash_content, hash_file_with};
use joblib_store::{AfterFork, ProcessLock};

use self::argument::{FileArgument, Part};
use self::file_system::is_of_one_file;
use self::remembered::Remembered;
use self::stamp::Stamp;

/// The digests of files that a store's users met.
#[derive(Debug)]
pub(crate) struct FileDigests {
    remembered: ProcessLock<Remembered>,
    /// The file that other processes find them in.
    path: Option<PathBuf>,
}

/// What an argument's files contain.
#[derive(Debug)]
pub(crate) struct Contents {
    /// Stands for all of them.
    pub(crate) digest: [u8; 32],
    /// Each file by its path, as far as they are few.
    pub(crate) files: Vec<(String, [u8; 16])>,
    /// What each path led to.
    pub(crate) found: Vec<Found>,
}

/// What a path led to when a call's key was made.
#[derive(Debug)]
pub(crate) struct Found {
    path: PathBuf,
    content: Content,
    /// That of a file, if a change since then would have made another.
    stamp: Option<Stamp>,
}

/// Files whose digests are told one by one, of a call.
const MAX_FILES: usize = 1000;

impl FileDigests {
    /// Those that are remembered in `folder`, if there is one.
    pub(crate) fn new(folder: Option<PathBuf>) -> Self {
        Self {
            remembered: ProcessLock::new(AfterFork::Inherit),
            path: folder.map(|folder| folder.join("file-digests")),
        }
    }

    /// What the paths of an argument lead to.
    ///
    /// # Errors
    ///
    /// Returns an error that names the file if one is there and can't be read.
    pub(crate) fn contents<T: FileArgument + ?Sized>(&self, argument: &T) -> io::Result<Contents> {
        let mut hasher = Hasher::new(Algorithm::Blake3);
        let mut files = Vec::new();
        let (mut failed, mut led_to) = (None, Vec::new());
        argument.parts(&mut |part| {
            let added = match part {
                Part::Nothing => hasher.update(&(0_u8, "")),
                Part::List(count) => hasher.update(&(1_u8, count)),
                Part::Path(path) => match self.found(path, &mut files) {
                    Ok(found) => {
                        let added = match &found.content {
                            Content::Missing => hasher.update(&(2_u8, "")),
                            Content::File(digest) => hasher.update(&(3_u8, digest)),
                            Content::Folder(digest) => hasher.update(&(4_u8, digest)),
                        };
                        led_to.push(found);
                        added
                    }
                    Err(error) => {
                        failed.get_or_insert(error);
                        Ok(())
                    }
                },
            };
            if let Err(error) = added {
                failed.get_or_insert(io::Error::other(error));
            }
        });
        if let Some(error) = failed {
            return Err(error);
        }
        let mut digest = [0; 32];
        digest.copy_from_slice(hasher.finish().as_bytes());
        if files.len() > MAX_FILES {
            files.clear();
        }
        Ok(Contents { digest, files, found: led_to })
    }

    /// Whether the paths lead to what they led to when the key was made. A result that was computed meanwhile is of no content
    /// that is known if they don't.
    pub(crate) fn hold(&self, found: &[Found]) -> bool {
        found.iter().all(|before| match before.stamp {
            // Of others the times say nothing.
            Some(stamp) if has_size(&before.path, stamp.size) => stamp_of_file(&before.path) == Some(stamp),
            _ => self.content(&before.path, &mut Vec::new()).is_ok_and(|now| now == before.content),
        })
    }

    fn found(&self, path: &Path, files: &mut Vec<(String, [u8; 16])>) -> io::Result<Found> {
        let stamp = stamp_of_file(path).filter(|stamp| stamp.is_settled(SystemTime::now()));
        let content = self.content(path, files)?;
        // The program may go to another folder meanwhile.
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        Ok(Found { path, content, stamp })
    }

    fn content(&self, path: &Path, files: &mut Vec<(String, [u8; 16])>) -> io::Result<Content> {
        let mut note = |path: &Path, half: [u8; 16]| {
            if files.len() <= MAX_FILES {
                files.push((path.display().to_string(), half));
            }
        };
        let is_folder = match fs::metadata(path) {
            Ok(found) => found.is_dir(),
            Err(error) if is_missing(&error) => {
                note(path, [0; 16]);
                return Ok(Content::Missing);
            }
            // What follows tells the error with the path.
            Err(_) => false,
        };
        let digest = hash_file_with(path, &mut |path| {
            let digest = self.of_file(path)?;
            let mut half = [0; 16];
            half.copy_from_slice(&digest.as_bytes()[..16]);
            note(path, half);
            Ok(digest)
        })?;
        Ok(if is_folder { Content::Folder(digest) } else { Content::File(digest) })
    }

    /// Writes what other processes are to find, now that the store has made its folder.
    pub(crate) fn write(&self) {
        if let Some(path) = &self.path {
            self.remembered.lock().write(path);
        }
    }

    /// The digest of one file, remembered or made.
    fn of_file(&self, path: &Path) -> io::Result<Digest> {
        self.of_file_at(path, SystemTime::now(), &mut || hash_content(path))
    }

    /// The same at the time `now`, with what reads the file.
    fn of_file_at(
        &self,
        path: &Path,
        now: SystemTime,
        read: &mut dyn FnMut() -> io::Result<Digest>,
    ) -> io::Result<Digest> {
        let Some(before) = fs::metadata(path).ok().and_then(|found| Stamp::of(&found)) else { return read() };
        let slot = {
            let mut remembered = self.remembered.lock();
            if let Some(digest) = remembered.get(&before, self.path.as_deref()) {
                return Ok(digest);
            }
            remembered.slot(&before)
        };
        // Whoever else wants it waits, and does not read the file as well.
        let mut made = slot.lock();
        if let Some(digest) = *made {
            return Ok(digest);
        }
        let read = read();
        let after = fs::metadata(path).ok().and_then(|found| Stamp::of(&found));
        let stays = after == Some(before)
            && before.is_settled(now)
            && is_of_one_file(path, &before)
            && has_size(path, before.size);
        let mut remembered = self.remembered.lock();
        if let (Ok(digest), true) = (&read, stays) {
            *made = Some(*digest);
            remembered.add(before, *digest, self.path.as_deref());
        }
        remembered.close(&before, &slot);
        read
    }
}

/// Whether there is as much in a file as it says. One whose content the system makes, as below `/proc`, says that it is empty or
/// as long as a page, and its times say nothing.
fn has_size(path: &Path, size: u64) -> bool {
    use std::io::{Read, Seek, SeekFrom};
    // What is no file may have no end, or wait for a writer when it is opened.
    if !fs::metadata(path).is_ok_and(|found| found.is_file()) {
        return false;
    }
    let read_from = |at: u64| {
        let mut file = fs::File::open(path)?;
        file.seek(SeekFrom::Start(at))?;
        let mut bytes = Vec::new();
        file.take(2).read_to_end(&mut bytes)?;
        io::Result::Ok(bytes.len() as u64)
    };
    read_from(size.saturating_sub(1)).is_ok_and(|read| read == size.min(1))
}

/// The stamp of what is at a path, if it is a file that has a content by its size.
fn stamp_of_file(path: &Path) -> Option<Stamp> {
    let found = fs::metadata(path).ok().filter(|found| found.is_file() && found.len() > 0);
    found.and_then(|found| Stamp::of(&found))
}

/// What is at a path.
#[derive(Debug, PartialEq, Eq)]
enum Content {
    Missing,
    File(Digest),
    Folder(Digest),
}

/// Whether nothing is there, and not something that can't be read.
fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// The digest of a file at a time from now, and whether the file was read for it.
    fn digest(digests: &FileDigests, path: &Path, later: Duration) -> (Digest, bool) {
        let mut was_read = false;
        let digest = digests.of_file_at(path, SystemTime::now() + later, &mut || {
            was_read = true;
            hash_content(path)
        });
        (digest.unwrap(), was_read)
    }

    const LATER: Duration = Duration::from_hours(1);

    #[test]
    fn a_file_is_read_once_by_all_processes_until_it_changes() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("data");
        fs::write(&file, "1").unwrap();
        let digests = FileDigests::new(Some(folder.path().to_owned()));
        let (first, was_read) = digest(&digests, &file, LATER);
        assert!(was_read);
        assert_eq!(digest(&digests, &file, LATER), (first, false));
        // As another process does.
        let others = FileDigests::new(Some(folder.path().to_owned()));
        assert_eq!(digest(&others, &file, LATER), (first, false));
        fs::write(&file, "22").unwrap();
        let (changed, was_read) = digest(&digests, &file, LATER);
        assert!(was_read && changed != first);
        assert_eq!(digest(&others, &file, LATER), (changed, true), "it read the folder before");
        let third = FileDigests::new(Some(folder.path().to_owned()));
        assert_eq!(digest(&third, &file, LATER), (changed, false));
    }

    #[test]
    fn a_file_that_was_just_written_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("data");
        fs::write(&file, "1").unwrap();
        let digests = FileDigests::new(None);
        let (first, _) = digest(&digests, &file, Duration::ZERO);
        // Within one tick of the clock that files get their times by, the stamp may be the same.
        fs::write(&file, "2").unwrap();
        let (second, was_read) = digest(&digests, &file, Duration::ZERO);
        assert!(was_read && first != second);
    }

    #[test]
    fn a_file_whose_times_were_set_back_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("data"), folder.path().join("link"));
        fs::write(&file, "1").unwrap();
        fs::hard_link(&file, &link).unwrap();
        let digests = FileDigests::new(None);
        let (first, _) = digest(&digests, &file, LATER);
        assert_eq!(digest(&digests, &link, LATER), (first, false));
        let modified = fs::metadata(&file).unwrap().modified().unwrap();
        // Another tick of the clock that files get their times by.
        std::thread::sleep(Duration::from_millis(50));
        fs::write(&link, "2").unwrap();
        fs::File::options().write(true).open(&link).unwrap().set_modified(modified).unwrap();
        let (second, was_read) = digest(&digests, &file, LATER);
        assert!(was_read && first != second);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_whose_content_the_system_makes_is_read_each_time() {
        let digests = FileDigests::new(None);
        for path in ["/proc/self/stat", "/sys/kernel/mm/transparent_hugepage/enabled"] {
            let path = Path::new(path);
            if path.exists() {
                assert!(digest(&digests, path, LATER).1 && digest(&digests, path, LATER).1, "{path:?}");
            }
        }
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_file_is_refused_and_never_opened() {
        let folder = tempfile::tempdir().unwrap();
        let (pipe, file) = (folder.path().join("pipe"), folder.path().join("file"));
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
        fs::write(&file, "1").unwrap();
        let (sent, answered) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let digests = FileDigests::new(None);
            let later = SystemTime::now() + LATER;
            let digest = |path: &Path| digests.of_file_at(path, later, &mut || hash_content(path));
            let refused = [digest(&pipe), digest(Path::new("/dev/zero"))].iter().all(Result::is_err);
            // A pipe takes the place of a file while the call is computed.
            let stamp = stamp_of_file(&file);
            let content = digests.content(&file, &mut Vec::new()).unwrap();
            let found = Found { path: pipe, content, stamp };
            sent.send((refused, stamp.is_some(), digests.hold(&[found]))).unwrap();
        });
        // Nobody writes into the pipe: who opens it waits for ever.
        let answer = answered.recv_timeout(Duration::from_mins(1)).expect("nothing waits for a writer");
        assert_eq!(answer, (true, true, false));
    }

    #[test]
    fn a_file_that_changes_while_it_is_read_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("data");
        fs::write(&file, "1").unwrap();
        let digests = FileDigests::new(None);
        let during = digests.of_file_at(&file, SystemTime::now() + LATER, &mut || {
            let read = hash_content(&file);
            fs::write(&file, "22").unwrap();
            read
        });
        let (after, was_read) = digest(&digests, &file, LATER);
        assert!(was_read && during.unwrap() != after);
    }

    #[test]
    fn damage_to_what_is_remembered_costs_reading_only() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("data");
        fs::write(&file, "1").unwrap();
        let digests = || FileDigests::new(Some(folder.path().to_owned()));
        let (first, _) = digest(&digests(), &file, LATER);
        let notes = folder.path().join("file-digests");
        let text = fs::read_to_string(&notes).unwrap();
        // One digit of the digest is another, then a line is cut off, then there are no lines at all.
        let at = text.rfind(' ').unwrap() - 1;
        let mut other = text.clone().into_bytes();
        other[at] = if other[at] == b'0' { b'1' } else { b'0' };
        for damaged in [&other[..], &text.as_bytes()[..text.len() / 2], &[0xff; 100], b""] {
            fs::write(&notes, damaged).unwrap();
            assert_eq!(digest(&digests(), &file, LATER), (first, true));
            assert_eq!(digest(&digests(), &file, LATER), (first, false), "it is noted again");
        }
    }

    #[test]
    fn a_file_is_read_once_by_threads_that_want_it_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("data");
        fs::write(&file, "1").unwrap();
        let digests = FileDigests::new(None);
        let begin = std::sync::Barrier::new(8);
        let reads: usize = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(|| {
                        begin.wait();
                        usize::from(digest(&digests, &file, LATER).1)
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(reads, 1);
    }
}
