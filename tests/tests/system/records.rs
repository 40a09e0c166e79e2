//! The record of a run: what programs of every kind leave in it.

use std::collections::BTreeMap;
use std::path::Path;

use joblib::prelude::*;
use joblib_record::{Begin, End, Hit, Outcome, Record, RunFile, Stamped, Tasks, runs};
use joblib_tests::child;

#[cached]
fn half(x: f64) -> f64 {
    x / 2.0
}

#[cached]
fn sum_of_halves(count: u32) -> f64 {
    (0..count).map(|n| half(f64::from(n))).sum()
}

#[cached]
fn of_parallel(count: u32) -> f64 {
    let halves = (0..count).map(|n| delayed(half, (f64::from(n),)));
    Parallel::new().n_jobs(2).backend("threading").run(halves).expect("halves").iter().sum()
}

#[cached]
fn fails(x: f64) -> Result<f64, String> {
    if x < 0.0 { Err("negative".to_owned()) } else { Ok(x.sqrt()) }
}

#[cached]
fn panics(x: u32) -> u32 {
    assert!(x > 10, "too small");
    x
}

#[cached(redact)]
fn refuses(password: &str) -> usize {
    panic!("{password} is not known")
}

#[cached(redact)]
fn login(password: &str) -> usize {
    password.len()
}

fn record(folder: &Path) -> RunFile {
    let files = runs(&folder.join("joblib-runs")).expect("a folder");
    assert_eq!(files.len(), 1, "{files:?}");
    let run = RunFile::read(&files[0]).expect("readable");
    assert!(run.problems.is_empty(), "{:?}", run.problems);
    run
}

fn begins(run: &RunFile) -> Vec<(&Stamped, &Begin<'static>)> {
    run.records
        .iter()
        .filter_map(|stamped| match &stamped.record {
            Record::Begin(begin) => Some((stamped, begin)),
            _ => None,
        })
        .collect()
}

fn hits(run: &RunFile) -> Vec<&Hit<'static>> {
    run.records
        .iter()
        .filter_map(|stamped| match &stamped.record {
            Record::Hit(hit) => Some(hit),
            _ => None,
        })
        .collect()
}

fn ends(run: &RunFile) -> BTreeMap<(u32, u64), &End<'static>> {
    run.records
        .iter()
        .filter_map(|stamped| match &stamped.record {
            Record::End(end) => Some(((stamped.pid, end.step), end)),
            _ => None,
        })
        .collect()
}

fn tasks(run: &RunFile) -> Vec<(u32, Tasks)> {
    run.records
        .iter()
        .filter_map(|stamped| match &stamped.record {
            Record::Tasks(tasks) => Some((stamped.pid, *tasks)),
            _ => None,
        })
        .collect()
}

#[test]
fn calls_are_recorded_with_what_they_are_part_of_and_why_they_were_computed() {
    let folder = tempfile::tempdir().expect("a folder");
    Memory::new(folder.path()).expect("a memory").record(true).install().expect("installed");
    sum_of_halves(3);
    half(1.0);
    half(7.0);
    let run = record(folder.path());
    let begins = begins(&run);
    let names: Vec<&str> =
        begins.iter().map(|(_, begin)| begin.name.rsplit("::").next().unwrap_or("")).collect();
    assert_eq!(names, ["sum_of_halves", "half", "half", "half", "half"]);
    let outer = begins[0].1;
    assert_eq!(outer.parent.step, 0);
    assert!(begins[1..4].iter().all(|(_, begin)| begin.parent.step == outer.step));
    assert_eq!(begins[4].1.parent.step, 0);
    let arguments = |begin: &Begin<'_>| {
        let texts = begin
            .arguments
            .iter()
            .map(|argument| format!("{}={}", argument.name, argument.text.as_deref().unwrap_or_default()));
        texts.collect::<Vec<_>>().join(", ")
    };
    assert_eq!(arguments(outer), "count=3");
    assert_eq!(arguments(begins[4].1), "x=7.0");
    assert!(outer.cause.contains("was never computed"), "{}", outer.cause);
    let ends = ends(&run);
    for (stamped, begin) in &begins {
        let end = ends[&(stamped.pid, begin.step)];
        assert!(end.outcome == Outcome::Computed && end.bytes > 0 && end.memory > 0, "{end:?}");
    }
    let [hit] = hits(&run)[..] else { panic!("one hit") };
    assert_eq!((hit.parent.step, hit.call), (0, begins[2].1.call), "a hit is of the same call");
    assert!(hit.took > 0 && hit.arguments[0].text.as_deref() == Some("1.0"));
}

