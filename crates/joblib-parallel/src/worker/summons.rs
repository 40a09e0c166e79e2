//! How a process knows that it is to be a worker.
//!
//! Its parent says so by a variable of the environment, and gives it a socket as its standard input. The variable alone is
//! not enough: it may be left in an environment by accident, and the program that finds it there is to run as ever. So it
//! names the parent, and the socket has to be one that the parent made.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// The variable: the version of the protocol, and the parent's process id.
const NAME: &str = "JOBLIB_PARALLEL_WORKER";
/// Both run the same executable, unless its file was replaced where a process can't name its own.
const VERSION: &str = concat!("joblib-parallel ", env!("CARGO_PKG_VERSION"));

/// What makes a worker of a process: a variable, and its value.
pub(crate) fn variable() -> (&'static str, String) {
    (NAME, format!("{VERSION} {}", std::process::id()))
}

/// Whose worker this process is to be.
pub(super) enum Summons {
    /// This version's.
    Ours,
    /// That of another version of this crate, which the program may contain as well.
    OtherVersion(String),
}

/// Whether this process was started as a worker.
pub(super) fn read() -> Option<Summons> {
    let value = std::env::var(NAME).ok()?;
    let (version, parent) = value.rsplit_once(' ')?;
    if !is_socket_of(input()?, parent.parse().ok()?) {
        return None;
    }
    Some(if version == VERSION { Summons::Ours } else { Summons::OtherVersion(version.to_owned()) })
}

/// The standard input, if it is open, as it is if the process was started as a worker.
pub(super) fn input() -> Option<BorrowedFd<'static>> {
    // SAFETY: it looks at a number, which need not be that of an open descriptor.
    let is_open = unsafe { libc::fcntl(0, libc::F_GETFD) } != -1;
    // SAFETY: it is open, and stays so while it is used here: `main` has not begun, and no constructor closes a descriptor that
    // it did not open. Where it is replaced, the number is that of an open descriptor all the time.
    is_open.then(|| unsafe { BorrowedFd::borrow_raw(0) })
}

#[cfg(target_os = "linux")]
fn is_socket_of(fd: BorrowedFd<'_>, pid: i32) -> bool {
    use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};
    getsockopt(&fd, PeerCredentials).is_ok_and(|peer| peer.pid() == pid)
}

#[cfg(not(target_os = "linux"))]
fn is_socket_of(fd: BorrowedFd<'_>, pid: i32) -> bool {
    use nix::sys::socket::{UnixAddr, getsockname};
    let is_socket = getsockname::<UnixAddr>(std::os::fd::AsRawFd::as_raw_fd(&fd)).is_ok();
    is_socket && nix::unistd::getppid().as_raw() == pid
}

/// Whether this process has one thread for certain. A constructor that ran before this crate's may have started others.
fn is_single_threaded() -> bool {
    std::fs::read_dir("/proc/self/task").is_ok_and(|threads| threads.count() == 1)
}

/// Takes the socket out of the standard input, and leaves an empty input to the tasks.
///
/// # Errors
///
/// Returns an error if the process has no descriptor left.
pub(super) fn answer() -> std::io::Result<OwnedFd> {
    // Left where it is, it makes no worker of the processes that tasks start: their input is another one.
    if is_single_threaded() {
        // SAFETY: this is the only thread, so nobody reads the environment meanwhile.
        unsafe { std::env::remove_var(NAME) };
    }
    let input = input().ok_or_else(|| std::io::Error::from_raw_os_error(libc::EBADF))?;
    let socket = input.try_clone_to_owned()?;
    // `/dev/null` may not be there.
    let (empty, _) = std::io::pipe()?;
    nix::unistd::dup2_stdin(empty.as_fd())?;
    Ok(socket)
}
