//! What a bucket does not do is said once, and what its own rules would drop is written again.

use std::time::{Duration, Instant};

use joblib_memory::{Memory, SharedCache, StoreOptions};
use joblib_tests::child;
use joblib_tests::proxy::{Mode, Proxy};
use joblib_tests::server::{Kind, Server};

use crate::{arguments, role};

#[test]
#[ignore = "the role of a child process"]
fn compute_without_claims() {
    let arguments = arguments();
    let memory = match &*arguments[1] {
        "alone" => Memory::open(&arguments[0]).unwrap(),
        folder => {
            let shared = SharedCache::new(&arguments[0]).compute_once(true);
            Memory::new(folder).unwrap().shared(shared).unwrap()
        }
    };
    let triple = memory.cache("triple", |x: u64| 3 * x);
    for x in (0..10_u64).flat_map(|x| [x, x]) {
        assert_eq!(triple.eval((x,)), 3 * x);
    }
    memory.flush().unwrap();
    assert_eq!((memory.stats().hits, memory.stats().misses), (10, 10));
}

fn warnings_of(mode: Mode) -> Vec<String> {
    let server = Server::start(Kind::Moto);
    let proxy = Proxy::start(server.port(), mode);
    let base = tempfile::tempdir().unwrap();
    let mut all = Vec::new();
    for place in ["alone".to_owned(), base.path().join("near").display().to_string()] {
        let prefix = if place == "alone" { "alone" } else { "behind" };
        let mut command = role(compute_without_claims, &server, proxy.port(), prefix, &place);
        let output = child::complete(command.env("JOBLIB_WARNINGS", "stderr"));
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        all.extend(told.lines().filter(|line| line.starts_with("warning: joblib")).map(str::to_owned));
    }
    all.retain(|line| !line.contains("does not pay"));
    all
}

#[test]
fn a_server_without_conditions_is_one_warning_and_results_are_right() {
    for mode in [Mode::WithoutConditions, Mode::RefuseConditions] {
        let warnings = warnings_of(mode.clone());
        assert_eq!(warnings.len(), 2, "one for each cache, {mode:?}: {warnings:?}");
        assert!(warnings.iter().all(|line| line.contains("nobody can claim")), "{mode:?}: {warnings:?}");
        assert!(warnings[1].contains("the shared cache s3://"), "{warnings:?}");
    }
    assert_eq!(warnings_of(Mode::Forward), [""; 0], "with conditions there is nothing to say");
}

#[test]
#[ignore = "the role of a child process"]
fn call_with_a_refresh_of() {
    let arguments = arguments();
    let options = StoreOptions::new(&arguments[0]).option("refresh", &arguments[1]);
    let memory = Memory::with_options("object", &options).unwrap();
    for _ in 0..3 {
        assert_eq!(memory.eval("triple", |x: u64| 3 * x, (7,)), 21);
    }
    // It is written in the background.
    std::thread::sleep(Duration::from_millis(arguments[2].parse().unwrap()));
}

#[test]
fn a_result_that_is_used_is_written_again_when_it_is_old() {
    let server = Server::start(Kind::Moto);
    let proxy = Proxy::start(server.port(), Mode::Forward);
    let writes = || {
        let is_write = |request: &String| request.starts_with("PUT ") && request.contains("/r/");
        proxy.take_requests().iter().filter(|request| is_write(request)).count()
    };
    let call = |refresh: &str, wait: &str| {
        let rest = format!("{refresh}\n{wait}");
        child::complete(&mut role(call_with_a_refresh_of, &server, proxy.port(), "refresh", &rest));
    };
    call("7d", "0");
    assert_eq!(writes(), 2, "a miss");
    call("7d", "500");
    assert_eq!(writes(), 0, "it is not that old");
    // Servers know the second of the last change.
    std::thread::sleep(Duration::from_millis(2100));
    let since = Instant::now();
    let mut written = 0;
    while written == 0 {
        assert!(since.elapsed() < Duration::from_mins(1), "it is old and used");
        call("1s", "500");
        written += writes();
    }
    assert_eq!(written, 1, "once for each process");
}
