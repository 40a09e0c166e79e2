//! `joblib runs` on the records of programs that ended, that were killed, and that still run.

use std::fs;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use joblib_memory::Memory;
use joblib_record::{Argument, Begin, End, Event, Hit, Level, Outcome, Recorder, Stream, enter};

use crate::joblib::Place;

/// A folder with the records of programs.
struct Runs(Place);

impl Deref for Runs {
    type Target = Place;

    fn deref(&self) -> &Place {
        &self.0
    }
}

impl Runs {
    fn new() -> Self {
        Self(Place::new("runs"))
    }

    /// Runs the study in a process of its own, with a version of its code.
    fn study(&self, version: u64, ends: &str) {
        let mut program = Command::new(std::env::current_exe().expect("a path"));
        program
            .args(["--exact", "runs::program_of_a_study", "--ignored", "--nocapture"])
            .env("STUDY_FOLDER", self.path())
            .env("STUDY_VERSION", version.to_string())
            .env("STUDY_ENDS", ends);
        let output = program.output().expect("it starts");
        assert_eq!(output.status.success(), ends == "by itself", "{output:?}");
    }

    fn files(&self) -> Vec<PathBuf> {
        joblib_record::runs(&self.records()).expect("a folder")
    }
}

/// In a process of its own: a study whose step `fit` uses `prepare`, whose code has a version.
#[test]
#[ignore = "a role that the tests below start"]
fn program_of_a_study() {
    let folder = std::env::var_os("STUDY_FOLDER").expect("it is set");
    let variable = |name| std::env::var(name).expect("it is set");
    let version: u64 = variable("STUDY_VERSION").parse().expect("a number");
    let memory = Memory::new(Path::new(&folder)).expect("a memory").record(true);
    let prepare = memory.cache("study::prepare", |day: u32| day * 2).version(version);
    let fit = memory
        .cache("study::fit", |days: u32| (0..days).map(|day| prepare.eval((day,))).sum::<u32>())
        .captures(());
    fit.version(version).eval((10,));
    memory.cache("study::login", |_: String| 1).redact(true).eval(("hunter2".to_owned(),));
    memory.eval("study::report", || 3, ());
    assert!(variable("STUDY_ENDS") == "by itself", "it ends otherwise");
}

#[test]
fn runs_are_listed_with_what_they_computed() {
    let runs = Runs::new();
    runs.study(1, "by itself");
    runs.study(1, "by itself");
    runs.study(1, "with a panic");
    let listed = runs.json(&["ls"]);
    let rows = listed["runs"].as_array().expect("a list");
    assert_eq!(rows.len(), 3);
    // The newest is first.
    assert_eq!((&rows[2]["computed"], &rows[2]["hits"]), (&13.into(), &0.into()));
    assert_eq!((&rows[1]["computed"], &rows[1]["hits"]), (&0.into(), &3.into()));
    assert_eq!(rows[1]["state"], "ended");
    assert!(rows.iter().all(|row| row["problems"].as_array().is_some_and(Vec::is_empty)));
    assert!(rows[0]["arguments"].as_array().expect("a list").contains(&"--nocapture".into()));
    assert!(rows[0]["peak_memory"].as_u64().is_some_and(|memory| memory > 100_000));
    let text = runs.text(&["ls", "--limit", "1"]);
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines.len() == 2 && lines[0].starts_with("RUN ") && lines[1].contains("program_of_a_study"));
    assert_eq!(runs.json(&["ls", "--filter", "no such program"])["runs"].as_array().map(Vec::len), Some(0));
}

#[test]
fn a_run_is_a_tree_of_steps_with_their_causes() {
    let runs = Runs::new();
    runs.study(1, "by itself");
    runs.study(2, "by itself");
    let text = runs.text(&["show"]);
    let line = |part: &str| {
        let found = text.lines().find(|line| line.contains(part));
        found.unwrap_or_else(|| panic!("no line has {part:?}: {text}"))
    };
    assert!(line("fit(").starts_with("├─ ● #1 fit(0=10) computed in"), "{text}");
    assert!(line("fit(").contains("`study::fit` changed since"), "{text}");
    assert!(line("10 × prepare").starts_with("│  └─ ● 10 × prepare computed in"), "{text}");
    assert!(line("login").contains("login(0=(redacted)) hit in"), "{text}");
    assert!(line("Calls").contains("2 hits, 11 computed in"), "{text}");
    assert!(runs.text(&["show", "--all"]).matches("prepare(").count() == 10);
    assert!(runs.text(&["show", "--depth", "1"]).contains("└─ … 10 more"));

    let document = runs.json(&["show", "last"]);
    let steps = document["steps"].as_array().expect("a list");
    assert_eq!(steps.len(), 13);
    assert_eq!((&steps[1]["parent"], &steps[1]["name"]), (&1.into(), &"study::prepare".into()));
    assert!(steps.iter().all(|step| step["key"].as_str().is_some_and(|key| key.len() == 32)));
    assert!(!document.to_string().contains("hunter2"));
}

