//! The corpus through backends of other hosts: all of it in one program, which connects once.

use std::process::Command;

use joblib_tests::dask::{self, Cluster};

use super::doors;

/// Runs the tests of the corpus with a backend of other hosts as their door.
fn through(backend: &str, variables: &[(&str, &str)]) {
    let mut command = Command::new(std::env::current_exe().expect("this program has a path"));
    command.args(["corpus::", "--skip", "corpus::hosts::", "--test-threads=1"]);
    command.env(doors::BACKEND, backend).envs(variables.iter().copied());
    let output = command.output().expect("it starts");
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{printed}\n{}", String::from_utf8_lossy(&output.stderr));
    let passed =
        printed.rsplit_once(" passed").and_then(|(before, _)| before.rsplit(' ').next()?.parse::<u32>().ok());
    assert!(passed.is_some_and(|passed| passed > 15), "{printed}");
}

#[test]
fn values_come_back_equal_from_nodes() {
    through("nodes", &[("JOBLIB_NODES", "command env")]);
}

#[test]
fn values_come_back_equal_from_a_dask_cluster() {
    let Some(python) = dask::python() else { return };
    let cluster = Cluster::start(python, 1, &[]);
    let python = cluster.python.to_str().expect("a path of text");
    through(
        "dask",
        &[("JOBLIB_DASK_ADDRESS", &cluster.address), ("JOBLIB_PYTHON", python), ("JOBLIB_DASK_WAIT", "60")],
    );
}