#[test]
fn failures_and_secrets_are_recorded_as_such() {
    let folder = tempfile::tempdir().expect("a folder");
    Memory::new(folder.path()).expect("a memory").record(true).install().expect("installed");
    assert!(fails(-1.0).is_err() && fails(4.0).is_ok());
    assert!(std::panic::catch_unwind(|| panics(1)).is_err());
    assert!(std::panic::catch_unwind(|| refuses("hunter2")).is_err());
    login("hunter2");
    login("hunter2");
    let run = record(folder.path());
    let (begins, ends) = (begins(&run), ends(&run));
    let end = |place: usize| ends[&(begins[place].0.pid, begins[place].1.step)];
    assert_eq!(
        (end(0).outcome, end(1).outcome, end(2).outcome),
        (Outcome::Failed, Outcome::Computed, Outcome::Failed)
    );
    assert_eq!(end(0).message, "it returned an error: negative");
    assert_eq!(end(2).message, "it panicked: too small");
    assert_eq!((end(3).outcome, end(3).message.as_ref()), (Outcome::Failed, "it panicked"));
    assert_eq!((begins[4].1.arguments[0].name.as_ref(), &begins[4].1.arguments[0].text), ("password", &None));
    assert_eq!(hits(&run)[0].arguments[0].text, None);
    let bytes =
        std::fs::read(&runs(&folder.path().join("joblib-runs")).expect("a folder")[0]).expect("readable");
    assert!(!bytes.windows(7).any(|text| text == b"hunter2"));
}

/// An error that only programmers can read.
#[derive(Debug)]
struct Code(#[expect(dead_code, reason = "shown")] u32);

/// An error that can't be shown.
struct Refused;

/// An error whose text panics.
#[derive(Debug)]
struct Panicking;

impl std::fmt::Display for Panicking {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        panic!("it can't be shown")
    }
}

#[cached]
fn opens(path: &str) -> std::io::Result<u32> {
    Err(std::io::Error::new(std::io::ErrorKind::NotFound, format!("{path} is not there\nlook elsewhere")))
}

#[cached]
fn reads(path: &str) -> Result<u32, Box<dyn std::error::Error>> {
    Ok(path.parse::<u32>().map_err(|error| Chained("the header is bad", error))?)
}

/// An error with a source.
#[derive(Debug)]
struct Chained(&'static str, std::num::ParseIntError);

impl std::fmt::Display for Chained {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Chained {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.1)
    }
}

#[cached]
fn counts(rows: u32) -> Result<u32, Code> {
    Err(Code(rows))
}

#[cached]
fn refuses_silently(rows: u32) -> Result<u32, Refused> {
    if rows > 0 { Err(Refused) } else { Ok(rows) }
}

#[cached]
fn shows_badly(rows: u32) -> Result<u32, Panicking> {
    if rows > 0 { Err(Panicking) } else { Ok(rows) }
}

#[cached]
fn complains_at_length(rows: u32) -> Result<u32, String> {
    Err("no rows ".repeat(rows as usize))
}

#[cached]
fn of_any_error<E: From<String> + std::fmt::Debug>(rows: u32) -> Result<u32, E> {
    Err(format!("{rows} rows").into())
}

struct Model(u32);

impl Model {
    #[cached(self = "ignore")]
    fn fit(&self, rows: u32) -> Result<u32, String> {
        Err(format!("{} of {rows} rows", self.0))
    }
}

#[cached]
async fn downloads(url: &str) -> Result<u32, String> {
    std::future::ready(()).await;
    Err(format!("{url} does not answer"))
}

#[cached(redact)]
fn logs_in(password: &str) -> Result<u32, String> {
    Err(format!("{password} is wrong"))
}

