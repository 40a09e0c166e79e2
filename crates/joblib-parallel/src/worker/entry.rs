//! How a process becomes a worker: by a function that the C library calls before `main`, so that users have nothing to
//! write in theirs.
//!
//! In a process that is not a worker it looks at the environment and returns.

use std::ffi::{c_char, c_int};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use nix::sys::signal::{SigHandler, Signal, kill, signal};
use nix::unistd::{Pid, getpgrp, getpid, setpgid};

use super::constructors::{self, Constructor};
use super::serve::{End, serve};
use super::summons::{self, Summons};
use crate::wire::connection::send_all;
use crate::wire::function_id;
use crate::wire::message;
use crate::wire::status_page::StatusPage;

// The C library calls every function in this section, in processes that are not workers as well.
#[used]
#[cfg_attr(target_os = "macos", unsafe(link_section = "__DATA,__mod_init_func"))]
#[cfg_attr(not(target_os = "macos"), unsafe(link_section = ".init_array"))]
static ENTRY: Constructor = enter;

extern "C" fn enter(argc: c_int, argv: *const *const c_char, envp: *const *const c_char) {
    let Some(summons) = summons::read() else { return };
    // In a library that a worker's executable is linked with: the worker is the executable's.
    if !function_id::is_in_executable() {
        return;
    }
    let others = || constructors::run_those_after(&ENTRY, (argc, argv, envp));
    // A panic must not cross into the C library; outside of tasks there is no reason for one.
    let code = std::panic::catch_unwind(|| match summons {
        Summons::Ours => {
            let socket = summons::answer();
            others();
            Some(become_worker(socket))
        }
        Summons::OtherVersion(version) => {
            // If the program contains that version, its entry is among the others, and they do not return.
            if !others() {
                return None;
            }
            refuse_by_input(&format!("the program is another one than its parent, of {version}"));
            Some(1)
        }
    });
    if let Some(code) = code.unwrap_or(Some(1)) {
        // SAFETY: nothing of `main` has run; there is nothing to clean up, and nobody to return to.
        unsafe { libc::_exit(code) }
    }
}

/// Keeps the worker entry in the program: the linker leaves out what nobody mentions.
pub(crate) fn is_linked() -> bool {
    (&raw const ENTRY).is_aligned()
}

fn become_worker(socket: std::io::Result<OwnedFd>) -> i32 {
    // Before `main` this is still at its default, which would end the worker when a task writes to a closed pipe.
    // SAFETY: ignoring a signal runs no code.
    let _ = unsafe { signal(Signal::SIGPIPE, SigHandler::SigIgn) };
    name_process();
    match socket {
        Ok(socket) => run(socket, None),
        Err(error) => {
            refuse_by_input(&format!("its socket can't be kept: {error}"));
            1
        }
    }
}

/// Tells the parent why there will be no worker.
fn refuse(socket: BorrowedFd<'_>, reason: &str) {
    // A parent that is gone needs no answer.
    let _ = message::refusal_frame(reason).map(|frame| send_all(socket, frame));
}

/// Tells it by the standard input, where that is still the socket.
fn refuse_by_input(reason: &str) {
    if let Some(socket) = summons::input() {
        refuse(socket, reason);
    }
}

/// Serves in a process group of its own: Ctrl-C is for the parent to act on, and a task's own processes can be ended
/// with the worker. A forked worker has its status page already.
pub(crate) fn run(socket: OwnedFd, page: Option<StatusPage>) -> i32 {
    let _ = setpgid(Pid::from_raw(0), Pid::from_raw(0));
    // To the terminal such a group is in the background, and could be stopped when a task prints.
    // SAFETY: ignoring a signal runs no code.
    let _ = unsafe { signal(Signal::SIGTTOU, SigHandler::SigIgn) };
    let answer = match socket.try_clone() {
        Ok(answer) => answer,
        Err(error) => {
            refuse(socket.as_fd(), &format!("its socket can't be copied: {error}"));
            return 3;
        }
    };
    match serve(socket, page) {
        End::Left => {
            // What its tasks may have left behind goes with it. (0: the group of the caller, if it leads one.)
            if getpgrp() == getpid() {
                let _ = kill(Pid::from_raw(0), Signal::SIGKILL);
            }
            0
        }
        End::Refused(reason) => {
            refuse(answer.as_fd(), &reason);
            3
        }
        End::Broken(reason) => {
            tracing::error!(%reason, "a worker ends");
            3
        }
    }
}

#[cfg(target_os = "linux")]
fn name_process() {
    // SAFETY: the name is a C string of fewer than 16 bytes.
    unsafe { libc::prctl(libc::PR_SET_NAME, c"joblib-worker".as_ptr()) };
}

#[cfg(not(target_os = "linux"))]
fn name_process() {}
