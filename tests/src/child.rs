//! Child processes for tests: the test's own executable, started again for one test that plays the child.

use std::process::{Command, Stdio};

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
