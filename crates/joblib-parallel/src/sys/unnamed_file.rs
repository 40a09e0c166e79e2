//! Files without a name: they are gone with the last process that has them open.

use std::fs::File;
use std::io;
use std::path::Path;

/// A new file in memory.
///
/// # Errors
///
/// Returns an error if the process has no descriptor left, or the system no memory.
#[cfg(target_os = "linux")]
pub(crate) fn in_memory() -> io::Result<File> {
    use nix::sys::memfd::{MFdFlags, memfd_create};
    Ok(memfd_create("joblib", MFdFlags::MFD_CLOEXEC)?.into())
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn in_memory() -> io::Result<File> {
    in_folder(&std::env::temp_dir())
}

/// A new file on the disk of `folder`.
///
/// # Errors
///
/// Returns an error if `folder` does not exist or may not be written to.
#[cfg(target_os = "linux")]
pub(crate) fn in_folder(folder: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;

    let mut options = File::options();
    options.read(true).write(true).mode(0o600);
    match options.clone().custom_flags(libc::O_TMPFILE).open(folder) {
        // Some file systems have no files that never had a name.
        Err(error) if matches!(error.raw_os_error(), Some(libc::EOPNOTSUPP | libc::EISDIR)) => {
            named_for_a_moment(folder)
        }
        other => other,
    }
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn in_folder(folder: &Path) -> io::Result<File> {
    named_for_a_moment(folder)
}

/// A file whose name is removed as soon as it is open.
fn named_for_a_moment(folder: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    use std::sync::atomic::{AtomicU64, Ordering};

    static NEXT: AtomicU64 = AtomicU64::new(0);
    loop {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = folder.join(format!(".joblib-{}-{number}", std::process::id()));
        match File::options().read(true).write(true).create_new(true).mode(0o600).open(&path) {
            // A process of the same number may have ended between its two steps.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
            Ok(file) => {
                std::fs::remove_file(&path)?;
                return Ok(file);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Seek, Write};

    use super::{in_folder, in_memory, named_for_a_moment};

    #[test]
    fn what_is_written_can_be_read_and_no_name_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let files = [in_memory(), in_folder(folder.path()), named_for_a_moment(folder.path())];
        for mut file in files.map(Result::unwrap) {
            file.write_all(b"bytes").unwrap();
            file.rewind().unwrap();
            let mut read = String::new();
            file.read_to_string(&mut read).unwrap();
            assert_eq!(read, "bytes");
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_folder_that_is_missing_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        assert!(in_folder(&folder.path().join("missing")).is_err());
    }
}
