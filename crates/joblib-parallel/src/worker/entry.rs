//! How a process becomes a worker: by a function that the loader calls before `main`, so that users have nothing to
//! write in theirs.
//!
//! A worker is the same executable, started with [`MARK`] in its environment and a socket as its standard input. In
//! every other process the function looks at the environment and returns.

use std::os::fd::{FromRawFd, OwnedFd};

use nix::sys::signal::{SigHandler, Signal, kill, signal};
use nix::unistd::{Pid, getpgrp, getpid, setpgid};

use super::serve::{End, serve};
use crate::wire::status_page::StatusPage;

/// The variable that makes a worker of a process: its value is the version of the protocol.
pub(crate) const MARK: &str = "JOBLIB_PARALLEL_WORKER";
/// Both are the same executable, so this guards against a variable that was left in an environment by accident.
pub(crate) const VERSION: &str = concat!("joblib-parallel ", env!("CARGO_PKG_VERSION"));

// The loader calls every function in this section, in processes that are not workers as well.
#[used]
#[cfg_attr(target_os = "macos", unsafe(link_section = "__DATA,__mod_init_func"))]
#[cfg_attr(not(target_os = "macos"), unsafe(link_section = ".init_array"))]
static ENTRY: extern "C" fn() = enter;

extern "C" fn enter() {
    if std::env::var_os(MARK).is_none_or(|value| value != VERSION) {
        return;
    }
    // A panic must not cross into the loader; outside of tasks there is no reason for one.
    let code = std::panic::catch_unwind(become_worker).unwrap_or(1);
    // SAFETY: nothing of `main` has run; there is nothing to clean up, and nobody to return to.
    unsafe { libc::_exit(code) }
}

/// Keeps the worker entry in the program: the linker leaves out what nobody mentions.
pub(crate) fn is_linked() -> bool {
    (&raw const ENTRY).is_aligned()
}

fn become_worker() -> i32 {
    // SAFETY: before `main` there is one thread, so nobody reads the environment meanwhile.
    unsafe { std::env::remove_var(MARK) };
    let Some(socket) = take_socket() else { return 2 };
    // Before `main` this is still at its default, which would end the worker when a task writes to a closed pipe.
    // SAFETY: ignoring a signal runs no code.
    let _ = unsafe { signal(Signal::SIGPIPE, SigHandler::SigIgn) };
    name_process();
    run(socket, None)
}

/// Serves in a process group of its own: Ctrl-C is for the parent to act on, and a task's own processes can be ended
/// with the worker. A forked worker has its status page already.
pub(crate) fn run(socket: OwnedFd, page: Option<StatusPage>) -> i32 {
    let _ = setpgid(Pid::from_raw(0), Pid::from_raw(0));
    match serve(socket, page) {
        End::Left => {
            // What its tasks may have left behind goes with it. (0: the group of the caller, if it leads one.)
            if getpgrp() == getpid() {
                let _ = kill(Pid::from_raw(0), Signal::SIGKILL);
            }
            0
        }
        End::Broken(reason) => {
            tracing::error!(%reason, "a worker ends");
            3
        }
    }
}

/// Takes the socket out of standard input, and leaves an empty input to the tasks.
fn take_socket() -> Option<OwnedFd> {
    // SAFETY: descriptor 0 is open if at all by the parent's doing, and nothing in this process owns it yet.
    let input = unsafe { OwnedFd::from_raw_fd(0) };
    let socket = input.try_clone().ok()?;
    nix::sys::socket::getsockname::<nix::sys::socket::UnixAddr>(std::os::fd::AsRawFd::as_raw_fd(&socket))
        .ok()?;
    drop(input);
    let empty = std::fs::File::open("/dev/null").ok()?;
    // The lowest free descriptor is 0, which now stands for the empty input, for good.
    std::mem::forget(empty);
    Some(socket)
}

#[cfg(target_os = "linux")]
fn name_process() {
    // SAFETY: the name is a C string of fewer than 16 bytes.
    unsafe { libc::prctl(libc::PR_SET_NAME, c"joblib-worker".as_ptr()) };
}

#[cfg(not(target_os = "linux"))]
fn name_process() {}
