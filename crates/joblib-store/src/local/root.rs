//! The store's folder, held open: files beneath it are reached through its handle and through no link, so that all steps
//! of one operation see the same folder, whatever becomes of its path meanwhile.

use std::ffi::CStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use nix::dir::{Dir, OwningIter, Type};
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat, renameat};
use nix::sys::stat::{FileStat, Mode, SFlag, fstatat, mkdirat};
use nix::unistd::{UnlinkatFlags, unlinkat};

/// How a file is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    /// For reading and writing; it must exist.
    Write,
    /// For reading and writing; it is made if it is missing.
    Make,
    /// For reading and writing; it must not exist.
    Create,
}

impl Access {
    fn flags(self) -> OFlag {
        let flags = match self {
            Self::Read => OFlag::O_RDONLY,
            Self::Write => OFlag::O_RDWR,
            Self::Make => OFlag::O_RDWR | OFlag::O_CREAT,
            Self::Create => OFlag::O_RDWR | OFlag::O_CREAT | OFlag::O_EXCL,
        };
        flags | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK
    }

    fn mode(self) -> Mode {
        match self {
            Self::Read | Self::Write => Mode::empty(),
            Self::Make | Self::Create => Mode::from_bits_truncate(0o666),
        }
    }
}

/// The folder as it was when it was opened.
#[derive(Debug)]
pub(super) struct Root {
    handle: File,
    path: PathBuf,
    identity: (u64, u64),
    /// Whether files can't be opened without the system noting their use, because another user owns them.
    notes_use: AtomicBool,
}

