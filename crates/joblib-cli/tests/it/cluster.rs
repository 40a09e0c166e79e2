//! `joblib cluster` on a real scheduler.

use std::process::{Command, Output};

use joblib_tests::dask::{Cluster, python};

fn joblib(cluster: &Cluster, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_joblib"));
    command
        .args(["cluster", "--wait", "60"])
        .args(args)
        .env("JOBLIB_PYTHON", &cluster.python)
        .output()
        .expect("it starts")
}

fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

#[test]
fn check_says_what_a_cluster_is_made_of_and_clean_removes_what_check_left() {
    let Some(python) = python() else { return };
    let cluster = Cluster::start(python, 1, &[]);
    let text = stdout(&joblib(&cluster, &["check", &cluster.address]));
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], format!("{}: 1 thread on 1 worker", cluster.address));
    assert!(lines[1].starts_with("MEMBER") && lines[1].ends_with("THREADS"), "{text}");
    assert!(lines[2].starts_with("the caller ") && lines[3].starts_with("the scheduler "), "{text}");
    assert!(lines[4].starts_with("tcp://127.0.0.1:") && lines[4].ends_with(" 1"), "{text}");
    assert!(lines[5].contains(" of this program"), "{text}");
    assert!(
        lines[6].starts_with("the first task took ") && lines[7].contains("array of 8.0 MB took"),
        "{text}"
    );

    // The address may come from the environment, and the program is there now.
    let mut command = Command::new(env!("CARGO_BIN_EXE_joblib"));
    command.args(["cluster", "check", "--json"]).env("JOBLIB_PYTHON", &cluster.python);
    let output = command.env("JOBLIB_DASK_ADDRESS", &cluster.address).output().expect("it starts");
    let document: serde_json::Value = serde_json::from_str(&stdout(&output)).expect("JSON");
    assert_eq!(document["address"], cluster.address);
    assert_eq!((&document["threads"], &document["program_bytes_sent"]), (&1.into(), &0.into()));
    assert_eq!(document["members"].as_array().expect("a list").len(), 3);
    for time in
        ["connect_seconds", "first_task_seconds", "task_seconds", "array_seconds", "array_again_seconds"]
    {
        assert!(document[time].as_f64().is_some_and(|seconds| seconds > 0.0), "{time}: {document}");
    }

    let text = stdout(&joblib(&cluster, &["clean", &cluster.address]));
    assert!(text.starts_with("removed 1 program not connected to it, and 1 file of "), "{text}");
    let document = stdout(&joblib(&cluster, &["clean", &cluster.address, "--json"]));
    assert_eq!(document.trim(), r#"{"programs":0,"files":0,"bytes":0}"#);
}

#[test]
fn a_cluster_that_is_not_there_is_an_error_that_says_what_to_do() {
    let Some(python) = python() else { return };
    for command in ["check", "clean"] {
        let mut joblib = Command::new(env!("CARGO_BIN_EXE_joblib"));
        joblib.args(["cluster", "--wait", "1", command, "tcp://127.0.0.1:1"]).env("JOBLIB_PYTHON", &python);
        let output = joblib.output().expect("it starts");
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(error.contains("no Dask scheduler at tcp://127.0.0.1:1"), "{error}");
    }
}
