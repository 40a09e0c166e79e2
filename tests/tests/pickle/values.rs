//! Every value of `python/pickle_cases.py`, written by the real joblib and pickle, is what Python says it is.

use joblib_persist::pickle::Value;
use joblib_tests::python::{self, Release};

use crate::python_value;

fn every_case_holds(release: Release) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/python/pickle_cases.py");
    let run = "import runpy, sys; sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')";
    python::run(release, run, &[script, folder.path().to_str().expect("a UTF-8 path")]);
    let cases = std::fs::read(folder.path().join("cases.json")).expect("the script wrote cases.json");
    let cases: Vec<serde_json::Value> = serde_json::from_slice(&cases).expect("cases.json is JSON");
    let mut failures = Vec::new();
    let mut files = 0;
    for case in &cases {
        for file in case["files"].as_array().expect("a case has files") {
            let file = file.as_str().expect("a file has a name");
            files += 1;
            let result = joblib_persist::load::<Value>(file)
                .map_err(|error| format!("{error:?}"))
                .and_then(|value| python_value::check(&value, &case["expected"]));
            if let Err(failure) = result {
                failures.push(format!("{} in {file}: {failure}", case["name"]));
            }
        }
    }
    assert!(failures.is_empty(), "{} of {files} files:\n{}", failures.len(), failures.join("\n"));
    assert!(files > 300, "the script wrote only {files} files");
}

#[test]
fn values_of_todays_python_are_what_it_says_they_are() {
    every_case_holds(Release::Today);
}

#[test]
fn values_of_an_older_python_stack_are_what_it_says_they_are() {
    every_case_holds(Release::Old);
}
