//! Functions that return any error: kept as it is on threads, with text, chain and kind from processes.

use std::error::Error;
use std::fmt;
use std::io;

use joblib_parallel::{Generator, GeneratorUnordered, Parallel, RemoteError, SharedMem, TaskError, delayed};

const BACKENDS: [&str; 4] = ["sequential", "threading", "loky", "multiprocessing"];

/// A source that no serializer knows.
#[derive(Debug)]
struct Outer(io::Error);

impl fmt::Display for Outer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the outer error")
    }
}

impl Error for Outer {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

/// As the reports of error crates are: not an error itself, but one that converts into a box.
struct Report(Outer);

impl From<Report> for Box<dyn Error + Send + Sync> {
    fn from(report: Report) -> Self {
        Box::new(report.0)
    }
}

fn outer() -> Outer {
    Outer(io::Error::new(io::ErrorKind::PermissionDenied, "the inner error"))
}

fn with_io(n: u32) -> io::Result<u32> {
    if n == 2 { Err(io::Error::new(io::ErrorKind::NotFound, "nothing there")) } else { Ok(n) }
}

fn with_outer(n: u32) -> Result<u32, Outer> {
    if n == 2 { Err(outer()) } else { Ok(n) }
}

fn with_report(n: u32) -> Result<u32, Report> {
    if n == 2 { Err(Report(outer())) } else { Ok(n) }
}

fn with_box(n: u32) -> Result<u32, Box<dyn Error>> {
    if n == 2 { Err(outer().into()) } else { Ok(n) }
}

fn with_sendable_box(n: u32) -> Result<u32, Box<dyn Error + Send + Sync>> {
    if n == 2 { Err(outer().into()) } else { Ok(n) }
}

fn with_text(n: u32) -> Result<u32, String> {
    if n == 2 { Err(format!("{n} is not wanted")) } else { Ok(n) }
}

/// The texts of the error's sources.
fn chain(error: &dyn Error) -> Vec<String> {
    let Some(source) = error.source() else { return Vec::new() };
    let mut all = vec![source.to_string()];
    all.extend(chain(source));
    all
}

fn parallel(backend: &str) -> Parallel {
    Parallel::new().n_jobs(2).backend(backend)
}

#[test]
fn an_error_of_any_type_arrives_with_its_chain_from_every_backend() {
    const OUTER: [&str; 2] = ["the outer error", "the inner error"];
    for backend in BACKENDS {
        let parallel = parallel(backend);
        macro_rules! check {
            ($function:expr, $expected:expr) => {
                let error = parallel.try_run((0..4).map(|n| delayed($function, (n,)))).unwrap_err();
                assert!(error.is_failure(), "{backend}: {error}");
                assert_eq!(error.task().unwrap().index(), 2);
                assert_eq!(chain(&error), $expected, "{backend}");
                assert_eq!(parallel.try_run([delayed($function, (1,))]).unwrap(), [1]);
            };
        }
        check!(with_io, ["nothing there"]);
        check!(with_outer, OUTER);
        check!(with_report, OUTER);
        check!(with_box, OUTER);
        check!(with_sendable_box, OUTER);
        check!(with_text, ["2 is not wanted"]);
    }
}

#[test]
fn the_error_itself_arrives_from_threads_and_its_kind_from_processes() {
    for backend in BACKENDS {
        let error = parallel(backend).try_run((0..4).map(|n| delayed(with_io, (n,)))).unwrap_err();
        let source = error.source().unwrap();
        let kind = match source.downcast_ref::<io::Error>() {
            Some(error) => {
                assert!(backend == "sequential" || backend == "threading");
                error.kind()
            }
            None => source.downcast_ref::<RemoteError>().unwrap().io_kind().unwrap(),
        };
        assert_eq!(kind, io::ErrorKind::NotFound, "{backend}");
        let error = parallel(backend).try_run((0..4).map(|n| delayed(with_outer, (n,)))).unwrap_err();
        let inner = error.source().unwrap().source().unwrap();
        let kind = inner.downcast_ref::<io::Error>().map(io::Error::kind);
        let remote = inner.downcast_ref::<RemoteError>().and_then(RemoteError::io_kind);
        assert_eq!(kind.or(remote), Some(io::ErrorKind::PermissionDenied), "{backend}");
    }
}

#[test]
fn try_run_is_there_in_every_form() {
    let failed = |error: &TaskError| error.is_failure() && error.index() == 2;
    for backend in BACKENDS {
        let tasks = || (0..4).map(|n| delayed(with_box, (n,)));
        let outcomes = parallel(backend).outcomes().try_run(tasks()).unwrap();
        assert!(outcomes.iter().enumerate().all(|(n, outcome)| match outcome {
            Ok(value) => *value == n as u32 && n != 2,
            Err(error) => failed(error),
        }));
        let results: Vec<_> = parallel(backend).return_as(Generator).try_run(tasks()).unwrap().collect();
        // A failure ends the call: what comes before it is a part of what would have come.
        let (last, before) = results.split_last().unwrap();
        assert!(last.as_ref().is_err_and(joblib_parallel::Error::is_failure), "{backend}");
        assert!((0..).zip(before).all(|(n, result)| *result.as_ref().unwrap() == n) && before.len() <= 2);
        let outcomes = parallel(backend).return_as(GeneratorUnordered).outcomes().try_run(tasks()).unwrap();
        let outcomes: Vec<_> = outcomes.map(Result::unwrap).collect();
        assert_eq!((outcomes.len(), outcomes.iter().filter(|outcome| outcome.is_err()).count()), (4, 1));
    }
    let closures = || (0..4).map(|n| move || with_box(n));
    let threads = || Parallel::new().n_jobs(2).require(SharedMem);
    assert!(threads().try_run(closures()).unwrap_err().is_failure());
    assert!(failed(threads().outcomes().try_run(closures()).unwrap()[2].as_ref().unwrap_err()));
    assert!(threads().return_as(Generator).try_run(closures()).unwrap().last().unwrap().is_err());
    let forks = || Parallel::new().n_jobs(2).fork();
    let error = forks().try_run(closures()).unwrap_err();
    assert_eq!(chain(&error), ["the outer error", "the inner error"]);
    assert!(failed(forks().outcomes().try_run(closures()).unwrap()[2].as_ref().unwrap_err()));
    let boxed = (0..4).map(|n| delayed(with_text, (n,)).boxed());
    assert!(parallel("loky").try_run(boxed).unwrap_err().is_failure());
}

#[test]
fn a_panic_in_an_errors_own_code_is_the_tasks() {
    struct Angry;
    impl From<Angry> for Box<dyn Error + Send + Sync> {
        fn from(_: Angry) -> Self {
            panic!("no conversion")
        }
    }
    for backend in BACKENDS {
        let fails = || Err::<u8, Angry>(Angry);
        let error = parallel(backend).try_run([delayed(fails, ())]).unwrap_err();
        assert!(error.is_panic() && error.to_string().contains("no conversion"), "{backend}: {error}");
    }
}

#[test]
fn a_misspelled_backend_is_an_error_that_lists_those_there_are_and_suggests_one() {
    let said = |backend: &str| {
        let error = Parallel::new().backend(backend).run([delayed(f64::sqrt, (4.0,))]).unwrap_err();
        assert!(error.is_usage(), "{error}");
        error.to_string()
    };
    for (misspelled, meant) in [
        ("lokky", "loky"),
        ("Threading", "threading"),
        ("process", "processes"),
        ("multi-processing", "multiprocessing"),
    ] {
        let error = said(misspelled);
        assert!(
            error.contains(&format!("no parallel backend {misspelled:?}: did you mean {meant:?}?")),
            "{error}"
        );
        assert!(
            error.contains("sequential, threading, threads, loky, processes, multiprocessing"),
            "{error}"
        );
    }
    let error = said("spark");
    assert!(!error.contains("did you mean") && error.contains("register_parallel_backend"), "{error}");
}