#[test]
fn the_error_of_a_call_is_in_the_record_as_its_type_can_be_shown() {
    let folder = tempfile::tempdir().expect("a folder");
    Memory::new(folder.path()).expect("a memory").record(true).install().expect("installed");
    assert!(opens("a.csv").is_err() && reads("x").is_err() && counts(3).is_err());
    assert!(
        refuses_silently(3).is_err() && shows_badly(3).is_err() && complains_at_length(1_000_000).is_err()
    );
    assert!(of_any_error::<String>(7).is_err() && Model(2).fit(9).is_err());
    assert!(crate::memory_async::block_on(downloads("here")).is_err());
    assert!(logs_in("hunter2").is_err());
    assert!(opens::call_and_shelve("b.csv").is_err() && opens::call("c.csv").is_err());
    let run = record(folder.path());
    let ends = ends(&run);
    let messages: Vec<&str> = begins(&run)
        .iter()
        .map(|(stamped, begin)| {
            let end = ends[&(stamped.pid, begin.step)];
            assert_eq!(end.outcome, Outcome::Failed);
            end.message.strip_prefix("it returned an error").expect("what it did")
        })
        .collect();
    assert_eq!(
        messages[..3],
        [
            ": a.csv is not there\nlook elsewhere",
            ": the header is bad: invalid digit found in string",
            ": Code(3)",
        ]
    );
    assert!(
        messages[3].starts_with(" of the type ") && messages[3].ends_with("::Refused"),
        "{}",
        messages[3]
    );
    assert!(messages[4].ends_with("::Panicking"), "{}", messages[4]);
    let long = messages[5];
    assert!(long.starts_with(": no rows no rows") && long.ends_with('…') && long.chars().count() < 10_100);
    assert_eq!(
        messages[6..],
        [
            ": \"7 rows\"",
            ": 2 of 9 rows",
            ": here does not answer",
            "",
            ": b.csv is not there\nlook elsewhere",
            ": c.csv is not there\nlook elsewhere",
        ]
    );
    let bytes =
        std::fs::read(&runs(&folder.path().join("joblib-runs")).expect("a folder")[0]).expect("readable");
    assert!(!bytes.windows(7).any(|text| text == b"hunter2"));
}

#[test]
fn the_error_of_a_task_is_in_the_record_with_its_sources() {
    #[expect(clippy::needless_pass_by_value, reason = "a task owns its arguments")]
    fn parses(text: String) -> Result<u32, Chained> {
        text.parse().map_err(|error| Chained("the header is bad", error))
    }
    for backend in ["threading", "loky", "multiprocessing"] {
        let folder = tempfile::tempdir().expect("a folder");
        Memory::new(folder.path()).expect("a memory").record(true).install().expect("installed");
        half(1.0);
        let tasks = ["1", "x"].map(|text| delayed(parses, (text.to_owned(),)));
        assert!(Parallel::new().n_jobs(2).backend(backend).try_run(tasks).is_err());
        let run = record(folder.path());
        let begins = begins(&run);
        let (stamped, parallel) = begins.last().expect("a parallel call");
        let end = ends(&run)[&(stamped.pid, parallel.step)];
        assert_eq!((end.outcome, end.failed), (Outcome::Failed, 1));
        let expected = "returned an error: the header is bad: invalid digit found in string";
        assert!(end.message.starts_with("task 1, ") && end.message.contains(expected), "{}", end.message);
    }
}

#[test]
fn a_task_of_a_redacted_function_tells_its_arguments_and_its_error_to_nobody() {
    for backend in ["threading", "loky"] {
        let folder = tempfile::tempdir().expect("a folder");
        Memory::new(folder.path()).expect("a memory").record(true).install().expect("installed");
        let parallel = Parallel::new().n_jobs(2).backend(backend);
        let panicked = parallel.run([refuses::delayed("hunter2")]).unwrap_err();
        assert!(panicked.task().expect("a task").arguments().contains("(redacted)"), "{panicked}");
        assert!(parallel.try_run([logs_in::delayed("hunter2")]).is_err());
        let bytes =
            std::fs::read(&runs(&folder.path().join("joblib-runs")).expect("a folder")[0]).expect("readable");
        assert!(!bytes.windows(7).any(|text| text == b"hunter2"), "{backend}");
        let run = record(folder.path());
        let ends = ends(&run);
        let messages = ends.values().map(|end| end.message.as_ref()).filter(|text| text.contains("task 0, "));
        assert_eq!(messages.filter(|text| text.ends_with(": it failed")).count(), 2, "{backend}: {ends:?}");
    }
}