impl Root {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let flags = (OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW).bits();
        let handle = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
        let found = handle.metadata()?;
        let identity = (found.dev(), found.ino());
        Ok(Self { handle, path: path.to_owned(), identity, notes_use: AtomicBool::new(false) })
    }

    pub(super) fn path(&self, relative: &str) -> PathBuf {
        self.path.join(relative)
    }

    /// Whether the path still leads here: the folder may have been moved or removed, and another made in its place.
    pub(super) fn is_current(&self) -> bool {
        fs::symlink_metadata(&self.path).is_ok_and(|found| (found.dev(), found.ino()) == self.identity)
    }

    /// Opens a file. Reading it is no use of it: the store notes uses itself, and the system would note a look at
    /// a result too.
    pub(super) fn file(&self, relative: &str, access: Access) -> io::Result<File> {
        #[cfg(target_os = "linux")]
        if access == Access::Read && !self.notes_use.load(Ordering::Relaxed) {
            match self.beneath(relative, access.flags() | OFlag::O_NOATIME, access.mode()) {
                Err(error) if error.raw_os_error() == Some(Errno::EPERM as i32) => {
                    self.notes_use.store(true, Ordering::Relaxed);
                }
                other => return Ok(File::from(other?)),
            }
        }
        Ok(File::from(self.beneath(relative, access.flags(), access.mode())?))
    }

    /// Opens a plain file, so that it can be written to without waiting for whoever reads a pipe.
    pub(super) fn plain_file(&self, relative: &str, access: Access) -> io::Result<File> {
        let file = self.file(relative, access)?;
        if file.metadata()?.is_file() {
            Ok(file)
        } else {
            Err(io::Error::new(io::ErrorKind::InvalidData, "it is not a plain file"))
        }
    }

    #[cfg(target_os = "linux")]
    fn beneath(&self, relative: &str, flags: OFlag, mode: Mode) -> io::Result<OwnedFd> {
        use nix::fcntl::{OpenHow, ResolveFlag, openat2};
        let resolve = ResolveFlag::RESOLVE_NO_SYMLINKS | ResolveFlag::RESOLVE_BENEATH;
        match openat2(&self.handle, relative, OpenHow::new().flags(flags).mode(mode).resolve(resolve)) {
            // Kernels before 5.6, and sandboxes that don't know the call.
            Err(Errno::ENOSYS | Errno::EPERM) => self.step_by_step(relative, flags, mode),
            other => Ok(other?),
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn beneath(&self, relative: &str, flags: OFlag, mode: Mode) -> io::Result<OwnedFd> {
        self.step_by_step(relative, flags, mode)
    }

    /// Opens each folder on the way without following links.
    fn step_by_step(&self, relative: &str, flags: OFlag, mode: Mode) -> io::Result<OwnedFd> {
        let mut at: Option<OwnedFd> = None;
        let mut rest = relative;
        while let Some((step, after)) = rest.split_once('/') {
            let folder = OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
            let from = at.as_ref().map_or_else(|| self.handle.as_fd(), AsFd::as_fd);
            at = Some(openat(from, step, folder, Mode::empty())?);
            rest = after;
        }
        let from = at.as_ref().map_or_else(|| self.handle.as_fd(), AsFd::as_fd);
        Ok(openat(from, rest, flags | OFlag::O_NOFOLLOW, mode)?)
    }

    /// Makes a folder if it is missing.
    pub(super) fn make_folder(&self, relative: &str) -> io::Result<()> {
        loop {
            match mkdirat(&self.handle, relative, Mode::from_bits_truncate(0o777)) {
                Ok(()) => return Ok(()),
                Err(Errno::EEXIST) => match self.stat(relative) {
                    Ok(found) if is_folder(&found) => return Ok(()),
                    Ok(_) => return Err(not_a_folder()),
                    // It was removed between the two calls.
                    Err(error) if is_missing(&error) => {}
                    Err(error) => return Err(error),
                },
                Err(error) => return Err(error.into()),
            }
        }
    }

    pub(super) fn is_folder(&self, relative: &str) -> bool {
        self.stat(relative).is_ok_and(|found| is_folder(&found))
    }

    pub(super) fn stat(&self, relative: &str) -> io::Result<FileStat> {
        Ok(fstatat(&self.handle, relative, AtFlags::AT_SYMLINK_NOFOLLOW)?)
    }

    /// The device and the number of a file, which it keeps when it is renamed.
    pub(super) fn identity(&self, relative: &str) -> Option<(u64, u64)> {
        let found = self.stat(relative).ok()?;
        // On Linux both are `u64` already; elsewhere they are narrower or signed.
        #[allow(clippy::unnecessary_cast, reason = "the types differ between systems")]
        Some((found.st_dev as u64, found.st_ino as u64))
    }

    pub(super) fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        Ok(renameat(&self.handle, from, &self.handle, to)?)
    }

    pub(super) fn remove(&self, relative: &str) -> io::Result<()> {
        Ok(unlinkat(&self.handle, relative, UnlinkatFlags::NoRemoveDir)?)
    }

    /// Removes what has the name of a file of ours, be it one or not.
    pub(super) fn remove_whatever(&self, relative: &str) -> io::Result<()> {
        match self.remove(relative) {
            Err(error) if self.is_folder(relative) => {
                self.remove_tree(relative, &|_| false).map_err(|_| error)
            }
            other => other,
        }
    }

    pub(super) fn remove_folder(&self, relative: &str) -> io::Result<()> {
        Ok(unlinkat(&self.handle, relative, UnlinkatFlags::RemoveDir)?)
    }

    /// Removes a folder and what is in it but for the files with names to be `spared`. An error of the kind
    /// `DirectoryNotEmpty` says that there were such, or that something was made meanwhile.
    pub(super) fn remove_tree(&self, relative: &str, spared: &dyn Fn(&str) -> bool) -> io::Result<()> {
        for entry in self.list(relative)? {
            let Ok(Entry { name, kind }) = entry else { continue };
            let path = format!("{relative}/{name}");
            if kind == Some(Type::Directory) {
                self.remove_tree(&path, spared)?;
            } else if !spared(&name) {
                self.remove(&path)?;
            }
        }
        self.remove_folder(relative)
    }

    /// Lists a folder; the empty path is the root.
    pub(super) fn list(&self, relative: &str) -> io::Result<List> {
        let flags = OFlag::O_DIRECTORY | OFlag::O_RDONLY | OFlag::O_CLOEXEC;
        let name = if relative.is_empty() { "." } else { relative };
        Ok(List(Dir::from_fd(self.beneath(name, flags, Mode::empty())?)?.into_iter()))
    }

    /// A small text file that is no link; `None` if it is missing or not that.
    pub(super) fn small_text(&self, relative: &str) -> Option<String> {
        let file = self.plain_file(relative, Access::Read).ok()?;
        if file.metadata().ok()?.len() > 1 << 20 {
            return None;
        }
        let mut text = String::new();
        file.take(1 << 20).read_to_string(&mut text).ok()?;
        Some(text)
    }
}

