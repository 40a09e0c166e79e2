//! Servers that answer wrongly: no answer of theirs changes a result.

use std::time::{Duration, Instant};

use joblib_memory::Memory;
use joblib_store::{ObjectStore, StoreOptions};
use joblib_tests::child;
use joblib_tests::proxy::{Mode, Proxy};
use joblib_tests::server::{Kind, Server};

use crate::{arguments, role};

#[test]
#[ignore = "the role of a child process"]
fn compute_whatever_is_answered() {
    let arguments = arguments();
    let memory = match &*arguments[1] {
        "alone" => Memory::open(&arguments[0]).unwrap(),
        folder => Memory::new(folder).unwrap().shared(&*arguments[0]).unwrap(),
    };
    let since = Instant::now();
    for x in 0..100_u64 {
        assert_eq!(memory.eval("triple", |x: u64| 3 * x, (x,)), 3 * x);
    }
    assert!(since.elapsed() < Duration::from_secs(20), "{:?} for 100 calls", since.elapsed());
}

#[test]
fn no_answer_of_a_server_changes_a_result_or_warns_twice() {
    let server = Server::start(Kind::Moto);
    let proxy = Proxy::start(server.port(), Mode::Forward);
    let modes = [500, 503, 429, 400, 401, 403, 404, 301].map(Mode::Status);
    for mode in modes.into_iter().chain([Mode::Cut]) {
        proxy.set(mode.clone());
        for place in ["alone", "machine"] {
            let base = tempfile::tempdir().unwrap();
            let folder = base.path().join("machine").display().to_string();
            let rest = if place == "alone" { place.to_owned() } else { folder };
            let mut command = role(compute_whatever_is_answered, &server, proxy.port(), "wrong", &rest);
            let output = child::complete(command.env("JOBLIB_WARNINGS", "stderr"));
            let told = String::from_utf8_lossy(&output.stderr);
            let warnings: Vec<&str> =
                told.lines().filter(|line| line.starts_with("warning: joblib")).collect();
            assert_eq!(warnings.len(), 1, "{mode:?} {place}: {warnings:?}");
            assert!(!told.contains("for-tests-only"), "{told}");
        }
    }
}

#[test]
#[ignore = "the role of a child process"]
fn hold_a_server() {
    let server = Server::start(Kind::Moto);
    std::fs::write(child::argument(), server.port().to_string()).unwrap();
    child::ready();
    std::thread::sleep(Duration::from_hours(1));
}

#[test]
fn a_server_ends_with_the_test_that_started_it() {
    let told = tempfile::NamedTempFile::new().unwrap();
    let mut holder = child::command(hold_a_server, &told.path().display().to_string());
    let mut holder = holder.stdout(std::process::Stdio::piped()).spawn().unwrap();
    child::wait_until_ready(&mut holder);
    let port: u16 = std::fs::read_to_string(told.path()).unwrap().parse().unwrap();
    holder.kill().unwrap();
    holder.wait().unwrap();
    let since = Instant::now();
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
        assert!(since.elapsed() < Duration::from_mins(1), "the server goes on alone");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
#[ignore = "the role of a child process"]
fn check() {
    let arguments = arguments();
    let atomic: bool = arguments[1].parse().unwrap();
    let check = ObjectStore::open(&StoreOptions::new(&arguments[0])).unwrap().check(2).unwrap();
    assert_eq!(check.is_atomic(), atomic, "{check:?}");
}

#[test]
fn a_check_finds_that_seaweedfs_is_atomic() {
    let server = Server::start(Kind::SeaweedFs);
    child::complete(&mut role(check, &server, server.port(), "check", "true"));
}

#[test]
fn a_check_finds_that_azurite_is_atomic() {
    let server = Server::start(Kind::Azurite);
    child::complete(&mut role(check, &server, server.port(), "check", "true"));
}

#[test]
fn a_check_finds_that_a_server_without_conditions_is_not_atomic() {
    // moto looks at the condition and writes then, each in a thread of its own: what it is found to be differs. Without
    // conditions every writer wins.
    let server = Server::start(Kind::Moto);
    let proxy = Proxy::start(server.port(), Mode::WithoutConditions);
    child::complete(&mut role(check, &server, proxy.port(), "check", "false"));
}
