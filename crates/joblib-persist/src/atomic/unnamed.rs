//! Files without a name, and how they get one.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags};
use nix::unistd::linkat;

/// A file in `folder` that has no name; `None` where the file system, or a missing `/proc`, does not allow it.
pub(super) fn create(folder: &Path) -> io::Result<Option<File>> {
    match OpenOptions::new().write(true).custom_flags(libc::O_TMPFILE).open(folder) {
        Ok(file) if Path::new("/proc/self/fd").exists() => Ok(Some(file)),
        Ok(_) => Ok(None),
        Err(error) => match error.raw_os_error() {
            // What kernels and file systems without the flag answer.
            Some(libc::EOPNOTSUPP | libc::EISDIR | libc::EINVAL) => Ok(None),
            _ => Err(error),
        },
    }
}

/// Gives `file` the name `path`; over an existing file by way of the name `between`.
pub(super) fn link(file: &File, path: &Path, between: &Path) -> io::Result<()> {
    match name(file, path) {
        Err(Errno::EEXIST) => {}
        // What a killed process left would take this file's place for a moment at the next dump.
        Ok(()) if fs::symlink_metadata(between).is_ok_and(|found| found.is_file()) => {
            let _ = fs::remove_file(between);
            return Ok(());
        }
        other => return other.map_err(Into::into),
    }
    loop {
        match name(file, between) {
            Ok(()) => return put_in_place(between, path),
            // Somebody is at the same point, or was killed there. What stands there is complete, so it may go ahead.
            Err(Errno::EEXIST) => put_in_place(between, path)?,
            Err(errno) => return Err(errno.into()),
        }
    }
}

fn name(file: &File, path: &Path) -> Result<(), Errno> {
    let source = format!("/proc/self/fd/{}", file.as_raw_fd());
    linkat(AT_FDCWD, source.as_str(), AT_FDCWD, path, AtFlags::AT_SYMLINK_FOLLOW)
}

/// Renames; that somebody else did it first is as good.
fn put_in_place(between: &Path, path: &Path) -> io::Result<()> {
    match fs::rename(between, path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) if between.is_dir() => Err(io::Error::new(
            error.kind(),
            format!(
                "{} is a folder and has the name that a new file has before it takes the old one's place; \
                 expected no folder there: rename or remove it",
                between.display()
            ),
        )),
        other => other,
    }
}
