//! Tasks that ask for a claim far away, or wait for another process's, leave their executor free.

use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};
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

#[cached(crate = joblib_memory, memory = memory, ignore = "memory")]
async fn doubled(memory: &Memory, x: u64) -> Vec<u64> {
    std::future::ready(vec![2 * x; 1000]).await
}

#[test]
#[ignore = "the role of a child process"]
fn store_a_result() {
    let memory = Memory::open(&arguments()[0]).unwrap();
    let mut context = Context::from_waker(Waker::noop());
    for shelved in [false, true] {
        let run = async {
            if shelved {
                doubled::call_and_shelve(&memory, 4).await.get().unwrap()
            } else {
                doubled(&memory, 3).await
            }
        };
        let mut call = Box::pin(run);
        let (since, mut slowest) = (Instant::now(), Duration::ZERO);
        // The first makes the connection, which takes no request.
        let mut polled = call.as_mut().poll(&mut context);
        while polled.is_pending() {
            thread::sleep(Duration::from_millis(1));
            let one = Instant::now();
            polled = call.as_mut().poll(&mut context);
            if !shelved {
                slowest = slowest.max(one.elapsed());
            }
        }
        let Poll::Ready(result) = polled else { unreachable!() };
        assert_eq!(result, vec![if shelved { 8 } else { 6 }; 1000]);
        assert!(since.elapsed() > DELAY * 3, "it was looked for, claimed and stored");
        assert!(slowest < DELAY * 7 / 10, "a poll waited for a request: {slowest:?}");
    }
    let stats = memory.stats();
    assert_eq!((stats.misses, stats.hits), (2, 0));
    assert!(stats.bytes_written > 16_000, "both are stored when they are returned");
    assert_eq!(memory.items().unwrap().len(), 2);
}

#[test]
fn a_task_stores_a_result_without_blocking() {
    let server = Server::start(Kind::Moto);
    let proxy = Proxy::start(server.port(), Mode::Delay(DELAY));
    child::complete(&mut role(store_a_result, &server, proxy.port(), "stored", ""));
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
