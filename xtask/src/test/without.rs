//! Programs of the system that a few tests run their own programs with, and that are not everywhere.
//!
//! Where one is missing, or may not do what it is for, the tests are told to do without it, and the end of the run says so.

use std::process::Command;

use crate::run::succeeds;

/// The variable that names those that are missing, with commas between them.
pub(super) const VARIABLE: &str = "JOBLIB_TEST_WITHOUT";

/// A program, with arguments with which it succeeds where it can be used, and what is not tested without it.
const PROGRAMS: [(&str, &str, &str); 3] = [
    ("valgrind", "--tool=none true", "worker processes of a program that valgrind runs"),
    (
        "unshare",
        "--user --map-root-user --mount mount -t tmpfs none /proc",
        "worker processes of a program without /proc",
    ),
    ("chromium", "--version", "pages of `joblib report` in a browser"),
];

/// The programs that are missing, and what is not tested without each.
pub(super) fn missing() -> Vec<(&'static str, &'static str)> {
    let is_missing =
        |program: &str, arguments: &str| !succeeds(Command::new(program).args(arguments.split_whitespace()));
    let missing = PROGRAMS.into_iter().filter(|(program, arguments, _)| is_missing(program, arguments));
    missing.map(|(program, _, untested)| (program, untested)).collect()
}

/// Prints what was not tested.
pub(super) fn print(missing: &[(&str, &str)]) {
    for (program, untested) in missing {
        eprintln!("NOT TESTED here, for there is no `{program}` that works: {untested}");
    }
}
