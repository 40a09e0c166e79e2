//! The study of the flights, as a user runs it.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use joblib_tests::example::{self, printed};
use joblib_tests::files;
use joblib_tests::python::{Release, python};
use serde_json::Value;

/// A user's folder: the cache, the model and the scores lie in it.
struct Study {
    folder: tempfile::TempDir,
    /// The table, if it is not that of all flights.
    flights: Option<PathBuf>,
}

impl Study {
    /// Of all flights.
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder"), flights: None }
    }

    /// Of a tenth of the flights.
    fn of_few() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self { flights: Some(example::few_flights(folder.path())), folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut program = Command::new(example::program("flights"));
        program.current_dir(self.folder.path()).args(["--cache", "cache", "--json", "scores.json"]);
        if let Some(flights) = &self.flights {
            program.arg("--flights").arg(flights);
        }
        program.args(arguments).output().expect("the program starts")
    }

    /// Runs the study and gives its standard output.
    fn succeed(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{}", printed(&output));
        String::from_utf8(output.stdout).expect("text")
    }

    fn scores(&self) -> Value {
        serde_json::from_slice(&fs::read(self.path("scores.json")).expect("scores")).expect("JSON")
    }
}

/// The table of scores: what both runs print alike.
fn table(printed: &str) -> Vec<&str> {
    printed.lines().skip_while(|line| !line.contains("rmse")).collect()
}

#[test]
fn the_scores_agree_with_the_same_study_done_by_numpy() {
    let study = Study::new();
    study.succeed(&[]);
    let output = Command::new(python(Release::Today))
        .arg(example::workspace().join("tests/python/flights_numpy.py"))
        .args(["flights.csv.xz", "weather.csv.xz"].map(|table| example::flights_data().join(table)))
        .output()
        .expect("python starts");
    assert!(output.status.success(), "{}", printed(&output));
    let (ours, numpy) = (study.scores(), serde_json::from_slice::<Value>(&output.stdout).expect("JSON"));

    assert_eq!(ours["flights"], 336_776);
    assert_eq!(ours["flights"], numpy["flights"]);
    assert_eq!(ours["departures"], numpy["departures"]);
    let lines = |scores: &Value| scores["scores"].as_array().expect("lines").clone();
    assert_eq!(lines(&ours).len(), lines(&numpy).len());
    for (our, their) in lines(&ours).iter().zip(lines(&numpy)) {
        assert_eq!(our["features"], their["features"]);
        assert_eq!(our["penalty"], their["penalty"]);
        for figure in ["rmse", "r2"] {
            let (a, b) = (our[figure].as_f64().expect("a number"), their[figure].as_f64().expect("a number"));
            assert!((a - b).abs() <= 1e-9 * b.abs(), "{figure} of {our}: numpy has {b}");
        }
    }
}

#[test]
fn the_second_run_prints_the_same_numbers_and_computes_nothing() {
    let study = Study::of_few();
    let first = study.succeed(&[]);
    let scores = study.scores();
    let second = study.succeed(&["--n-jobs", "1"]);
    assert!(first.contains(" computed"), "{first}");
    assert!(!second.contains(" computed") && second.contains("from the cache"), "{second}");
    assert_eq!(table(&first), table(&second));
    assert_eq!(study.scores(), scores);
    assert!(second.contains("<- best") && second.contains("memory-mapped"), "{second}");
}

#[test]
fn clear_empties_the_cache_so_that_everything_is_computed_again() {
    let study = Study::of_few();
    study.succeed(&[]);
    let again = study.succeed(&["--clear"]);
    assert!(!again.contains("from the cache"), "{again}");
}

#[test]
fn a_cache_that_cannot_be_written_gives_one_warning_and_the_same_numbers() {
    let study = Study::of_few();
    study.succeed(&[]);
    let scores = study.scores();
    // A folder below a file can't be made, not even by root.
    fs::write(study.path("file"), "").expect("a file");
    let output = study.run(&["--cache", "file/cache"]);
    assert!(output.status.success(), "{}", printed(&output));
    let warnings = String::from_utf8_lossy(&output.stderr).matches("warning").count();
    assert_eq!(warnings, 1, "{}", printed(&output));
    assert_eq!(study.scores(), scores);
}

#[test]
fn damaged_truncated_and_foreign_files_in_the_cache_are_warned_about_and_computed_again() {
    let study = Study::of_few();
    study.succeed(&[]);
    let scores = study.scores();
    let damage: [fn(&mut Vec<u8>); 3] = [
        |bytes| {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 0x10;
        },
        |bytes| bytes.truncate(bytes.len() * 2 / 3),
        |bytes| *bytes = b"not a result at all".to_vec(),
    ];
    for damage in damage {
        for file in files::below(&study.path("cache")) {
            let mut bytes = fs::read(&file).expect("a file");
            if !bytes.is_empty() {
                damage(&mut bytes);
                fs::write(&file, bytes).expect("written");
            }
        }
        let output = study.run(&[]);
        assert!(output.status.success(), "{}", printed(&output));
        assert!(String::from_utf8_lossy(&output.stderr).contains("warning"), "{}", printed(&output));
        assert_eq!(study.scores(), scores);
    }
}

#[test]
fn a_missing_table_ends_the_program_with_an_error_that_names_the_file() {
    let output = Study::new().run(&["--flights", "nowhere.csv.xz"]);
    assert_eq!(output.status.code(), Some(1), "{}", printed(&output));
    assert!(String::from_utf8_lossy(&output.stderr).contains("nowhere.csv.xz"), "{}", printed(&output));
}

#[test]
fn a_table_that_is_not_what_is_expected_ends_the_program_with_file_and_reason() {
    let study = Study::new();
    fs::write(study.path("table.csv"), "month,day\n1,2\n").expect("a file");
    let output = study.run(&["--flights", "table.csv"]);
    assert_eq!(output.status.code(), Some(1), "{}", printed(&output));
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(message.contains("table.csv") && message.contains("xz"), "{message}");
    let steps = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!steps.contains("read the flights"), "a step that failed is not said to be done: {steps}");
}

#[test]
fn a_place_that_can_not_be_written_ends_the_program_before_any_work() {
    for option in ["--model", "--json"] {
        for path in ["nowhere/file", "."] {
            let output = Study::new().run(&[option, path]);
            assert_eq!(output.status.code(), Some(1), "{option} {path}: {}", printed(&output));
            assert!(String::from_utf8_lossy(&output.stderr).contains(path), "{}", printed(&output));
            assert!(output.stdout.is_empty(), "{}", printed(&output));
        }
    }
}

#[test]
fn a_wrong_option_ends_the_program_with_status_2_and_what_was_expected() {
    for arguments in [&["--n-jobs", "many"][..], &["--folds", "1"], &["--unknown"], &["--n-jobs", "0"]] {
        let output = Study::new().run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", printed(&output));
    }
}
