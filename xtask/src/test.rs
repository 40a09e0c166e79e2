//! `cargo xtask test`: unit, integration and documentation tests of the whole workspace, beside the real joblib.

use std::process::Command;

use crate::run::{Result, cargo, run, succeeds};
use crate::venv::Venv;

/// What is tested: every crate with every feature. The benchmark's crate has its own command.
const WHAT: &str = "--workspace --exclude joblib-bench --all-features";

/// Runs all tests, or those whose name contains one of the filters (and then no documentation tests).
pub(crate) fn execute(filters: &[String]) -> Result {
    let pythons = [Venv::Today, Venv::Old].map(|venv| venv.python().map(|python| (venv.variable(), python)));
    let with_pythons = |command: &mut Command| -> Result {
        for python in &pythons {
            let (variable, path) = python.as_ref().map_err(Clone::clone)?;
            command.env(variable, path);
        }
        run(command)
    };
    let nextest = succeeds(&mut cargo("nextest --version"));
    let mut tests = if nextest {
        cargo(&format!("nextest run {WHAT} --no-fail-fast"))
    } else {
        cargo(&format!("test --tests {WHAT} --no-fail-fast"))
    };
    with_pythons(tests.args(filters))?;
    if filters.is_empty() {
        with_pythons(&mut cargo(&format!("test --doc {WHAT} --no-fail-fast")))?;
    }
    Ok(())
}
