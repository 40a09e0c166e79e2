//! What a record says of what failed: the error as its type can be shown, and nothing of functions that are redacted.

use joblib::prelude::*;
use joblib_record::{Outcome, runs};

use crate::records::{begins, ends, hits, record};

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

#[cached]
fn starts(day: u32) -> usize {
    refuses("hunter2") + day as usize
}

#[cached]
fn starts_anyhow(day: u32) -> usize {
    assert!(std::panic::catch_unwind(|| refuses("hunter2")).is_err());
    panic!("no other way on day {day}")
}

#[test]
fn what_a_redacted_function_panics_with_is_not_told_by_those_that_call_it_either() {
    let folder = tempfile::tempdir().expect("a folder");
    Memory::new(folder.path()).expect("a memory").record(true).install().expect("installed");
    assert!(std::panic::catch_unwind(|| starts(1)).is_err());
    assert!(std::panic::catch_unwind(|| starts_anyhow(1)).is_err());
    let run = record(folder.path());
    let (begins, ends) = (begins(&run), ends(&run));
    let messages: Vec<&str> =
        begins.iter().map(|(stamped, begin)| ends[&(stamped.pid, begin.step)].message.as_ref()).collect();
    let own = "it panicked: no other way on day 1";
    assert_eq!(messages, ["it panicked", "it panicked", own, "it panicked"]);
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
        login("any");
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
fn a_parallel_call_that_fails_says_with_what() {
    let folder = tempfile::tempdir().expect("a folder");
    Memory::new(folder.path()).expect("a memory").record(true).install().expect("installed");
    login("any");
    let failed = Parallel::new().n_jobs(2).run((0..4).map(|n| delayed(|n: u32| 12 / n, (n,))));
    assert!(failed.is_err());
    let run = record(folder.path());
    let begins = begins(&run);
    let (stamped, parallel) = begins.last().expect("a parallel call");
    let end = ends(&run)[&(stamped.pid, parallel.step)];
    assert_eq!(end.outcome, Outcome::Failed);
    assert!(end.message.contains("divide by zero"), "{}", end.message);
}
