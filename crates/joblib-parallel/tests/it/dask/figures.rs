//! Figures of calls on a cluster, which each test prints: the guide says by which command, and what they are to be.
//!
//! The bounds here are far wider than that, for a host that does other things as well.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant, SystemTime};
use std::{fs, thread};

use joblib_array::Array;
use joblib_parallel::{CancellationToken, Parallel, delayed};
use nix::sys::signal::kill;
use nix::unistd::Pid;

use super::cluster::{Cluster, python};
use crate::child;

fn now() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap()
}

/// When it ran, since the Unix epoch.
fn span(milliseconds: u64) -> (Duration, Duration) {
    let start = now();
    thread::sleep(Duration::from_millis(milliseconds));
    (start, now())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

#[test]
fn figures_of_a_cluster_of_two_workers_are_within_bounds() {
    let Some(python) = python() else { return };
    let cluster = Cluster::start(python, 2);
    cluster.parallel().batch_size(1).run((0..20).map(|_| delayed(span, (1,)))).unwrap();
    workers_are_busy_with_tasks_of_20_ms(&cluster);
    an_array_of_80_mb_is_used_by_100_tasks(&cluster);
    a_cancelled_call_ends_its_processes(&cluster);
    a_caller_that_is_killed_ends_its_processes(&cluster);
}

fn workers_are_busy_with_tasks_of_20_ms(cluster: &Cluster) {
    let start = Instant::now();
    let spans = cluster.parallel().run((0..400).map(|_| delayed(span, (20,)))).unwrap();
    let took = start.elapsed();
    let busy: Duration = spans.iter().map(|(start, end)| end.saturating_sub(*start)).sum();
    let share = busy.as_secs_f64() / took.as_secs_f64() / 2.0;
    println!("tasks of 20 ms: two workers are busy for {:.1} % of the time", 100.0 * share);
    assert!(share > 0.6, "{share}");
}

fn an_array_of_80_mb_is_used_by_100_tasks(cluster: &Cluster) {
    const ELEMENTS: usize = 10_000_000;
    let task = |array: Array<f64>, k: usize| array.as_slice()[k * 1000..(k + 1) * 1000].iter().sum::<f64>();
    let mut array = Array::from_vec(vec![1.0; ELEMENTS], &[ELEMENTS]).unwrap();
    let (mut first, mut second) = (Vec::new(), Vec::new());
    for round in 0..5 {
        // One that the cluster has is not sent.
        array.make_mut()[ELEMENTS - 1] = f64::from(round);
        for times in [&mut first, &mut second] {
            let start = Instant::now();
            let sums = cluster.parallel().run((0..100).map(|k| delayed(task, (array.clone(), k)))).unwrap();
            times.push(start.elapsed());
            assert_eq!(sums, vec![1000.0; 100]);
        }
    }
    println!("100 tasks that use an array of 80 MB: {:?}, and again {:?}", median(first), median(second));
}

/// Has its process, and the agent that it is a worker of, known in the folder, and does not end.
fn stay(folder: &Path) {
    for pid in [std::process::id().cast_signed(), nix::unistd::getppid().as_raw()] {
        fs::write(folder.join(pid.to_string()), "").unwrap();
    }
    thread::sleep(Duration::from_mins(2));
}

/// Waits until two workers and their agents are known in the folder; returns their numbers.
fn wait_for_processes(folder: &Path) -> Vec<Pid> {
    let until = Instant::now() + Duration::from_mins(1);
    loop {
        let entries = fs::read_dir(folder).unwrap();
        let pid = |name: std::ffi::OsString| Pid::from_raw(name.to_str().unwrap().parse().unwrap());
        let pids: Vec<Pid> = entries.map(|entry| pid(entry.unwrap().file_name())).collect();
        if pids.len() == 4 {
            return pids;
        }
        assert!(Instant::now() < until, "its tasks do not run");
        thread::sleep(Duration::from_millis(2));
    }
}

/// Waits until these processes are dead.
fn wait_for_death(pids: &[Pid]) {
    let until = Instant::now() + Duration::from_secs(10);
    let lives = |pid: &Pid| {
        let is_dead = |text: String| text.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('Z'));
        kill(*pid, None).is_ok() && !fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(is_dead)
    };
    while pids.iter().any(lives) {
        assert!(Instant::now() < until, "they are there after 10 s");
        thread::sleep(Duration::from_millis(1));
    }
}

fn a_cancelled_call_ends_its_processes(cluster: &Cluster) {
    let mut times = Vec::new();
    for _ in 0..10 {
        let token = CancellationToken::new();
        let marks = tempfile::tempdir().unwrap();
        let took = thread::scope(|scope| {
            scope.spawn(|| {
                let task = |folder: PathBuf| stay(&folder);
                let tasks = (0..2).map(|_| delayed(task, (marks.path().to_owned(),)));
                let result = cluster.parallel().cancellation(&token).batch_size(1).run(tasks);
                assert!(result.unwrap_err().is_cancelled());
            });
            let mut pids = wait_for_processes(marks.path());
            // The agents stay, for the next call.
            let is_agent = |pid: &Pid| {
                fs::read_to_string(format!("/proc/{pid}/comm"))
                    .is_ok_and(|name| name.trim() == "joblib-agent")
            };
            pids.retain(|pid| !is_agent(pid));
            assert_eq!(pids.len(), 2);
            let start = Instant::now();
            token.cancel();
            wait_for_death(&pids);
            start.elapsed()
        });
        times.push(took);
    }
    let most = times.iter().max().copied().unwrap();
    println!("a call is cancelled: its processes are dead after {:?}, at most {most:?}", median(times));
    assert!(most < Duration::from_secs(5), "{most:?}");
}

#[test]
#[ignore = "a role that another test plays"]
fn a_program_whose_tasks_stay() {
    let task = || stay(Path::new(&std::env::args().next_back().unwrap()));
    println!("starts");
    let _ = Parallel::new().backend("dask").batch_size(1).run((0..2).map(|_| delayed(task, ())));
}

fn a_caller_that_is_killed_ends_its_processes(cluster: &Cluster) {
    let mut times = Vec::new();
    for _ in 0..3 {
        let marks = tempfile::tempdir().unwrap();
        let mut program = child::role("dask::figures::a_program_whose_tasks_stay");
        // The tests' harness takes further arguments for further filters.
        program.arg("--").arg(marks.path()).env("JOBLIB_DASK_ADDRESS", &cluster.address);
        program.env("JOBLIB_PYTHON", &cluster.python).env("JOBLIB_DASK_WAIT", "60");
        let mut program = program.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(program.stdout.take().unwrap()).lines().map_while(Result::ok);
        assert!(lines.any(|line| line.ends_with("starts")));
        let pids = wait_for_processes(marks.path());
        let start = Instant::now();
        program.kill().unwrap();
        wait_for_death(&pids);
        times.push(start.elapsed());
        program.wait().unwrap();
    }
    let most = times.iter().max().copied().unwrap();
    println!("a caller is killed: workers and agents are dead after {:?}, at most {most:?}", median(times));
    assert!(most < Duration::from_secs(8), "{most:?}");
}
