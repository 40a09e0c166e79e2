//! Child processes for tests: the test's own executable, started again for one test that plays the child.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

/// The variable that tells a test that it is the child, and what to do.
const ROLE: &str = "JOBLIB_TEST_CHILD";

/// The command that starts this executable again to run only `test`, with `role` to play.
///
/// # Panics
///
/// If the system does not tell where this executable is.
pub fn command(test: &str, role: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("a test knows its executable"));
    command.args([test, "--exact", "--nocapture", "--quiet"]).env(ROLE, role).stdout(Stdio::null());
    command
}

/// What this process is to do, if it is a child.
pub fn role() -> Option<String> {
    std::env::var(ROLE).ok()
}

/// What a child says when it is where the test wants it: the test harness prints lines of its own before.
const HERE: &str = "the child is here";

/// In the child: says so.
#[allow(clippy::print_stdout, reason = "it is how parent and child talk")]
pub fn here() {
    println!("{HERE}");
}

/// Waits until the child, whose standard output is piped, said that it is [`here`].
///
/// # Panics
///
/// If it ends before.
pub fn wait_for(child: &mut Child) {
    let mut output = BufReader::new(child.stdout.take().expect("the child's output is piped"));
    let found = output.by_ref().lines().any(|line| line.expect("a line of text").ends_with(HERE));
    assert!(found, "the child ended before it said anything");
    // What it writes later must not find a closed pipe.
    child.stdout = Some(output.into_inner());
}
