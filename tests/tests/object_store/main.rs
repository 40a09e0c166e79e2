//! Caches in buckets of real servers, which `cargo xtask test` installs. Google's has none.

mod failures;
mod forks;
mod machines;
mod requests;
mod shortcomings;
mod suite;
mod tasks;

use std::path::Path;
use std::process::Command;

use joblib_tests::child;
use joblib_tests::server::Server;

/// A role that finds the server at `port`, with an argument whose first line is the URL of `prefix`.
fn role<F: Fn()>(role: F, server: &Server, port: u16, prefix: &str, rest: &str) -> Command {
    let mut command = child::command(role, &format!("{}\n{rest}", server.url(prefix)));
    command.envs(server.variables(port));
    command
}

/// The lines of a role's argument: the URL, and what else its parent gave.
fn arguments() -> Vec<String> {
    child::argument().lines().map(str::to_owned).collect()
}

/// How many files are in a folder.
fn count(folder: &Path) -> usize {
    std::fs::read_dir(folder).map_or(0, Iterator::count)
}
