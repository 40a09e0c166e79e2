//! What is killed while a call runs: at many moments of it, spread over its length.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use joblib_parallel::{Backend, Parallel, delayed, shutdown_workers};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::cluster::{Cluster, python};
use crate::child;
use crate::strikes::{adopt, call, descendants, kill_one, moments, nothing_is_left};

#[test]
fn worker_processes_and_agents_that_are_killed_at_50_moments_cost_nothing_but_time() {
    let Some(python) = python() else { return };
    adopt();
    let cluster = Cluster::start(python, 2);
    let backend = Backend::from(cluster.backend());
    let mut killed = [0; 2];
    for (place, name) in ["joblib-worker", "joblib-agent"].into_iter().enumerate() {
        for (choice, after) in (0..).zip(moments(50)) {
            let mut done = false;
            call(&backend, after, || done = kill_one(name, choice));
            killed[place] += u32::from(done);
        }
    }
    // Some begin when there is nothing to kill yet.
    assert!(killed.iter().all(|count| *count >= 40), "{killed:?}");
    shutdown_workers();
    nothing_is_left();
}

#[test]
fn dask_workers_and_bridges_that_are_killed_cost_nothing_but_time() {
    let Some(python) = python() else { return };
    adopt();
    let mut cluster = Cluster::start(python, 3);
    let backend = Backend::from(cluster.backend().wait_for_workers(1, Duration::from_mins(1)));
    for (place, after) in [0, 9, 19, 30].into_iter().enumerate() {
        let victim = cluster.workers[place].id();
        call(&backend, after, || kill(Pid::from_raw(victim.cast_signed()), Signal::SIGKILL).unwrap());
        cluster.add_worker();
    }
    for after in [0, 5, 12, 20, 27, 36] {
        let mut done = false;
        let bridges = || descendants("python3").into_iter().filter(|pid| is_bridge(*pid));
        call(&backend, after, || {
            done = bridges().filter(|pid| kill(*pid, Signal::SIGKILL).is_ok()).count() == 1;
        });
        assert!(done);
    }
    shutdown_workers();
    nothing_is_left();
}

fn is_bridge(pid: Pid) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/cmdline")).is_ok_and(|line| line.contains("joblib-node"))
}

#[test]
fn a_scheduler_that_is_killed_ends_the_call_with_what_was_completed() {
    let Some(python) = python() else { return };
    adopt();
    for after in [2, 25] {
        let cluster = Cluster::start(python.clone(), 2);
        let scheduler = Pid::from_raw(cluster.scheduler.id().cast_signed());
        let (begun, begin) = channel();
        let begun_at = Instant::now();
        let error = std::thread::scope(|scope| {
            scope.spawn(move || begin.recv().is_ok().then(|| kill(scheduler, Signal::SIGKILL)));
            let tasks = (0..200_u64).inspect(move |n| {
                if *n == after {
                    let _ = begun.send(());
                }
            });
            let task = |n: u64| {
                std::thread::sleep(Duration::from_millis(20));
                n + 1
            };
            cluster.parallel().batch_size(1).run(tasks.map(|n| delayed(task, (n,)))).unwrap_err()
        });
        let reason = error.to_string();
        assert!(reason.contains("the connection to the scheduler at"), "{reason}");
        assert!(begun_at.elapsed() < Duration::from_secs(50), "{:?}", begun_at.elapsed());
        let completed = error.into_completed::<u64>().unwrap();
        assert!((0..).zip(&completed).all(|(n, result)| result.is_none_or(|result| result == n + 1)));
        nothing_is_left();
    }
}

#[test]
#[ignore = "a role that another test plays"]
fn a_program_that_works() {
    let task = |n: u64| {
        std::thread::sleep(Duration::from_millis(3));
        n
    };
    println!("starts");
    loop {
        Parallel::new().backend("dask").batch_size(1).run((0..20).map(|n| delayed(task, (n,)))).unwrap();
        println!("works");
    }
}

#[test]
fn callers_that_are_killed_leave_nothing_on_the_cluster_and_die_within_seconds() {
    let Some(python) = python() else { return };
    adopt();
    let cluster = Cluster::start(python, 2);
    for (moment, calls) in [0, 0, 0, 1, 1, 2, 3, 5].into_iter().enumerate() {
        let mut caller = child::role("dask::losses::a_program_that_works");
        caller.env("JOBLIB_DASK_ADDRESS", &cluster.address).env("JOBLIB_PYTHON", &cluster.python);
        let mut caller = caller.env("JOBLIB_DASK_WAIT", "60").stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(caller.stdout.take().unwrap()).lines().map_while(Result::ok);
        let _ = { lines }.filter(|line| line.ends_with("works") || line.ends_with("starts")).nth(calls);
        // While it connects, or while its tasks run.
        std::thread::sleep(Duration::from_millis(if calls == 0 {
            400 * moment as u64
        } else {
            7 * moment as u64
        }));
        caller.kill().unwrap();
        caller.wait().unwrap();
        nothing_is_left();
    }
}
