//! Child processes for tests: the test's own executable, started again to run one ignored test of it, the child's role.
//!
//! A role is a function with `#[test]` and `#[ignore = "the role of a child process"]`. Its parent names the function
//! itself, so that a role that was renamed or removed does not compile.

use std::any::type_name;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Output, Stdio};

use crate::example::printed;

/// The variable that carries the argument of a role.
const ARGUMENT: &str = "JOBLIB_TEST_CHILD";

/// The command that starts this executable again to run only the test `role`, which finds `argument` by [`argument()`].
/// Its standard output goes nowhere.
///
/// # Panics
///
/// If the system does not tell where this executable is.
pub fn command<F: Fn()>(_role: F, argument: &str) -> Command {
    // The harness names a test by its modules, without the crate that the type's name begins with.
    let (_, test) = type_name::<F>().split_once("::").unwrap_or_default();
    let mut command = Command::new(std::env::current_exe().expect("a test knows its executable"));
    command
        .args([test, "--exact", "--ignored", "--nocapture", "--quiet"])
        .env(ARGUMENT, argument)
        .stdout(Stdio::null());
    command
}

/// Runs the test `role` in a child process to its end, and gives what it printed.
///
/// # Panics
///
/// If the child fails, or runs no test.
pub fn run<F: Fn()>(role: F, argument: &str) -> Output {
    complete(&mut command(role, argument))
}

/// Runs a command that [`command()`] gave to its end, and gives what the child printed.
///
/// # Panics
///
/// If the child fails, or runs no test.
pub fn complete(command: &mut Command) -> Output {
    let output = command.stdout(Stdio::piped()).stderr(Stdio::piped()).output().expect("the child starts");
    let succeeded = output.status.success();
    let ran = String::from_utf8_lossy(&output.stdout).contains("running 1 test");
    assert!(
        succeeded && ran,
        "the child {}: {}",
        if ran { "failed" } else { "runs no test" },
        printed(&output)
    );
    output
}

/// In the child: the argument that the parent gave.
///
/// # Panics
///
/// If no parent started this process: a role is nothing by itself.
pub fn argument() -> String {
    std::env::var(ARGUMENT).expect("another test starts this one in a child process")
}

/// Whether this process is a child.
pub fn is_child() -> bool {
    std::env::var_os(ARGUMENT).is_some()
}

/// What a child says when it is ready: the test harness prints lines of its own before.
const READY: &str = "the child is ready";

/// In the child: tells the parent that it is where the test wants it.
#[allow(clippy::print_stdout, reason = "it is how parent and child talk")]
pub fn ready() {
    println!("{READY}");
}

/// Waits until the child, whose standard output is piped, said that it is [`ready`].
///
/// # Panics
///
/// If it ends before.
pub fn wait_until_ready(child: &mut Child) {
    let mut output = BufReader::new(child.stdout.take().expect("the child's output is piped"));
    let found = output.by_ref().lines().any(|line| line.expect("a line of text").ends_with(READY));
    assert!(found, "the child ended before it was ready");
    // What it writes later must not find a closed pipe.
    child.stdout = Some(output.into_inner());
}

/// The most memory that this process has had so far, in bytes.
///
/// # Panics
///
/// Where `/proc` does not tell it.
#[cfg(target_os = "linux")]
pub fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("it can be read");
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("the high-water mark");
    let kibibytes: u64 =
        line.split_whitespace().nth(1).expect("a number").parse().expect("a number of kilobytes");
    kibibytes * 1024
}
