//! What calls cost in requests, counted by a proxy, and that many go at once over a long way.

use std::fs;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use joblib_memory::{Memory, SharedCache};
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

/// What the guide says that a thousand of something cost: `GET`, `PUT` and dollars.
fn of_guide(what: &str) -> (usize, usize, f64) {
    let guide = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/guide/sharing.md");
    let guide = fs::read_to_string(guide).unwrap();
    let line = guide.lines().find(|line| line.starts_with(&format!("| {what}")));
    let cells: Vec<String> = line
        .unwrap_or_else(|| panic!("the guide has no row of {what:?}"))
        .split('|')
        .map(|cell| cell.trim().trim_end_matches(" $").replace(',', ""))
        .collect();
    (cells[2].parse().unwrap(), cells[3].parse().unwrap(), cells[4].parse().unwrap())
}

#[test]
#[ignore = "the role of a child process"]
fn call_many() {
    let arguments = arguments();
    let shared = SharedCache::new(&arguments[0]).compute_once(arguments[1] == "once");
    let memory = match &*arguments[1] {
        "alone" => Memory::open(&arguments[0]).unwrap(),
        _ => Memory::new(&arguments[2]).unwrap().shared(shared).unwrap(),
    };
    let square = memory.cache("square", |x: u64| x * x);
    (0..CALLS).for_each(|x| assert_eq!(square.eval((x,)), x * x));
    memory.flush().unwrap();
}

/// Calls that are counted.
const CALLS: u64 = 20;

#[test]
fn a_thousand_calls_cost_what_the_guide_says() {
    let server = Server::start(Kind::Moto);
    let proxy = Proxy::start(server.port(), Mode::Forward);
    let base = tempfile::tempdir().unwrap();
    let cost = |how: &str, prefix: &str, folder: &str| {
        let rest = format!("{how}\n{}", base.path().join(folder).display());
        child::complete(&mut role(call_many, &server, proxy.port(), prefix, &rest));
        let requests = of_results(&proxy);
        let (get, put): (Vec<_>, Vec<_>) = requests.into_iter().partition(|method| method == "GET");
        assert!(put.iter().all(|method| method == "PUT"), "{put:?}");
        let of_thousand = |requests: Vec<String>| requests.len() * 1000 / CALLS as usize;
        let (get, put) = (of_thousand(get), of_thousand(put));
        // The list prices of S3.
        let dollars = (get as f64 * 0.0004 + put as f64 * 0.005) / 1000.0;
        (get, put, (dollars * 1e4).round() / 1e4)
    };
    for (what, how, prefix, folder) in [
        ("misses, bucket behind the own cache", "behind", "behind", "one"),
        ("hits in the machine's own cache", "behind", "behind", "one"),
        ("hits in the bucket", "behind", "behind", "another"),
        ("misses, bucket alone", "alone", "alone", ""),
        ("hits in the bucket", "alone", "alone", ""),
        ("misses, bucket alone, or `compute_once`", "once", "once", "third"),
    ] {
        assert_eq!(cost(how, prefix, folder), of_guide(what), "{what} ({how})");
    }
}

/// A lease in seconds, a tenth of what it is unless set: claims are refreshed and looked at ten times as often.
const LEASE: &str = "3";

#[test]
#[ignore = "the role of a child process"]
fn compute_for_a_while() {
    let options = StoreOptions::new(&arguments()[0]).option("lease", LEASE);
    let memory = Memory::with_options("object", &options).unwrap();
    let slow = memory.cache("slow", |x: u64| {
        child::ready();
        thread::sleep(Duration::from_secs(14));
        x
    });
    assert_eq!(slow.eval((7,)), 7);
}

#[test]
fn waiting_and_computing_under_a_claim_cost_what_the_guide_says() {
    let server = Server::start(Kind::Moto);
    let [computing, waiting] = [(); 2].map(|()| Proxy::start(server.port(), Mode::Forward));
    let start = |proxy: &Proxy| {
        let mut role = role(compute_for_a_while, &server, proxy.port(), "while", "");
        role.stdout(Stdio::piped()).spawn().unwrap()
    };
    let mut first = start(&computing);
    child::wait_until_ready(&mut first);
    let mut second = start(&waiting);
    // The first requests of who waits are closer to each other.
    thread::sleep(Duration::from_secs(3));
    for proxy in [&computing, &waiting] {
        proxy.take_requests();
    }
    let since = Instant::now();
    thread::sleep(Duration::from_secs(8));
    let [computing, waiting] = [&computing, &waiting].map(of_results);
    let of_thousand_seconds = |count: usize| count as f64 * 1000.0 / (since.elapsed().as_secs_f64() * 10.0);
    assert!(computing.iter().all(|method| method == "PUT") && waiting.iter().all(|method| method == "GET"));
    for (what, requests) in [
        ("seconds of waiting", (of_thousand_seconds(waiting.len()), 0.0)),
        ("seconds of computing", (0.0, of_thousand_seconds(computing.len()))),
    ] {
        let (get, put, _) = of_guide(what);
        for (said, counted) in [(get, requests.0), (put, requests.1)] {
            // A slow machine makes fewer.
            let said = said as f64;
            assert!((said * 0.5..=said * 1.2).contains(&counted), "{what}: {counted} of {said}");
        }
    }
    assert!(first.wait().unwrap().success() && second.wait().unwrap().success());
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

#[test]
#[ignore = "the role of a child process"]
fn hit_at_once() {
    let arguments = arguments();
    let memory = Memory::open(&arguments[0]).unwrap();
    let number = memory.cache("number", |x: usize| x);
    thread::scope(|scope| {
        for at in 0..AT_ONCE {
            let number = &number;
            scope.spawn(move || {
                (0..EACH).for_each(|x| assert_eq!(number.eval((at * EACH + x,)), at * EACH + x));
            });
        }
    });
    let stats = memory.stats();
    assert_eq!([stats.hits, stats.misses].contains(&((AT_ONCE * EACH) as u64)), arguments[1] == "all");
}

#[test]
fn hits_of_many_threads_go_at_once() {
    let server = Server::start(Kind::Moto);
    let proxy = Proxy::start(server.port(), Mode::Forward);
    let run = || child::complete(&mut role(hit_at_once, &server, proxy.port(), "far", "all"));
    run();
    proxy.take_requests();
    proxy.set(Mode::Together(AT_ONCE));
    run();
    assert_eq!(of_results(&proxy).len(), AT_ONCE * EACH);
}

#[test]
#[ignore = "the role of a child process"]
fn read_at_once_on_one_thread() {
    let store = open("object", &StoreOptions::new(arguments()[0].clone())).unwrap();
    let key = |call| joblib_store::Key::new(&joblib_store::FunctionVersion::new("f", 1, ""), [call; 16]);
    let keys: Vec<_> = (0..20).map(key).collect();
    let mut all: Vec<_> = keys.iter().map(|key| store.get_async(key).unwrap()).collect();
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    while !all.is_empty() {
        all.retain_mut(|get| get.as_mut().poll(&mut context).map(Result::unwrap).is_pending());
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn tasks_of_one_thread_read_at_once() {
    let server = Server::start(Kind::Moto);
    let proxy = Proxy::start(server.port(), Mode::Together(20));
    child::complete(&mut role(read_at_once_on_one_thread, &server, proxy.port(), "tasks", ""));
    assert_eq!(of_results(&proxy), ["GET"; 20]);
}
