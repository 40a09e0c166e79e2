//! The worker's other thread, which makes sure that the worker does not outlive its parent.
//!
//! It sleeps until the parent's process ends, or its end of the socket is closed, and then kills the worker with the
//! processes that its tasks started. Between tasks nothing is lost by that, for outcomes and output are sent before a
//! worker waits for work; during a task it is what the parent wants.
//!
//! A worker that is stopped has no thread that could see that. It is continued when its parent ends: by the system, which
//! does so for a process group that is left behind with a stopped process in it, but only if all threads of the process had
//! stopped by then; and therefore by a signal as well.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, getpgrp, getpid, getppid};

use crate::sys::pidfd::pidfd;

/// Starts the thread.
pub(crate) fn start(socket: BorrowedFd<'_>) -> io::Result<()> {
    let socket = socket.try_clone_to_owned()?;
    continue_when_parent_ends();
    let parent = pidfd(getppid());
    std::thread::Builder::new().name("joblib-watch".to_owned()).stack_size(64 << 10).spawn(move || {
        wait(&socket, parent.as_ref());
        // The worker leads a process group of its own, unless that was not allowed. (0: the group of the caller.)
        let target = if getpgrp() == getpid() { Pid::from_raw(0) } else { getpid() };
        let _ = kill(target, Signal::SIGKILL);
    })?;
    Ok(())
}

/// The signal is sent when the thread ends that started this worker, even if others of its process go on: to a process that
/// is not stopped it does nothing.
#[cfg(target_os = "linux")]
fn continue_when_parent_ends() {
    // Without it, what the system does is still there.
    let _ = nix::sys::prctl::set_pdeathsig(Signal::SIGCONT);
}

#[cfg(not(target_os = "linux"))]
fn continue_when_parent_ends() {}

fn wait(socket: &OwnedFd, parent: Option<&OwnedFd>) {
    loop {
        // That the other end is closed is reported always.
        let mut watched = vec![PollFd::new(socket.as_fd(), PollFlags::empty())];
        watched.extend(parent.map(|parent| PollFd::new(parent.as_fd(), PollFlags::POLLIN)));
        match poll(&mut watched, PollTimeout::NONE) {
            Err(nix::errno::Errno::EINTR) => {}
            _ => return,
        }
    }
}
