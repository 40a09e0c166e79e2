//! Programs of the system that a few tests run their own programs with, and that are not everywhere.
//!
//! Where one is missing, or may not do what it is for, the tests are told to do without it, and the end of the run says so.

use std::process::Command;

use crate::run::succeeds;

/// The variable that names those that are missing, with commas between them.
pub(super) const VARIABLE: &str = "JOBLIB_TEST_WITHOUT";

/// A program, with arguments with which it succeeds where it can be used, and what is not tested without it. Without
/// arguments, it has to be there.
const PROGRAMS: [(&str, &str, &str); 7] = [
    ("valgrind", "--tool=none true", "worker processes of a program that valgrind runs"),
    (
        "unshare",
        "--user --map-root-user --mount mount -t tmpfs none /proc",
        "worker processes of a program without /proc",
    ),
    ("ip", "link show lo", "a Dask cluster of hosts with addresses of their own"),
    ("openssl", "version", "a Dask cluster with TLS"),
    ("sshd", "", "nodes that a real sshd leads to"),
    ("slurmd", "", "nodes of an allocation of a real Slurm"),
    ("chromium", "--version", "pages of `joblib report` in a browser"),
];

/// The programs that are missing, and what is not tested without each.
pub(super) fn missing() -> Vec<(&'static str, &'static str)> {
    let is_missing = |program: &str, arguments: &str| match arguments {
        "" => !is_installed(program),
        _ => !succeeds(Command::new(program).args(arguments.split_whitespace())),
    };
    let missing = PROGRAMS.into_iter().filter(|(program, arguments, _)| is_missing(program, arguments));
    missing.map(|(program, _, untested)| (program, untested)).collect()
}

/// Whether there is such a program. Servers are where the path of users does not lead.
fn is_installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
    folders.any(|folder| folder.join(program).exists())
}

/// Prints what was not tested.
pub(super) fn print(missing: &[(&str, &str)]) {
    for (program, untested) in missing {
        eprintln!("NOT TESTED here, for there is no `{program}` that works: {untested}");
    }
}