#[test]
fn tasks_on_threads_are_part_of_their_parallel_call() {
    let folder = tempfile::tempdir().expect("a folder");
    Memory::new(folder.path()).expect("a memory").record(true).install().expect("installed");
    of_parallel(20);
    let run = record(folder.path());
    let begins = begins(&run);
    let (outer, parallel) = (begins[0].1, begins[1].1);
    assert_eq!((parallel.name.as_ref(), parallel.parent.step, parallel.tasks), ("Parallel", outer.step, 20));
    assert_eq!(parallel.arguments[0].text.as_deref(), Some("threading"));
    let mut indexes: Vec<u64> = begins[2..]
        .iter()
        .map(|(_, begin)| {
            assert_eq!(begin.parent.step, parallel.step);
            begin.parent.task.expect("a task")
        })
        .collect();
    indexes.sort_unstable();
    assert_eq!(indexes, (0..20).collect::<Vec<_>>());
    let tasks = tasks(&run);
    assert_eq!(tasks.iter().map(|(_, tasks)| tasks.count).sum::<u64>(), 20);
    assert!(tasks.iter().all(|(_, tasks)| tasks.parent.step == parallel.step));
    let end = ends(&run)[&(begins[1].0.pid, parallel.step)];
    assert_eq!((end.outcome, end.tasks, end.failed), (Outcome::Computed, 20, 0));
}

#[test]
fn worker_processes_and_forks_write_to_the_record_of_their_parent() {
    for backend in ["loky", "multiprocessing"] {
        let folder = tempfile::tempdir().expect("a folder");
        Memory::new(folder.path()).expect("a memory").record(true).install().expect("installed");
        let parallel = Parallel::new().n_jobs(2).backend(backend);
        let halves = parallel.run((0..8).map(|n| delayed(half, (f64::from(n) + 0.25,)))).expect("halves");
        assert_eq!(halves.len(), 8);
        let again = parallel.run((0..8).map(|n| delayed(half, (f64::from(n) + 0.25,)))).expect("halves");
        assert_eq!(halves, again);
        let run = record(folder.path());
        let me = std::process::id();
        let begins = begins(&run);
        let parallels: Vec<u64> = begins
            .iter()
            .filter(|(_, begin)| begin.name == "Parallel")
            .map(|(_, begin)| begin.step)
            .collect();
        assert_eq!(parallels.len(), 2, "{backend}");
        let computed = begins.iter().filter(|(_, begin)| begin.name != "Parallel");
        for (stamped, begin) in computed {
            assert_ne!(stamped.pid, me, "{backend}");
            assert_eq!((begin.parent.pid, begin.parent.step), (me, parallels[0]), "{backend}");
            assert!(begin.parent.task.is_some_and(|task| task < 8));
        }
        let hits = hits(&run);
        assert_eq!(hits.len(), 8, "{backend}");
        assert!(hits.iter().all(|hit| (hit.parent.pid, hit.parent.step) == (me, parallels[1])), "{backend}");
        let tasks = tasks(&run);
        assert_eq!(tasks.iter().map(|(_, tasks)| tasks.count).sum::<u64>(), 16, "{backend}");
        assert!(tasks.iter().all(|(pid, tasks)| *pid != me && tasks.parent.pid == me));
        let parents = run.records.iter().filter_map(|stamped| match stamped.record {
            Record::Process(process) => Some((stamped.pid, process.parent)),
            _ => None,
        });
        assert!(
            parents.clone().count() >= 2 && parents.clone().all(|(pid, parent)| pid != me && parent == me)
        );
    }
}

#[test]
fn a_parallel_call_that_fails_says_with_what() {
    let folder = tempfile::tempdir().expect("a folder");
    Memory::new(folder.path()).expect("a memory").record(true).install().expect("installed");
    half(1.0);
    let failed = Parallel::new().n_jobs(2).run((0..4).map(|n| delayed(|n: u32| 12 / n, (n,))));
    assert!(failed.is_err());
    let run = record(folder.path());
    let begins = begins(&run);
    let (stamped, parallel) = begins.last().expect("a parallel call");
    let end = ends(&run)[&(stamped.pid, parallel.step)];
    assert_eq!(end.outcome, Outcome::Failed);
    assert!(end.message.contains("divide by zero"), "{}", end.message);
}

