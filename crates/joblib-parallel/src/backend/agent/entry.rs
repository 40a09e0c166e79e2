//! How a process becomes an agent: by a function that the C library calls before `main`.

use std::ffi::{CStr, c_char, c_int};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use nix::sys::signal::{SigHandler, Signal, signal};

use super::marks::{ARGUMENT, PROBE, VARIABLE};
use super::serve;
use crate::wire::function_id;
use crate::worker::constructors::{self, Constructor};

// The C library calls every function in this section, in processes that are no agents as well.
#[used]
#[cfg_attr(target_os = "macos", unsafe(link_section = "__DATA,__mod_init_func"))]
#[cfg_attr(not(target_os = "macos"), unsafe(link_section = ".init_array"))]
static ENTRY: Constructor = enter;

/// Keeps the agent's entry in the program: the linker leaves out what nobody mentions.
pub(crate) fn is_linked() -> bool {
    (&raw const ENTRY).is_aligned()
}

extern "C" fn enter(argc: c_int, argv: *const *const c_char, envp: *const *const c_char) {
    // SAFETY: before `main` there is one thread, so nobody changes the environment meanwhile.
    if std::env::var(VARIABLE.0).ok().as_deref() != Some(VARIABLE.1) {
        return;
    }
    let Some(argument) = std::env::args_os().nth(1) else { return };
    if argument == PROBE {
        // SAFETY: nothing of `main` has run; there is nothing to clean up.
        unsafe { libc::_exit(0) }
    }
    if argument != ARGUMENT || !function_id::is_in_executable() {
        return;
    }
    // A panic must not cross into the C library.
    let code = std::panic::catch_unwind(|| {
        // SAFETY: one thread, as above. The program's own processes are not to be agents, and a call inside of a task is
        // not to go where the node's environment says: it stays on the node.
        unsafe {
            for name in [VARIABLE.0, "JOBLIB_BACKEND", "JOBLIB_N_JOBS"] {
                std::env::remove_var(name);
            }
            // Still at its default, which would end the agent when the caller is gone.
            let _ = signal(Signal::SIGPIPE, SigHandler::SigIgn);
        }
        name_process();
        let streams = take_streams();
        constructors::run_those_after(&ENTRY, (argc, argv, envp));
        match streams {
            Ok((input, output)) => serve::run(input, output),
            Err(error) => {
                serve::say(format_args!("the agent's streams can't be kept: {error}"));
                1
            }
        }
    });
    // SAFETY: nothing of `main` has run; there is nothing to clean up, and nobody to return to.
    unsafe { libc::_exit(code.unwrap_or(1)) }
}

/// Takes the connection out of the standard streams. Tasks find an empty input, and their output goes to the standard error.
fn take_streams() -> std::io::Result<(OwnedFd, OwnedFd)> {
    // SAFETY: nobody in this process closes these.
    let [input, output, error] = [0, 1, 2].map(|fd| unsafe { BorrowedFd::borrow_raw(fd) });
    let streams = (input.try_clone_to_owned()?, output.try_clone_to_owned()?);
    let (empty, _) = std::io::pipe()?;
    nix::unistd::dup2_stdin(empty.as_fd())?;
    nix::unistd::dup2_stdout(error)?;
    Ok(streams)
}

#[cfg(target_os = "linux")]
fn name_process() {
    // SAFETY: the name is a C string of fewer than 16 bytes.
    unsafe { libc::prctl(libc::PR_SET_NAME, <CStr>::as_ptr(c"joblib-agent")) };
}

#[cfg(not(target_os = "linux"))]
fn name_process() {}
