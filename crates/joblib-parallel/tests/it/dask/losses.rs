//! What is killed while a call runs: at many moments of it, spread over its length.
//!
//! Where each moment costs the start of some Pythons, there are few of them, or as many as `JOBLIB_TEST_MOMENTS` says.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use joblib_parallel::{Backend, Parallel, delayed, shutdown_workers};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::cluster::{Cluster, python};
use crate::child;
use crate::strikes::{adopt, call, descendants, kill_at_50_moments, moments, moments_or, nothing_is_left};

/// How many moments of those that have a cluster or a program each are tried at the same time.
const AT_ONCE: usize = 5;

#[test]
fn worker_processes_that_are_killed_at_50_moments_cost_nothing_but_time() {
    strike("joblib-worker");
}

#[test]
fn agents_that_are_killed_at_50_moments_cost_nothing_but_time() {
    strike("joblib-agent");
}

fn strike(name: &str) {
    let Some(python) = python() else { return };
    adopt();
    let cluster = Cluster::start(python, 2);
    kill_at_50_moments(&Backend::from(cluster.backend()), name);
}

#[test]
fn dask_workers_that_are_killed_cost_nothing_but_time() {
    let Some(python) = python() else { return };
    adopt();
    let mut cluster = Cluster::start(python, 3);
    let backend = Backend::from(cluster.backend().wait_for_workers(1, Duration::from_mins(1)));
    for (place, after) in (0..).zip(moments(moments_or(6))) {
        let victim = cluster.workers[place].id();
        call(&backend, after, || kill(Pid::from_raw(victim.cast_signed()), Signal::SIGKILL).unwrap());
        cluster.workers[place].wait().unwrap();
        cluster.add_worker();
    }
    shutdown_workers();
    nothing_is_left();
}

#[test]
fn bridges_that_are_killed_cost_nothing_but_time() {
    let Some(python) = python() else { return };
    adopt();
    let cluster = Cluster::start(python, 2);
    let backend = Backend::from(cluster.backend());
    for after in moments(moments_or(8)) {
        let mut killed = 0;
        let bridges = || descendants("python3").into_iter().filter(|pid| is_bridge(*pid));
        call(&backend, after, || {
            killed = bridges().filter(|pid| kill(*pid, Signal::SIGKILL).is_ok()).count();
        });
        assert_eq!(killed, 1);
    }
    shutdown_workers();
    nothing_is_left();
}

/// One that ends each Dask worker that it is on: Dask gives it up, and the others are not blamed for it.
#[test]
fn a_task_that_dask_gives_up_fails_alone_and_its_failure_names_the_last_worker() {
    let Some(python) = python() else { return };
    let allow_none = ["env", "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES=0"];
    let cluster = Cluster::start_by(&allow_none, python, 3);
    let task = |n: u64| {
        if n == 3 {
            let agent = nix::unistd::getppid();
            let status = std::fs::read_to_string(format!("/proc/{agent}/status")).unwrap();
            let parent = status.lines().find_map(|line| line.strip_prefix("PPid:")).unwrap();
            kill(Pid::from_raw(parent.trim().parse().unwrap()), Signal::SIGKILL).unwrap();
            thread::sleep(Duration::from_mins(1));
        }
        thread::sleep(Duration::from_millis(20));
        n
    };
    let outcomes = cluster.parallel().batch_size(1).outcomes();
    let outcomes = outcomes.run((0..12).map(|n| delayed(task, (n,)))).unwrap();
    for (n, outcome) in (0..).zip(outcomes) {
        match outcome {
            Ok(result) => assert_eq!(result, n),
            Err(error) => {
                let text = error.to_string();
                assert!(n == 3 && error.is_crash(), "{text}");
                assert!(text.contains("KilledWorker") && text.contains("tcp://127.0.0.1:"), "{text}");
            }
        }
    }
}

fn is_bridge(pid: Pid) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/cmdline")).is_ok_and(|line| line.contains("joblib-node"))
}

#[test]
fn schedulers_that_are_killed_end_the_call_with_what_was_completed() {
    let Some(python) = python() else { return };
    adopt();
    let moments: Vec<u64> = moments(moments_or(3)).collect();
    for moments in moments.chunks(AT_ONCE) {
        thread::scope(|scope| {
            for after in moments {
                scope.spawn(|| lose_the_scheduler(&Cluster::start(python.clone(), 2), *after));
            }
        });
        nothing_is_left();
    }
}

/// One call of 200 tasks, in whose middle the scheduler is killed, once `after` of them were given out.
fn lose_the_scheduler(cluster: &Cluster, after: u64) {
    let scheduler = Pid::from_raw(cluster.scheduler.id().cast_signed());
    let (begun, begin) = channel();
    let (error, killed_at) = thread::scope(|scope| {
        let killer = scope.spawn(move || {
            begin.recv().unwrap();
            kill(scheduler, Signal::SIGKILL).unwrap();
            Instant::now()
        });
        let tasks = (0..200_u64).inspect(move |n| {
            if *n == after {
                let _ = begun.send(());
            }
        });
        let task = |n: u64| {
            thread::sleep(Duration::from_millis(20));
            n + 1
        };
        let dask = cluster.backend().reconnect_timeout(Duration::from_secs(2));
        let tasks = tasks.map(|n| delayed(task, (n,)));
        (Parallel::new().backend(dask).batch_size(1).run(tasks).unwrap_err(), killer.join().unwrap())
    });
    let waited = killed_at.elapsed();
    let reason = error.to_string();
    assert!(error.is_backend(), "after {after}: {reason}");
    assert!(reason.contains("the connection to the scheduler at"), "after {after}: {reason}");
    assert!(waited < Duration::from_mins(1), "after {after}: {waited:?}");
    let completed = error.into_completed::<u64>().unwrap();
    assert!((0..).zip(&completed).all(|(n, result)| result.is_none_or(|result| result == n + 1)));
}

#[test]
#[ignore = "a role that another test plays"]
fn a_program_that_works() {
    let task = |n: u64| {
        thread::sleep(Duration::from_millis(3));
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
    let moments: Vec<u64> = (0..moments_or(10)).collect();
    for moments in moments.chunks(AT_ONCE) {
        let callers: Vec<Child> = thread::scope(|scope| {
            let kill = |moment: u64| kill_a_caller(&cluster.address, &cluster.python, moment);
            let callers: Vec<_> = moments.iter().map(|moment| scope.spawn(move || kill(*moment))).collect();
            callers.into_iter().map(|caller| caller.join().unwrap()).collect()
        });
        nothing_is_left();
        for mut caller in callers {
            caller.wait().unwrap();
        }
    }
}

/// Starts a program, and kills it: while it connects, or while its tasks run.
fn kill_a_caller(address: &str, python: &Path, moment: u64) -> Child {
    let mut caller = child::role("dask::losses::a_program_that_works");
    caller.env("JOBLIB_DASK_ADDRESS", address).env("JOBLIB_PYTHON", python);
    let mut caller = caller.env("JOBLIB_DASK_WAIT", "60").stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(caller.stdout.take().unwrap()).lines().map_while(Result::ok);
    let calls = moment as usize % 4;
    let _ = { lines }.filter(|line| line.ends_with("works") || line.ends_with("starts")).nth(calls);
    let (step, steps) = if calls == 0 { (150, 16) } else { (7, 50) };
    thread::sleep(Duration::from_millis(step * (moment % steps)));
    caller.kill().unwrap();
    caller
}