#[test]
fn a_difference_names_what_was_recomputed_and_why() {
    let runs = Runs::new();
    runs.study(1, "by itself");
    runs.study(1, "by itself");
    runs.study(2, "by itself");
    let text = runs.text(&["diff"]);
    assert!(text.contains("prepare: 10 calls computed after and not before"), "{text}");
    assert!(text.contains("fit: 1 call computed after and not before"), "{text}");
    assert!(text.contains("hit before: `study::fit` changed since"), "{text}");
    assert!(!text.contains("report: "), "{text}");
    let first = runs.json(&["ls"])["runs"][2]["run"].as_str().expect("an id").to_owned();
    let document = runs.json(&["diff", &first, "previous"]);
    let functions = document["functions"].as_array().expect("a list");
    let prepare = functions.iter().find(|function| function["function"] == "study::prepare");
    let prepare = prepare.expect("it was called");
    assert_eq!(prepare["computed_left"].as_array().map(Vec::len), Some(10));
    assert_eq!((&prepare["left"]["computed"], &prepare["right"]["computed"]), (&10.into(), &0.into()));
    // Computed in both, with other code.
    let text = runs.text(&["diff", &first, "last"]);
    assert!(text.contains("prepare: 10 calls computed after and not before"), "{text}");
    assert!(text.contains("computed with other code before: `study::prepare` changed"), "{text}");
    assert!(runs.text(&["diff", "last", "last"]).contains("Both runs computed the same calls."));
}

#[test]
fn a_difference_tells_failures_from_what_was_computed_and_each_call_once() {
    let runs = Runs::new();
    let step = |recorder: &Recorder, call: u8, end: End<'_>| {
        recorder.begin(&Begin { name: "study::fit".into(), call: [call; 16], ..Begin::call() }).end(&end);
    };
    let computed = || End::new(Outcome::Computed);
    let failed = |message: &'static str| End { message: message.into(), ..End::new(Outcome::Failed) };
    let before = Recorder::begin_run(&runs.records()).expect("a record");
    step(&before, 1, computed());
    step(&before, 2, failed("it returned an error: no rows\nin flights.csv"));
    step(&before, 3, failed("it returned an error: no rows"));
    let after = Recorder::begin_run(&runs.records()).expect("a record");
    step(&after, 1, failed("it returned an error: no \u{1b}[31mcolumn"));
    step(&after, 2, computed());
    step(&after, 3, failed("it returned an error: no rows"));
    let text = runs.text(&["diff"]);
    assert!(text.contains("fit: 2 calls computed or failed after and not before\n"), "{text}");
    assert!(text.contains(r"computed before — it returned an error: no \u{1b}[31mcolumn"), "{text}");
    assert!(text.contains(", failed before\n"), "{text}");
    assert!(!text.contains("before and not after") && !text.contains("Both runs"), "{text}");
    let lines = |args: &[&str]| {
        let document = runs.json(args);
        let of = |side: &str| document["functions"][0][side].as_array().map(Vec::len);
        (of("computed_left"), of("computed_right"))
    };
    assert_eq!(lines(&["diff"]), (Some(0), Some(2)));
    let back = runs.json(&["diff", "last", "previous"]);
    let messages: Vec<&str> = back["functions"][0]["computed_right"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|call| call["message"].as_str().filter(|message| !message.is_empty()))
        .collect();
    assert_eq!(messages, ["it returned an error: no rows\nin flights.csv"]);
    let text = runs.text(&["diff", "last", "previous"]);
    assert!(text.contains(" — it returned an error: no rows\n    in flights.csv\n"), "{text}");
}

