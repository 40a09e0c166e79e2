//! A file that appears whole or not at all, and leaves nothing behind when the process is killed.
//!
//! On Linux the file has no name until it is complete (`O_TMPFILE`), so there is nothing to clean up. Giving it the name
//! of a new file is one step (`linkat`). To take the place of a file it needs a name of its own first, then `rename`:
//! between these two calls a kill leaves a complete file under the name `.<name>.joblib-new`. Whoever dumps to the same
//! path next finds it, and finishes what the dead process began. The same goes for two processes that dump to one
//! path at the same time: each can finish for the other, so none fails and none waits.
//!
//! Elsewhere, and on file systems without `O_TMPFILE`, the file is made under a random name and renamed.
//!
//! A pipe, a device or a terminal at the path is written to as it is: nothing may take its place.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

#[cfg(target_os = "linux")]
mod unnamed;

/// A file on its way to `path`.
pub(crate) struct AtomicFile {
    file: File,
    path: PathBuf,
    name: Name,
}

/// What a file is called until it is complete.
enum Name {
    /// It has none.
    #[cfg(target_os = "linux")]
    None,
    Temporary(PathBuf),
    /// The file itself: a pipe, a terminal or another special file can't be replaced, only written to.
    Own,
}

impl AtomicFile {
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        let replaced = match fs::metadata(path) {
            // No path at all, such as one with a NUL byte.
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => return Err(error),
            found => found.ok(),
        };
        match &replaced {
            Some(found) if found.is_dir() => return Err(io::Error::from(io::ErrorKind::IsADirectory)),
            Some(found) if !found.is_file() => {
                let file = OpenOptions::new().write(true).open(path)?;
                return Ok(Self { file, path: path.to_owned(), name: Name::Own });
            }
            _ => {}
        }
        // A link is written through: its target is replaced, as by writing to it.
        let path = match fs::symlink_metadata(path) {
            Ok(found) if found.is_symlink() => target_of(path)?,
            _ => path.to_owned(),
        };
        if path.file_name().is_none() {
            return Err(io::Error::new(io::ErrorKind::InvalidFilename, "the path names no file"));
        }
        let new = Self::create_new(path)?;
        if let Some(replaced) = replaced {
            keep_access(&new.file, &replaced)?;
        }
        Ok(new)
    }

    fn create_new(path: PathBuf) -> io::Result<Self> {
        #[cfg(target_os = "linux")]
        if let Some(file) = unnamed::create(folder_of(&path))? {
            return Ok(Self { file, path, name: Name::None });
        }
        let (file, temporary) = create_named(&path)?;
        Ok(Self { file, path, name: Name::Temporary(temporary) })
    }

    /// A handle to write to the file, from its start.
    pub(crate) fn handle(&self) -> io::Result<File> {
        self.file.try_clone()
    }

    /// Gives the complete file its name.
    pub(crate) fn commit(mut self) -> io::Result<()> {
        match std::mem::replace(&mut self.name, Name::Own) {
            #[cfg(target_os = "linux")]
            Name::None => unnamed::link(&self.file, &self.path, &beside(&self.path, "joblib-new")),
            Name::Temporary(temporary) => fs::rename(&temporary, &self.path).inspect_err(|_| {
                let _ = fs::remove_file(&temporary);
            }),
            Name::Own => Ok(()),
        }
    }
}

impl Drop for AtomicFile {
    fn drop(&mut self) {
        if let Name::Temporary(temporary) = &self.name {
            let _ = fs::remove_file(temporary);
        }
    }
}

/// Gives a file that is still empty the permissions of the one it replaces, so that nobody reads who could not before.
fn keep_access(file: &File, replaced: &fs::Metadata) -> io::Result<()> {
    const PERMISSIONS: u32 = 0o777;
    let new = file.metadata()?;
    if (new.uid(), new.gid()) != (replaced.uid(), replaced.gid()) {
        // Only some users may; others own what they write.
        let _ = fchown(file, Some(replaced.uid()), Some(replaced.gid()));
    }
    let mode = replaced.mode() & PERMISSIONS;
    if new.mode() & PERMISSIONS == mode {
        return Ok(());
    }
    file.set_permissions(fs::Permissions::from_mode(mode))
}

/// Where a link leads to, though nothing may be there.
fn target_of(link: &Path) -> io::Result<PathBuf> {
    /// As many links as Linux follows.
    const MAX_LINKS: usize = 40;
    if let Ok(target) = fs::canonicalize(link) {
        return Ok(target);
    }
    let mut path = link.to_owned();
    for _ in 0..MAX_LINKS {
        match fs::read_link(&path) {
            Ok(target) => path = folder_of(&path).join(target),
            // It is the last one.
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::from_raw_os_error(libc::ELOOP))
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// A hidden name beside `path`, short enough for every file system.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    const LONGEST: usize = 255;
    let name = path.file_name().unwrap_or_default();
    let mut hidden = OsString::from(".");
    if name.len() + suffix.len() + 2 <= LONGEST {
        hidden.push(name);
    } else {
        hidden.push(format!("{:016x}", crate::format::checksum(name.as_encoded_bytes())));
    }
    hidden.push(".");
    hidden.push(suffix);
    path.with_file_name(hidden)
}

/// Creates a file under a name that no other one has.
fn create_named(path: &Path) -> io::Result<(File, PathBuf)> {
    use std::hash::{BuildHasher, RandomState};

    loop {
        let random = RandomState::new().hash_one(std::process::id());
        let temporary = beside(path, &format!("{random:016x}.joblib-new"));
        match OpenOptions::new().write(true).create_new(true).open(&temporary) {
            Ok(file) => return Ok((file, temporary)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
}
