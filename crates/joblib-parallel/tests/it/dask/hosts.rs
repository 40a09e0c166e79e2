//! Hosts with addresses of their own: what goes through the caller's interface, and what happens when that is cut.

use std::collections::HashSet;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};
use std::{fs, thread};

use joblib_array::Array;
use joblib_parallel::backend::Dask;
use joblib_parallel::{Parallel, delayed, shutdown_workers};

use super::cluster::python;
use super::meet;
use super::memory::memory_of;
use crate::child;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/dask/hosts.sh");

/// Bytes of the array.
const BYTES: u64 = 80_000_000;

/// Bytes that this host has sent.
fn sent() -> u64 {
    sent_says(&fs::read_to_string("/proc/self/net/dev").unwrap())
}

/// Bytes that the scheduler's host has sent.
fn sent_by_scheduler() -> u64 {
    let output = Command::new("ip").args("netns exec host1 cat /proc/self/net/dev".split(' ')).output();
    sent_says(&String::from_utf8(output.unwrap().stdout).unwrap())
}

fn sent_says(table: &str) -> u64 {
    let line = table.lines().find_map(|line| line.trim_start().strip_prefix("eth0:")).unwrap();
    line.split_whitespace().nth(8).unwrap().parse().unwrap()
}

fn link(state: &str) {
    assert!(Command::new("ip").args(["link", "set", "eth0", state]).status().unwrap().success());
}

#[test]
#[ignore = "a role that another test plays"]
fn a_caller_on_a_host_of_its_own() {
    let dask = Dask::new().wait_for_workers(3, Duration::from_mins(1));
    let parallel = || Parallel::new().backend(dask.clone()).batch_size(1);
    let nodes = || {
        let marks = tempfile::tempdir().unwrap();
        let task = |marks: PathBuf| {
            thread::sleep(Duration::from_millis(20));
            meet(&marks, 3)
        };
        parallel().run((0..40).map(|_| delayed(task, (marks.path().to_owned(),)))).unwrap()
    };
    let both = HashSet::from(["host2".to_owned(), "host3".to_owned()]);

    let before = sent();
    assert_eq!(nodes().into_iter().collect::<HashSet<_>>(), both);
    let program = sent() - before;
    shutdown_workers();
    let before = sent();
    assert_eq!(nodes().into_iter().collect::<HashSet<_>>(), both);
    let again = sent() - before;
    assert!(program > 1_000_000 && again < 300_000, "the program: {program} bytes, then {again}");

    let array = Array::from_vec((0..BYTES / 8).map(|n| n as f64).collect(), &[BYTES as usize / 8]).unwrap();
    let read = |array: Array<f64>, k: usize, marks: PathBuf| {
        let place = (nix::unistd::getppid().as_raw(), memory_of(&array));
        ((meet(&marks, 3), place), array.as_slice()[k] as usize)
    };
    let call = || {
        let before = sent();
        let marks = tempfile::tempdir().unwrap();
        let tasks = (0..40).map(|k| delayed(read, (array.clone(), k, marks.path().to_owned())));
        let results = parallel().run(tasks).unwrap();
        assert!(results.iter().enumerate().all(|(k, (_, value))| *value == k));
        let places: HashSet<_> = results.into_iter().map(|(place, _)| place).collect();
        assert_eq!(places.iter().map(|(node, _)| node.clone()).collect::<HashSet<_>>(), both);
        (sent() - before, places)
    };
    let ((first, _), (second, places)) = (call(), call());
    // The array came to each host once: both workers of a host have one memory.
    let memories = |host: &str| -> (HashSet<i32>, HashSet<u64>) {
        places.iter().filter(|(node, _)| node == host).map(|(_, place)| *place).unzip()
    };
    let ((agents, of_one), (_, of_other)) = (memories("host2"), memories("host3"));
    assert_eq!((agents.len(), of_one.len(), of_other.len()), (2, 1, 1), "{places:?}");
    println!(
        "an array of {BYTES} bytes: {first} bytes sent, then {second}; the program: {program}, then {again}"
    );
    assert!((BYTES..BYTES * 105 / 100).contains(&first), "{first}");
    assert!(second < BYTES / 100, "{second}");

    // Large results come straight from their hosts, when it is known that there is a way from each.
    let large = |n: u32| Array::from_vec(vec![n; 5_000_000], &[5_000_000]).unwrap();
    let results = || {
        let (before, start) = (sent_by_scheduler(), Instant::now());
        let results = parallel().run((0..4).map(|n| delayed(large, (n,)))).unwrap();
        let took = start.elapsed();
        assert!((0..).zip(&results).all(|(n, result)| result.iter().all(|value| *value == n)));
        (sent_by_scheduler() - before, took)
    };
    let (first, mut second) = (results(), results());
    let until = Instant::now() + Duration::from_mins(1);
    while second.0 > 1_000_000 && Instant::now() < until {
        second = results();
    }
    println!("4 results of 20 MB: {first:?} bytes sent by the scheduler, then {second:?}");
    assert!(second.0 < 1_000_000, "{second:?}");

    // A link that is down breaks no connection: what was under way arrives when it is up again.
    thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_millis(300));
            link("down");
            thread::sleep(Duration::from_secs(2));
            link("up");
        });
        assert_eq!(nodes().len(), 40);
    });
}

#[test]
fn hosts_with_addresses_of_their_own_get_an_array_and_the_program_through_one_interface_once() {
    let Some(python) = python() else { return };
    // Without this command such a test fails where there is no `unshare` or `ip`.
    let without = std::env::var("JOBLIB_TEST_WITHOUT").unwrap_or_default();
    if without.split(',').any(|program| ["unshare", "ip"].contains(&program)) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new("unshare");
    command.args("--user --map-root-user --net --mount --pid --fork --kill-child --mount-proc sh".split(' '));
    command.arg(SCRIPT).arg(folder.path()).arg(python).arg(std::env::current_exe().unwrap());
    let printed = child::play(command.arg("dask::hosts::a_caller_on_a_host_of_its_own"));
    for line in printed.lines().filter(|line| line.contains("bytes sent")) {
        println!("{line}");
    }
}