#[test]
fn a_log_has_what_happened_in_order_and_of_one_step_alone() {
    let runs = Runs::new();
    let recorder = Recorder::begin_run(&runs.records()).expect("a record");
    let outer = recorder.begin(&Begin { name: "study::outer".into(), ..Begin::call() });
    {
        let _entered = enter(outer.position());
        let message = "half of the rows\x1b[2J are empty".into();
        recorder.event(Event { level: Level::Warn, target: "study".into(), message, ..Event::default() });
        outer.position().output(4, Stream::Error, b"first\nsecond \xff\n");
    }
    outer.end(&End { message: "no rows".into(), ..End::new(Outcome::Failed) });
    recorder.hit(Hit { name: "study::other".into(), ..Hit::default() });
    let text = runs.text(&["log"]);
    let lines: Vec<&str> = text.lines().map(|line| line.get(11..).unwrap_or_default()).collect();
    assert_eq!(lines.len(), 6, "{text}");
    assert!(lines[0].starts_with("#1     begins    outer()"), "{text}");
    assert_eq!(lines[1], r"#1     WARN      study: half of the rows\u{1b}[2J are empty");
    assert_eq!(lines[2..4], ["#1     stderr    task 4: first", "#1     stderr    task 4: second \u{fffd}"]);
    assert!(lines[4].contains("failed") && lines[4].ends_with(": no rows"), "{text}");
    assert!(lines[5].starts_with("#2     hit       other()"), "{text}");
    assert_eq!(runs.text(&["log", "last", "2"]).lines().count(), 1);
    assert_eq!(runs.json(&["log"])["entries"].as_array().map(Vec::len), Some(6));
    let (status, message) = runs.failure(&["log", "last", "3"]);
    assert!(status == Some(1) && message.contains("the run has no step 3; it has 2 steps"), "{message}");
}

#[test]
fn a_running_program_is_shown_with_its_steps_workers_and_progress() {
    let runs = Runs::new();
    runs.study(1, "by itself");
    let recorder = Recorder::begin_run(&runs.records()).expect("a record");
    let parallel = recorder.begin(&Begin { name: "Parallel".into(), tasks: 8, ..Begin::parallel() });
    let entered = enter(parallel.position());
    std::thread::sleep(Duration::from_millis(5));
    recorder.tasks(0, 2, 1500);
    let inner = recorder.begin(&Begin { name: "study::fit".into(), ..Begin::call() });
    // A run that began later and is over is not the one to watch.
    runs.study(1, "by itself");
    let text = runs.text(&["top"]);
    assert!(text.contains("\nrunning for "), "{text}");
    assert!(text.contains("[======                  ] 2/8"), "{text}");
    assert!(text.contains("  #2 fit() ") && text.contains(": 2 tasks in 1.5 ms"), "{text}");
    let document = runs.json(&["top"]);
    assert_eq!(document["steps"].as_array().map(Vec::len), Some(2));
    assert_eq!(document["steps"][0]["batches"][0]["count"], 2);
    inner.end(&End::new(Outcome::Computed));
    drop(entered);
    assert_eq!(runs.json(&["top"])["steps"].as_array().map(Vec::len), Some(1));
    assert_eq!(runs.json(&["top", "last"])["state"], "ended");
}

#[test]
fn a_record_that_is_cut_short_or_of_a_later_version_is_shown_as_far_as_it_goes() {
    let runs = Runs::new();
    runs.study(1, "by itself");
    let path = runs.files().remove(0);
    let bytes = fs::read(&path).expect("readable");
    fs::write(&path, &bytes[..bytes.len() - 5]).expect("written");
    let output = runs.run(&["show"]);
    assert!(output.status.success());
    let (text, problems) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("killed") && text.contains("fit(0=10) computed"), "{text}");
    assert!(problems.contains("its last record was cut short"), "{problems}");

    let mut later = bytes;
    later[7] = 9;
    fs::write(&path, later).expect("written");
    let row = &runs.json(&["ls"])["runs"][0];
    assert!(row["problems"][0].as_str().expect("a text").contains("version 9 of the format"), "{row}");
    assert_eq!(row["computed"], 13);
}

