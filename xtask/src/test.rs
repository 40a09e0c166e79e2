//! `cargo xtask test`: unit, integration and documentation tests of the whole workspace, beside the real joblib.

use std::process::Command;

use crate::run::{Result, cargo, run, succeeds};
use crate::venv::Venv;

/// What is tested: every crate with every feature. The benchmark's crate has its own command.
const WHAT: &str = "--workspace --exclude joblib-bench --all-features";

pub(crate) const USAGE: &str = "\
usage: cargo xtask test [FILTER…] [OPTIONS]

Runs all tests of the workspace with all features, then those of the documentation. With filters, only the tests whose
names contain one of them, and no documentation tests. Options go to `cargo nextest run`, or to `cargo test` where nextest
is not installed (`cargo nextest run --help` lists them).

The tests hold files and values to the real joblib. Its Python environments are made first, below the target folder, with
Python 3.11, its venv module and a package index. These variables name other ones:
  PYTHON                    the Python to make them with
  JOBLIB_TEST_PYTHON        a Python with the packages of tests/python/requirements.txt
  JOBLIB_TEST_PYTHON_OLD    a Python with those of tests/python/requirements-old.txt
";

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
