//! This program, started again to run one test that is ignored otherwise: the role that a test's child plays.

use std::process::{Command, Output};
use std::time::{Duration, Instant};

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
