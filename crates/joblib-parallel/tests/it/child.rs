//! This program, started again to run one test that is ignored otherwise: the role that a test's child plays.

use std::fs::File;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use nix::unistd::Pid;

/// A command that runs the ignored test `role`, such as `shutdown::a_program_that_waits`.
pub(crate) fn role(role: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", role, "--ignored", "--nocapture"]);
    command
}

/// Runs a role, which has to succeed within a generous bound; returns what it printed.
pub(crate) fn play(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = output_within(command, Duration::from_mins(3));
    let stdout = String::from_utf8_lossy(&stdout).into_owned();
    assert!(status.success(), "{status}\n{stdout}\n{}", String::from_utf8_lossy(&stderr));
    assert!(stdout.contains("1 passed"), "there is no such role: {stdout}");
    stdout
}

/// The output of `command`, which is killed when it does not end within `limit`.
pub(crate) fn output_within(command: &mut Command, limit: Duration) -> Output {
    let child = command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let child = child.spawn().unwrap();
    let pid = nix::unistd::Pid::from_raw(child.id().cast_signed());
    let waiting = std::thread::spawn(move || child.wait_with_output().unwrap());
    let until = Instant::now() + limit;
    while !waiting.is_finished() {
        if Instant::now() > until {
            let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL);
            panic!("the program hangs");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    waiting.join().unwrap()
}

/// Starts `command` in a terminal of its own; returns the end that stands for keyboard and screen.
pub(crate) fn in_terminal(mut command: Command) -> (Child, File) {
    let pty = nix::pty::openpty(None, None).unwrap();
    let terminal = || Stdio::from(pty.slave.try_clone().unwrap());
    command.stdin(terminal()).stdout(terminal()).stderr(terminal());
    // SAFETY: both calls are allowed between fork and exec.
    unsafe {
        command.pre_exec(|| {
            libc::setsid();
            libc::ioctl(0, libc::TIOCSCTTY, 0);
            Ok(())
        });
    }
    let child = command.spawn().unwrap();
    (child, pty.master.into())
}

/// Waits until a process is in the state that `/proc` has this letter for; a process that is gone has none.
pub(crate) fn comes_to(pid: Pid, is: impl Fn(Option<char>) -> bool) -> bool {
    let until = Instant::now() + Duration::from_secs(20);
    while Instant::now() < until {
        let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok();
        if is(state.and_then(|state| state.rsplit(')').next()?.trim_start().chars().next())) {
            return true;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    false
}

/// Waits for a process that is not ours to be gone, or dead and not yet collected by whoever inherited it.
pub(crate) fn is_gone(pid: Pid) -> bool {
    comes_to(pid, |state| state.is_none_or(|state| state == 'Z'))
}
