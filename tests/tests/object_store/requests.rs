//! What calls cost in requests, counted by a proxy, and that many go at once over a long way.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use joblib_memory::Memory;
use joblib_store::{StoreOptions, open};
use joblib_tests::child;
use joblib_tests::proxy::{Mode, Proxy};
use joblib_tests::server::{Kind, Server};

use crate::{arguments, role};

#[test]
#[ignore = "the role of a child process"]
fn call_once() {
    let arguments = arguments();
    let memory = Memory::open(&arguments[0]).unwrap();
    let square = memory.cache("square", |x: u64| x * x);
    for x in arguments[1].split(' ').map(|x| x.parse().unwrap()) {
        assert_eq!(square.eval((x,)), x * x);
    }
}

/// The requests for results, which are what each call costs.
fn of_results(proxy: &Proxy) -> Vec<String> {
    let requests = proxy.take_requests();
    let results = requests.iter().filter(|request| request.contains("/r/"));
    results.map(|request| request.split(' ').next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn a_hit_is_one_request_and_a_miss_is_three() {
    for kind in [Kind::Moto, Kind::Azurite] {
        let server = Server::start(kind);
        let proxy = Proxy::start(server.port(), Mode::Forward);
        let call = |numbers: &str| {
            child::complete(&mut role(call_once, &server, proxy.port(), "requests", numbers));
            of_results(&proxy)
        };
        assert_eq!(call("1"), ["GET", "PUT", "PUT"], "{kind:?}: a miss");
        assert_eq!(call("1"), ["GET"], "{kind:?}: a hit");
        assert_eq!(call("1 2 1 2"), ["GET", "GET", "PUT", "PUT", "GET", "GET"], "{kind:?}");
        // Beside them each process asks once what is at the address, and notes what it used when it ends.
        child::complete(&mut role(call_once, &server, proxy.port(), "requests", "1 2"));
        let all = proxy.take_requests();
        assert_eq!(all.len(), 4, "{kind:?}: {all:?}");
    }
}

#[test]
#[ignore = "the role of a child process"]
fn read_metadata_of_a_large_result() {
    let url = &arguments()[0];
    let memory = Memory::open(url).unwrap();
    let (item, metadata) = memory.items().unwrap().remove(0);
    assert!(item.bytes > 4_000_000);
    assert_eq!(metadata.unwrap().function(), "large");
}

#[test]
#[ignore = "the role of a child process"]
fn store_a_large_result() {
    let memory = Memory::open(&arguments()[0]).unwrap();
    memory.eval("large", |n: usize| vec![1.0_f64; n], (1_000_000,));
}

#[test]
fn metadata_is_read_without_the_result() {
    let server = Server::start(Kind::Moto);
    let proxy = Proxy::start(server.port(), Mode::Forward);
    child::complete(&mut role(store_a_large_result, &server, proxy.port(), "large", ""));
    proxy.take_requests();
    proxy.take_bytes();
    child::complete(&mut role(read_metadata_of_a_large_result, &server, proxy.port(), "large", ""));
    let (bytes, requests) = (proxy.take_bytes(), proxy.take_requests());
    assert!(
        requests.iter().any(|request| request.contains("/r/")) && bytes < 200_000,
        "{bytes} of 8,000,000"
    );
}

/// Results that are read at once.
const AT_ONCE: usize = 16;
const EACH: usize = 10;
const DELAY: Duration = Duration::from_millis(50);

#[test]
#[ignore = "the role of a child process"]
fn hit_over_a_long_way() {
    let arguments = arguments();
    let memory = Memory::open(&arguments[0]).unwrap();
    let number = memory.cache("number", |x: usize| x);
    let since = Instant::now();
    thread::scope(|scope| {
        for at in 0..AT_ONCE {
            let number = &number;
            scope.spawn(move || {
                (0..EACH).for_each(|x| assert_eq!(number.eval((at * EACH + x,)), at * EACH + x));
            });
        }
    });
    fs::write(&arguments[1], since.elapsed().as_secs_f64().to_string()).unwrap();
}

#[test]
fn hits_over_a_long_way_go_at_once() {
    let server = Server::start(Kind::Moto);
    let proxy = Proxy::start(server.port(), Mode::Forward);
    let told = tempfile::NamedTempFile::new().unwrap();
    let told_to = told.path().display().to_string();
    let run = || {
        child::complete(&mut role(hit_over_a_long_way, &server, proxy.port(), "far", &told_to));
        fs::read_to_string(told.path()).unwrap().parse::<f64>().unwrap()
    };
    run();
    proxy.take_requests();
    proxy.set(Mode::Delay(DELAY));
    let seconds = run();
    let one_by_one = DELAY.as_secs_f64() * (AT_ONCE * EACH) as f64;
    assert_eq!(of_results(&proxy).len(), AT_ONCE * EACH);
    // At once they are ten times 50 ms and what a slow server needs for 160 requests.
    assert!(seconds < one_by_one / 2.0, "{seconds} s; one by one it would be {one_by_one} s");
}

#[test]
#[ignore = "the role of a child process"]
fn task_of_a_runtime_does_not_block_it() {
    // A store whose requests take 50 ms each, and one thread that runs all tasks.
    let store = open("object", &StoreOptions::new(arguments()[0].clone())).unwrap();
    let key = |call| joblib_store::Key::new(&joblib_store::FunctionVersion::new("f", 1, ""), [call; 16]);
    let keys: Vec<_> = (0..20).map(key).collect();
    let since = Instant::now();
    let mut all: Vec<_> = keys.iter().map(|key| store.get_async(key).unwrap()).collect();
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    while !all.is_empty() {
        all.retain_mut(|get| get.as_mut().poll(&mut context).map(Result::unwrap).is_pending());
        thread::sleep(Duration::from_millis(1));
    }
    assert!(since.elapsed() < DELAY * 15, "{:?} for 20 requests at once", since.elapsed());
}

#[test]
fn tasks_of_one_thread_read_at_once() {
    let server = Server::start(Kind::Moto);
    let proxy = Proxy::start(server.port(), Mode::Delay(DELAY));
    child::complete(&mut role(task_of_a_runtime_does_not_block_it, &server, proxy.port(), "tasks", ""));
}
