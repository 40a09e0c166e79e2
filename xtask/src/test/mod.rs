//! `cargo xtask test`: unit, integration and documentation tests of the whole workspace, beside the real joblib.

mod slowest;
mod without;

use std::process::Command;

use crate::azurite;
use crate::run::{Result, Running, cargo, run, succeeds, target};
use crate::venv::Venv;

/// What is tested: every crate with every feature. The tests that build something name the same, so that nothing is built
/// twice.
pub(crate) const WHAT: &str = "--workspace --all-features";

pub(crate) const USAGE: &str = "\
usage: cargo xtask test [FILTER…] [OPTIONS]

Runs all tests of the workspace with all features, then those of the documentation, and prints the slowest. With filters,
only the tests whose names contain one of them, and no documentation tests. `--release` tests optimised code; other options
go to `cargo nextest run`, or to `cargo test` where nextest is not installed (`cargo nextest run --help` lists them).

The tests compare files and values with the real joblib. Its Python environments are made first, below the target folder,
with Python 3.11, its venv module and a package index. These variables name other ones:
  PYTHON                    the Python to make them with
  JOBLIB_TEST_PYTHON        a Python with the packages of tests/python/requirements.txt
  JOBLIB_TEST_PYTHON_OLD    a Python with those of tests/python/requirements-old.txt
  JOBLIB_TEST_PYTHON_SERVERS  a Python with those of tests/python/requirements-servers.txt
  JOBLIB_TEST_PYTHON_DASK   a Python with those of tests/python/requirements-dask.txt
  JOBLIB_TEST_AZURITE       the program azurite-blob; unless it is set, it is installed below the target folder
  JOBLIB_TEST_CHROMIUM      the browser for the pages of `joblib report`; unless it is set, `chromium` (Debian: apt install
                            chromium)

Some tests need `valgrind`, `unshare`, `ip`, `openssl`, `sshd`, `slurmd` and `chromium`. Where one of them does not work, the last lines say what
was not tested. Without this command such a test fails, unless JOBLIB_TEST_WITHOUT names the program.
";

/// Runs all tests, or those whose name contains one of the filters (and then no documentation tests).
pub(crate) fn execute(arguments: &[String]) -> Result {
    let release = arguments.iter().any(|argument| argument == "--release");
    let profile = if release { "--release" } else { "--profile dev" };
    let rest: Vec<&String> = arguments.iter().filter(|argument| *argument != "--release").collect();
    let filtered = rest.iter().any(|argument| !argument.starts_with('-'));

    // Each as a program of its own, for the tests that run them. The environments are installed meanwhile.
    let mut examples = cargo(&format!("build --examples {WHAT} {profile}"));
    let examples = if filtered { None } else { Some(Running::start(&mut examples)?) };

    let mut variables = vec![("JOBLIB_TEST_SELECTION", WHAT.into())];
    for venv in [Venv::Today, Venv::Old, Venv::Servers, Venv::Dask] {
        variables.push((venv.variable(), venv.python()?.into_os_string()));
    }
    variables.push((azurite::VARIABLE, azurite::program(&Venv::Servers.python()?)?.into_os_string()));
    let missing = without::missing();
    let names: Vec<&str> = missing.iter().map(|(program, _)| *program).collect();
    variables.push((without::VARIABLE, names.join(",").into()));
    let with_variables = |mut command: Command| run(command.envs(variables.iter().cloned()));

    let nextest = succeeds(&mut cargo("nextest --version"));
    let mut tests = if nextest {
        // Nextest has profiles of its own.
        let mut command = cargo(&format!(
            "nextest run {WHAT} --no-fail-fast {}",
            profile.replace("--profile", "--cargo-profile")
        ));
        // Many tests wait for servers, clusters and processes half of their time.
        if !rest.iter().any(|argument| argument.starts_with("--test-threads") || argument.starts_with("-j")) {
            let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
            command.arg("--test-threads").arg((2 * processors).to_string());
        }
        command
    } else {
        cargo(&format!("test --tests {WHAT} --no-fail-fast {profile}"))
    };
    tests.args(&rest);
    if let Some(examples) = examples {
        examples.wait()?;
        let folder = if release { "release" } else { "debug" };
        tests.env("JOBLIB_TEST_EXAMPLES", target().join(folder).join("examples"));
    }
    let tested = with_variables(tests);
    if nextest {
        slowest::print();
    }
    tested?;
    if !filtered {
        with_variables(cargo(&format!("test --doc {WHAT} --no-fail-fast {profile}")))?;
    }
    without::print(&missing);
    Ok(())
}