/// The entries of a folder.
pub(super) struct List(OwningIter);

/// One of them.
pub(super) struct Entry {
    pub(super) name: String,
    /// What it is, where the file system tells without a look at it.
    pub(super) kind: Option<Type>,
}

impl std::fmt::Debug for List {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("List")
    }
}

impl Iterator for List {
    type Item = io::Result<Entry>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let entry = match self.0.next()? {
                Ok(entry) => entry,
                Err(error) => return Some(Err(error.into())),
            };
            // Our own names are ASCII; what has another isn't ours.
            let Some(name) =
                CStr::to_str(entry.file_name()).ok().filter(|name| *name != "." && *name != "..")
            else {
                continue;
            };
            return Some(Ok(Entry { name: name.to_owned(), kind: entry.file_type() }));
        }
    }
}

fn is_folder(found: &FileStat) -> bool {
    found.st_mode & SFlag::S_IFMT.bits() == SFlag::S_IFDIR.bits()
}

/// When a file was last used: read or written, whichever is later.
pub(super) fn used(found: &FileStat) -> SystemTime {
    let time = |seconds: i64, nanos: i64| {
        let since = Duration::new(u64::try_from(seconds).unwrap_or(0), u32::try_from(nanos).unwrap_or(0));
        SystemTime::UNIX_EPOCH.checked_add(since).unwrap_or(SystemTime::UNIX_EPOCH)
    };
    time(found.st_atime, found.st_atime_nsec).max(time(found.st_mtime, found.st_mtime_nsec))
}

pub(super) fn not_a_folder() -> io::Error {
    io::Error::other("it is a link or a file where a folder is expected; remove it")
}

/// Whether there is nothing at a path. A file where a folder should be holds no results either.
pub(super) fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_followed_by_neither_way_of_opening() {
        let place = tempfile::tempdir().unwrap();
        let root = Root::open(place.path()).unwrap();
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("secret"), "x").unwrap();
        root.make_folder("real").unwrap();
        fs::write(root.path("real/file"), "y").unwrap();
        std::os::unix::fs::symlink(outside.path(), root.path("out")).unwrap();
        std::os::unix::fs::symlink(outside.path().join("secret"), root.path("real/link")).unwrap();
        let by_steps = |path: &str, access: Access| root.step_by_step(path, access.flags(), access.mode());
        for path in ["out/secret", "real/link"] {
            assert!(root.file(path, Access::Read).is_err(), "{path}");
            assert!(by_steps(path, Access::Read).is_err(), "{path}");
        }
        assert!(root.file("real/file", Access::Read).is_ok() && by_steps("real/file", Access::Read).is_ok());
        assert!(
            root.file("out/new", Access::Create).is_err() && by_steps("out/new", Access::Create).is_err()
        );
        assert!(root.file("real/new", Access::Create).is_ok());
        assert!(by_steps("real/newer", Access::Create).is_ok());
        assert!(root.make_folder("out").is_err() && root.make_folder("real").is_ok());
        root.remove_tree("real", &|_| false).unwrap();
        assert!(outside.path().join("secret").exists());
    }

    #[test]
    fn a_folder_that_was_moved_away_is_not_the_current_one() {
        let place = tempfile::tempdir().unwrap();
        let (here, there) = (place.path().join("here"), place.path().join("there"));
        fs::create_dir(&here).unwrap();
        let root = Root::open(&here).unwrap();
        assert!(root.is_current());
        fs::rename(&here, &there).unwrap();
        assert!(!root.is_current());
        fs::create_dir(&here).unwrap();
        assert!(!root.is_current());
        root.file("file", Access::Create).unwrap();
        assert!(there.join("file").exists());
    }
}