#[test]
#[ignore = "the role of a child process"]
fn program_that_calls() {
    half(child::argument().parse().expect("a number"));
    let doubled = Parallel::new().n_jobs(2).run((0..3).map(|n| delayed(|n: u32| 2 * n, (n,))));
    assert_eq!(doubled.expect("results"), [0, 2, 4]);
}

#[test]
fn the_environment_asks_for_a_record_and_nothing_is_written_without() {
    for (value, recorded) in [("1", true), ("0", false), ("", false)] {
        let folder = tempfile::tempdir().expect("a folder");
        let mut command = child::command(program_that_calls, "3.5");
        child::complete(command.env("JOBLIB_CACHE_DIR", folder.path()).env("JOBLIB_RECORD", value));
        assert_eq!(folder.path().join("joblib-runs").exists(), recorded, "JOBLIB_RECORD={value}");
        if recorded {
            let run = record(folder.path());
            assert_eq!(begins(&run).len(), 2);
            assert!(
                run.is_over && matches!(run.records.last(), Some(Stamped { record: Record::Exit(_), .. }))
            );
            assert!(
                run.run.program.contains("system") && run.run.arguments.iter().any(|text| text == "--exact")
            );
        }
    }
}

#[test]
fn what_the_environment_asks_for_has_to_be_yes_or_no() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = child::command(program_that_calls, "3.5");
    let output =
        child::complete(command.env("JOBLIB_CACHE_DIR", folder.path()).env("JOBLIB_RECORD", "please"));
    let printed = String::from_utf8_lossy(&output.stderr);
    let expected = "JOBLIB_RECORD: expected 1 or 0, found \"please\"; nothing is recorded";
    assert_eq!(printed.matches(expected).count(), 1, "{printed}");
    assert!(!folder.path().join("joblib-runs").exists());
}

#[test]
fn a_program_has_one_run_however_many_memories_it_opens() {
    let folder = tempfile::tempdir().expect("a folder");
    for n in 0..3 {
        let memory = Memory::new(folder.path()).expect("a memory").record(true);
        memory.cache("study::double", |x: u32| 2 * x).eval((n % 2,));
    }
    let run = record(folder.path());
    assert_eq!((begins(&run).len(), hits(&run).len()), (2, 1));
}

#[test]
#[ignore = "the role of a child process"]
fn program_that_only_runs_in_parallel() {
    Parallel::new().n_jobs(2).run((0..3).map(|n| delayed(|n: u32| 2 * n, (n,)))).expect("results");
}

#[test]
fn a_program_without_cached_calls_is_recorded_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = child::command(program_that_only_runs_in_parallel, "");
    child::complete(command.env("JOBLIB_CACHE_DIR", folder.path()).env("JOBLIB_RECORD", "1"));
    let run = record(folder.path());
    assert_eq!(begins(&run)[0].1.name, "Parallel");
}

#[test]
fn a_record_that_can_not_be_written_is_one_warning_and_changes_no_result() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("joblib-runs"), "a file").expect("written");
    let mut command = child::command(program_that_calls, "3.5");
    let output = child::complete(command.env("JOBLIB_CACHE_DIR", folder.path()).env("JOBLIB_RECORD", "1"));
    let printed = String::from_utf8_lossy(&output.stderr);
    assert_eq!(printed.matches("what runs is not recorded").count(), 1, "{printed}");
}

#[test]
fn a_miss_after_an_edit_names_what_was_edited_at_the_cost_of_one_look() {
    let folder = tempfile::tempdir().expect("a folder");
    let memory = Memory::new(folder.path()).expect("a memory").record(true);
    let before = memory.cache("study::score", |x: u32| x + 1).version(1);
    for x in 0..50 {
        before.eval((x,));
    }
    let after = memory.cache("study::score", |x: u32| x + 2).version(2);
    for x in 0..60 {
        after.eval((x,));
    }
    let run = record(folder.path());
    let causes: Vec<&str> = begins(&run).iter().map(|(_, begin)| begin.cause.as_ref()).collect();
    assert!(causes[..50].iter().all(|cause| cause.contains("was never computed")), "{}", causes[49]);
    assert!(
        causes[50..100].iter().all(|cause| cause.contains("`study::score` changed since")),
        "{}",
        causes[50]
    );
    assert!(causes[100].contains("not computed with these arguments"), "{}", causes[100]);
}
