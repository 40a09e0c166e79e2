//! The study of the flights, run three times with a record: what a person reads who wants to know what ran.
//!
//! With `JOBLIB_TEST_PICTURE` the page of the last run is pictured in that file: `cargo xtask picture` does so for the
//! guide.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use joblib_tests::example::{self, printed, workspace};
use joblib_tests::project::Project;
use serde_json::Value;

/// The feature that is edited, and what it becomes.
const EDIT: (&str, &str) = ("f64::from(flights.distance[[i]])", "f64::from(flights.distance[[i]]).ln()");

/// The study's sources, and in their folder the program made of them, its tables and the cache.
struct Study {
    project: Project,
}

impl Study {
    fn new() -> Self {
        let project = Project::new("flights", "system", &["joblib", "serde", "serde_json", "liblzma"]);
        let sources = workspace().join("crates/joblib/examples/flights");
        for entry in fs::read_dir(sources).expect("the example").flatten() {
            if entry.path().extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(entry.path()).expect("a source");
                // The name that the manifest of `joblib` gives to this crate.
                let text = text.replace("xz2::", "liblzma::");
                project.write(&entry.file_name().to_string_lossy(), &text);
            }
        }
        example::few_flights(project.folder());
        Self { project }
    }

    fn cache(&self) -> PathBuf {
        self.project.folder().join("cache")
    }

    fn edit(&self) {
        let path = self.project.folder().join("features.rs");
        let text = fs::read_to_string(path).expect("a source");
        assert_eq!(text.matches(EDIT.0).count(), 1);
        self.project.write("features.rs", &text.replace(EDIT.0, EDIT.1));
    }

    fn compile(&self) -> PathBuf {
        self.project.compile("main.rs", &[], &[])
    }

    fn run(&self, program: &Path) {
        let output = Command::new(program)
            .current_dir(self.project.folder())
            .args(["--n-jobs", "2", "--cache", "cache", "--flights", "few-flights.csv.xz", "--weather"])
            .arg(example::flights_data().canonicalize().expect("the tables").join("weather.csv.xz"))
            .env("JOBLIB_RECORD", "1")
            .output()
            .expect("the program starts");
        assert!(output.status.success(), "{}", printed(&output));
    }

    fn joblib(&self, args: &[&str]) -> String {
        let mut command = Command::new(example::command());
        let output = command.args(args).arg("--cache").arg(self.cache()).output().expect("it starts");
        assert!(output.status.success(), "{}", printed(&output));
        String::from_utf8(output.stdout).expect("text")
    }
}

/// The paragraph of a function in a difference: its line and those below it.
fn paragraph<'t>(text: &'t str, function: &str) -> &'t str {
    let start =
        text.find(&format!("\n{function}: ")).unwrap_or_else(|| panic!("no {function} in {text}")) + 1;
    let rest = &text[start..];
    let end = rest.match_indices('\n').find(|(at, _)| !rest[at + 1..].starts_with(' '));
    &rest[..end.map_or(rest.len(), |(at, _)| at)]
}

#[test]
fn three_runs_of_the_study_say_what_was_recomputed_and_why() {
    let study = Study::new();
    let program = study.compile();
    study.run(&program);
    study.run(&program);
    study.edit();
    study.run(&study.compile());

    let listed: Value = serde_json::from_str(&study.joblib(&["runs", "ls", "--json"])).expect("JSON");
    let count = |run: usize, what: &str| listed["runs"][run][what].as_u64().expect("a number");
    // The newest is first. The grid has 24 points.
    let (computed, hits) = (count(2, "computed"), count(2, "hits"));
    assert!(computed >= 24 + 6 && hits == 0, "{listed}");
    assert_eq!((count(1, "computed"), count(1, "hits")), (0, computed), "{listed}");
    // The tables and their join do not depend on the feature.
    assert_eq!((count(0, "computed"), count(0, "hits")), (computed - 3, 3), "{listed}");

    let text = study.joblib(&["runs", "diff"]);
    let features = paragraph(&text, "features");
    assert!(features.contains("1 call computed after and not before"), "{text}");
    assert!(features.contains("hit before: `fn features` (features.rs:"), "{text}");
    assert!(features.contains(") changed since "), "{text}");
    // What comes behind has other arguments, and the difference says which.
    let moments = paragraph(&text, "moments");
    assert!(moments.contains("1 call computed after and not before"), "{text}");
    assert!(moments.contains("the nearest call differs in key"), "{text}");
    let scores = paragraph(&text, "cross_validate");
    assert!(scores.contains("24 calls computed after and not before"), "{text}");
    assert!(scores.contains("the nearest call differs in folds"), "{text}");
    for unchanged in ["read_flights: ", "read_weather: ", "join: "] {
        assert!(!text.contains(&format!("\n{unchanged}")), "{unchanged} did not run again: {text}");
    }

    let page = study.project.folder().join("report.html");
    study.joblib(&["report", "--output", page.to_str().expect("UTF-8")]);
    let html = fs::read_to_string(&page).expect("a page");
    for part in ["features: 1 call computed in this run and not before", "`fn features` (features.rs:"] {
        assert!(html.contains(part), "{part}: {html}");
    }
    if let Some(picture) = std::env::var_os("JOBLIB_TEST_PICTURE") {
        take_picture(&page, &PathBuf::from(picture));
    }
}

/// A picture of the top of a page.
fn take_picture(page: &Path, picture: &Path) {
    let browser = std::env::var_os("JOBLIB_TEST_CHROMIUM").unwrap_or_else(|| "chromium".into());
    let profile = tempfile::tempdir().expect("a folder");
    let output = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"])
        .arg("--window-size=1000,2600")
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("--screenshot={}", picture.display()))
        .arg(format!("file://{}", page.display()))
        .output()
        .expect("a browser: set JOBLIB_TEST_CHROMIUM, or install `chromium`");
    assert!(output.status.success() && picture.is_file(), "{}", printed(&output));
}
