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

pub(crate) fn record(folder: &Path) -> RunFile {
    let files = runs(&folder.join("joblib-runs")).expect("a folder");
    assert_eq!(files.len(), 1, "{files:?}");
    let run = RunFile::read(&files[0]).expect("readable");
    assert!(run.problems.is_empty(), "{:?}", run.problems);
    run
}

pub(crate) fn begins(run: &RunFile) -> Vec<(&Stamped, &Begin<'static>)> {
    run.records
        .iter()
        .filter_map(|stamped| match &stamped.record {
            Record::Begin(begin) => Some((stamped, begin)),
            _ => None,
        })
        .collect()
}

pub(crate) fn hits(run: &RunFile) -> Vec<&Hit<'static>> {
    run.records
        .iter()
        .filter_map(|stamped| match &stamped.record {
            Record::Hit(hit) => Some(hit),
            _ => None,
        })
        .collect()
}

pub(crate) fn ends(run: &RunFile) -> BTreeMap<(u32, u64), &End<'static>> {
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
