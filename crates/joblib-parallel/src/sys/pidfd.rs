//! A process as a descriptor that can be waited for together with sockets.

use std::os::fd::OwnedFd;

/// A descriptor that becomes readable when the process ends; `None` where the system has no such thing.
#[cfg(target_os = "linux")]
pub(crate) fn pidfd(pid: nix::unistd::Pid) -> Option<OwnedFd> {
    use std::os::fd::FromRawFd;

    // SAFETY: it takes and returns numbers only.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid.as_raw(), 0) };
    // SAFETY: the kernel just made this descriptor for us.
    (fd >= 0).then(|| unsafe { OwnedFd::from_raw_fd(fd as i32) })
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn pidfd(_pid: nix::unistd::Pid) -> Option<OwnedFd> {
    None
}
