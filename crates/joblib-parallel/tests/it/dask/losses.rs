//! What is killed while a call runs: at 50 moments of it, spread over its length.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use joblib_parallel::backend::Dask;
use joblib_parallel::{Backend, Parallel, delayed, shutdown_workers};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::cluster::{Cluster, python};
use crate::child;
use crate::strikes::{Moment, adopt, call, descendants, kill_at_50_moments, moments, nothing_is_left};

/// How many calls there are at the same time, of those that lose their scheduler.
const CALLS: usize = 10;

/// How many programs there are at the same time, of those that are killed.
const CALLERS: usize = 5;

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
fn dask_workers_that_are_killed_at_50_moments_cost_nothing_but_time() {
    let Some(python) = python() else { return };
    adopt();
    let mut cluster = Cluster::start(python, 3);
    let backend = Backend::from(cluster.backend().wait_for_workers(1, Duration::from_mins(1)));
    for (place, moment) in (0..).zip(moments(50)) {
        let victim = cluster.workers[place].id();
        call(&backend, moment, || kill(Pid::from_raw(victim.cast_signed()), Signal::SIGKILL).unwrap());
        cluster.workers[place].wait();
        // It joins while the next call runs.
        cluster.add_worker();
    }
    shutdown_workers();
    nothing_is_left();
}

#[test]
fn bridges_that_are_killed_at_50_moments_cost_nothing_but_time() {
    let Some(python) = python() else { return };
    adopt();
    let cluster = Cluster::start(python, 2);
    let backend = Backend::from(cluster.backend());
    for moment in moments(50) {
        let mut killed = 0;
        let bridges = || descendants("joblib-bridge").into_iter();
        call(&backend, moment, || {
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

#[test]
fn schedulers_that_are_killed_at_50_moments_of_calls_end_these_with_what_was_completed() {
    let Some(python) = python() else { return };
    adopt();
    let moments: Vec<Moment> = moments(50).collect();
    for (number, moments) in moments.chunks(CALLS).enumerate() {
        let cluster = Cluster::start(python.clone(), 2);
        // The one whose moment it is: the others are at earlier ones, and some connect.
        lose_the_scheduler(&cluster, moments, 2 * number % moments.len());
        shutdown_workers();
        nothing_is_left();
    }
}

/// Calls that begin one after the other; the scheduler is killed when the one at `place` has come to its moment.
fn lose_the_scheduler(cluster: &Cluster, moments: &[Moment], place: usize) {
    let scheduler = Pid::from_raw(cluster.scheduler.id().cast_signed());
    assert_eq!(cluster.parallel().run([delayed(u8::count_ones, (7,))]).unwrap(), [3]);
    let (come, comes) = channel();
    thread::scope(|scope| {
        let calls: Vec<_> = (0..)
            .zip(moments)
            .map(|(number, moment)| {
                let come = (number == place).then(|| come.clone());
                // Each has a connection of its own.
                let reconnect = Duration::from_millis(500 + number as u64);
                let dask = cluster.backend().wait_for_workers(2, Duration::from_secs(2));
                let dask = dask.reconnect_timeout(reconnect);
                scope.spawn(move || {
                    thread::sleep(Duration::from_millis(30 * number as u64));
                    until_it_is_lost(dask, moment.after, || {
                        if let Some(come) = &come {
                            come.send(()).unwrap();
                        }
                    });
                })
            })
            .collect();
        drop(come);
        // Its moment, or its end by an error, which is looked at below.
        let _ = comes.recv();
        thread::sleep(moments[place].delay);
        kill(scheduler, Signal::SIGKILL).unwrap();
        let killed_at = Instant::now();
        for call in calls {
            call.join().unwrap();
        }
        assert!(killed_at.elapsed() < Duration::from_mins(1), "{:?}", killed_at.elapsed());
    });
}

/// Tasks that are given out and not completed: four, which are two for each worker, and some to spare.
const UNDER_WAY: usize = 8;

/// A call that does not end by itself, of which `at` is told when it comes to the task `after`.
fn until_it_is_lost(dask: Dask, after: u64, at: impl Fn()) {
    let given_out = AtomicUsize::new(0);
    let tasks = (0_u64..).inspect(|n| {
        given_out.fetch_add(1, Ordering::Relaxed);
        if *n == after {
            at();
        }
    });
    let task = |n: u64| {
        thread::sleep(Duration::from_millis(10));
        n + 1
    };
    let error = Parallel::new().backend(dask).batch_size(1).run(tasks.map(|n| delayed(task, (n,))));
    let error = error.unwrap_err();
    let reason = error.to_string();
    assert!(error.is_backend(), "after {after}: {reason}");
    assert!(reason.contains("scheduler at tcp://127.0.0.1:"), "after {after}: {reason}");
    // There are none of a call that still connects.
    let completed = error.into_completed::<u64>().unwrap_or_default();
    assert!((0..).zip(&completed).all(|(n, result)| result.is_none_or(|result| result == n + 1)));
    let (kept, given_out) = (completed.iter().flatten().count(), given_out.into_inner());
    assert!(kept + UNDER_WAY >= given_out, "after {after}: {kept} of {given_out} are kept");
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

/// What the scheduler still has of callers: tasks, data, plugins that wait for their end, and events.
const LEFT: &str = "
import sys
from distributed import Client

def left(dask_scheduler):
    leaves = [name for name in dask_scheduler.plugins if name.startswith('joblib-rs-leave-')]
    topics = [name for name in dask_scheduler._broker._topics if name.startswith('joblib-rs-')]
    return list(dask_scheduler.tasks), leaves, topics

with Client(sys.argv[1]) as client:
    print([list(part) for part in client.run_on_scheduler(left)])
";

#[test]
fn callers_that_are_killed_at_50_moments_leave_nothing_on_the_cluster() {
    let Some(python) = python() else { return };
    adopt();
    let cluster = Cluster::start(python, 2);
    let moments: Vec<u64> = (0..50).collect();
    for moments in moments.chunks(CALLERS) {
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
    let until = Instant::now() + Duration::from_secs(10);
    while cluster.ask(LEFT).trim() != "[[], [], []]" {
        assert!(Instant::now() < until, "after 10 s the scheduler has {}", cluster.ask(LEFT));
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
    let (step, steps) = if calls == 0 { (40, 16) } else { (7, 50) };
    thread::sleep(Duration::from_millis(step * (moment % steps)));
    caller.kill().unwrap();
    caller
}
