//! Tasks that ask for a claim far away, or wait for another process's, leave their executor free.

use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Waker};
use std::thread;
use std::time::{Duration, Instant};

use joblib_macros::cached;
use joblib_memory::Memory;
use joblib_tests::child;
use joblib_tests::proxy::{Mode, Proxy};
use joblib_tests::server::{Kind, Server};

use crate::{arguments, role};

/// What each request takes.
const DELAY: Duration = Duration::from_secs(1);

static STARTED: AtomicBool = AtomicBool::new(false);

#[cached(crate = joblib_memory, memory = memory, ignore = "memory")]
async fn never_done(memory: &Memory, x: u64) -> u64 {
    STARTED.store(true, Ordering::SeqCst);
    std::future::pending::<()>().await;
    x
}

/// Polls the call until its body starts, or for `longest`. Returns the time of all polls and that of the longest.
fn poll(memory: &Memory, longest: Duration) -> (Duration, Duration) {
    let mut call = Box::pin(never_done(memory, 1));
    let mut context = Context::from_waker(Waker::noop());
    // The first makes the connection, which takes no request.
    assert!(call.as_mut().poll(&mut context).is_pending());
    let (since, mut slowest) = (Instant::now(), Duration::ZERO);
    while !STARTED.load(Ordering::SeqCst) && since.elapsed() < longest {
        let one = Instant::now();
        assert!(call.as_mut().poll(&mut context).is_pending());
        slowest = slowest.max(one.elapsed());
        thread::sleep(Duration::from_millis(1));
    }
    if STARTED.load(Ordering::SeqCst) && child::argument().ends_with("hold") {
        child::ready();
        thread::sleep(Duration::from_hours(1));
    }
    (since.elapsed(), slowest)
}

#[test]
#[ignore = "the role of a child process"]
fn begin_to_compute() {
    let (time, slowest) = poll(&Memory::open(&arguments()[0]).unwrap(), Duration::from_mins(1));
    assert!(STARTED.load(Ordering::SeqCst), "it is never computed");
    assert!(time > DELAY * 2, "the claim was asked for: {time:?}");
    assert!(slowest < DELAY * 7 / 10, "a poll waited for a request: {slowest:?}");
}

#[test]
#[ignore = "the role of a child process"]
fn wait_for_another_process() {
    let (_, slowest) = poll(&Memory::open(&arguments()[0]).unwrap(), DELAY * 6);
    assert!(!STARTED.load(Ordering::SeqCst), "another process has the claim");
    assert!(slowest < DELAY * 7 / 10, "a poll waited for a request: {slowest:?}");
}

#[test]
fn a_task_asks_for_a_claim_and_waits_for_one_without_blocking() {
    let server = Server::start(Kind::Moto);
    let proxy = Proxy::start(server.port(), Mode::Delay(DELAY));
    child::complete(&mut role(begin_to_compute, &server, proxy.port(), "begun", "and leave"));
    let mut holder = role(begin_to_compute, &server, server.port(), "held", "hold");
    let mut holder = holder.stdout(Stdio::piped()).spawn().unwrap();
    child::wait_until_ready(&mut holder);
    child::complete(&mut role(wait_for_another_process, &server, proxy.port(), "held", "and leave"));
    holder.kill().unwrap();
    holder.wait().unwrap();
}
