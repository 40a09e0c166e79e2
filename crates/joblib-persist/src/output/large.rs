//! Large blocks to a file: space first, then writing and checking at the same time.

use std::fs::File;
use std::io::{self, Write};
use std::thread;

use crate::format::checksum;

/// From this size on it is worth a thread.
pub(super) const LARGE: usize = 4 << 20;

/// Writes `bytes` at the file's cursor, which is at `position`, and returns their checksum.
pub(super) fn write(mut file: &File, position: u64, bytes: &[u8]) -> io::Result<u64> {
    reserve(file, position, bytes.len() as u64)?;
    thread::scope(|scope| {
        // A file takes one write at a time, so the other core checks.
        let check = thread::Builder::new().spawn_scoped(scope, || checksum(bytes));
        file.write_all(bytes)?;
        match check {
            Ok(check) => {
                check.join().map_err(|_| io::Error::other("the thread that checks a block panicked"))
            }
            // Where no thread can be started, this one does it.
            Err(_) => Ok(checksum(bytes)),
        }
    })
}

/// Asks for the space at once: the file system then need not look for it at each page. Where it can't, nothing is lost.
#[cfg(target_os = "linux")]
fn reserve(file: &File, position: u64, len: u64) -> io::Result<()> {
    use nix::errno::Errno;
    use nix::fcntl::{FallocateFlags, fallocate};

    let (Ok(position), Ok(len)) = (i64::try_from(position), i64::try_from(len)) else {
        return Err(io::Error::from(io::ErrorKind::FileTooLarge));
    };
    match fallocate(file, FallocateFlags::FALLOC_FL_KEEP_SIZE, position, len) {
        Err(errno @ (Errno::ENOSPC | Errno::EFBIG | Errno::EDQUOT)) => Err(errno.into()),
        _ => Ok(()),
    }
}

#[cfg(not(target_os = "linux"))]
#[allow(clippy::unnecessary_wraps)] // The other systems' form can fail.
fn reserve(_: &File, _: u64, _: u64) -> io::Result<()> {
    Ok(())
}