#[test]
fn what_is_not_there_is_told_with_what_there_is() {
    let runs = Runs::new();
    for args in [&["ls"][..], &["show"], &["top"], &["diff"], &["ls", "--json"]] {
        let (status, message) = runs.failure(args);
        assert!(status == Some(1) && message.contains("there is no record of a run here"), "{message}");
        assert!(message.contains("JOBLIB_RECORD=1"), "{message}");
    }
    assert!(!runs.records().exists(), "looking makes nothing");
    runs.study(1, "by itself");
    let (status, message) = runs.failure(&["show", "19"]);
    assert!(status == Some(1) && message.contains("no run has an id that begins with 19"), "{message}");
    assert!(message.contains("the latest of 1 are 20"), "{message}");
    assert!(runs.failure(&["diff"]).1.contains("which is the only one"));
    assert_eq!(runs.failure(&["show", "--depth", "x"]).0, Some(2));
    // A file that is no record keeps no other from being listed, and is told.
    fs::write(runs.records().join("note.run"), "a note").expect("written");
    let output = runs.run(&["ls"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 2);
    assert!(String::from_utf8_lossy(&output.stderr).contains("this is not a record of a run"));
}

#[test]
fn a_hostile_record_does_not_reach_the_terminal() {
    let runs = Runs::new();
    let recorder = Recorder::begin_run(&runs.records()).expect("a record");
    let name = "study::\x1b]0;owned\x07\u{202e}";
    let largest = Hit { took: u64::MAX, computing: u64::MAX, waited: u64::MAX, ..Hit::default() };
    for _ in 0..3 {
        recorder.hit(Hit { name: name.into(), ..largest.clone() });
    }
    let parallel = recorder.begin(&Begin {
        name: name.into(),
        cause: name.into(),
        tasks: u64::MAX,
        ..Begin::parallel()
    });
    let entered = enter(parallel.position());
    for _ in 0..2 {
        recorder.tasks(usize::MAX, usize::MAX, u64::MAX);
    }
    let call = recorder.begin(&Begin { name: name.into(), waited: u64::MAX, ..Begin::call() });
    call.end(&End { bytes: u64::MAX, message: name.into(), ..End::new(Outcome::Failed) });
    drop(entered);
    fs::hard_link(recorder.path(), runs.records().join("20200101-\x1b[2J.run")).expect("linked");
    std::os::unix::fs::symlink("/etc/passwd", runs.records().join("z.run")).expect("linked");
    for args in
        [&["ls"][..], &["show"], &["show", "--all"], &["log"], &["top", "last"], &["diff", "last", "last"]]
    {
        for json in [&[][..], &["--json"]] {
            let output = runs.run(&[args, json].concat());
            for text in [output.stdout, output.stderr] {
                let text = String::from_utf8(text).expect("UTF-8");
                let is_obeyed = |shown: char| (shown.is_control() && shown != '\n') || shown == '\u{202e}';
                assert!(!text.chars().any(is_obeyed) && !text.contains("root:"), "{args:?}: {text:?}");
                assert!(!text.contains("panicked"), "{args:?}: {text}");
            }
        }
    }
    drop(parallel);
}

#[test]
fn all_of_a_message_is_shown_and_long_arguments_have_their_share_of_a_line() {
    let runs = Runs::new();
    let recorder = Recorder::begin_run(&runs.records()).expect("a record");
    let long = "x".repeat(500);
    let argument =
        |name: &'static str, text: &str| Argument { name: name.into(), text: Some(text.to_owned().into()) };
    let arguments = vec![argument("table", &long), argument("alpha", "0.5")];
    let step = recorder.begin(&Begin { name: "study::fit".into(), arguments, ..Begin::call() });
    step.end(&End { message: "no rows\nin flights.csv".into(), ..End::new(Outcome::Failed) });
    let text = runs.text(&["show"]);
    let line = text.lines().find(|line| line.contains("fit(")).expect("a step");
    assert!(line.contains("…, alpha=0.5) failed in ") && line.ends_with(" — no rows"), "{text}");
    assert!(line.chars().count() < 200, "{text}");
    assert!(text.ends_with("\n       in flights.csv\n"), "{text}");
    let log = runs.text(&["log"]);
    assert!(log.contains(&long) && log.contains(": no rows\n") && !log.contains(r"\n"), "{log}");
    assert!(log.ends_with("\n                            in flights.csv\n"), "{log}");
    assert!(runs.json(&["show"])["steps"][0]["arguments"][0][1] == long, "JSON has all of it");
}

#[test]
fn several_programs_that_run_are_told_and_one_that_was_killed_is() {
    let runs = Runs::new();
    let first = Recorder::begin_run(&runs.records()).expect("a record");
    let second = Recorder::begin_run(&runs.records()).expect("a record");
    let id = |recorder: &Recorder| recorder.path().file_stem().unwrap().to_string_lossy().into_owned();
    let both = [id(&first), id(&second)];
    let text = runs.text(&["top", "--once"]);
    let other = both.iter().find(|id| text.contains(&format!("also running: {id}\n")));
    assert!(other.is_some() && both.iter().all(|id| text.contains(id)), "{text}");
    assert_eq!(runs.json(&["top", &both[0]])["running"], serde_json::json!([both[1]]));

    runs.study(1, "with a panic");
    let killed = Runs::new();
    let file = runs.files().pop().expect("the newest");
    fs::create_dir_all(killed.records()).expect("a folder");
    // What a program leaves that was killed in its first step.
    let bytes = fs::read(file).expect("readable");
    let inner = b"study::prepare";
    let end = bytes.windows(inner.len()).position(|part| part == inner).expect("its first inner step");
    fs::write(killed.records().join("20260101-000000-dead.run"), &bytes[..end]).expect("written");
    let text = killed.text(&["top"]);
    assert!(text.contains("\nkilled after at least ") && text.contains("fit("), "{text}");
}
