//! Calls in whose middle something is killed, and what is left of them.

use std::fs;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use joblib_array::Array;
use joblib_parallel::{Backend, Parallel, delayed, shutdown_workers};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Has what descendants leave behind be this process's, so that nothing can hide.
pub(crate) fn adopt() {
    // SAFETY: it takes and returns numbers only.
    assert_eq!(unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1) }, 0);
}

/// A process, its parent, and what it is called.
fn processes() -> Vec<(i32, i32, String)> {
    let read = |entry: fs::DirEntry| {
        let text = fs::read_to_string(entry.path().join("stat")).ok()?;
        let (pid, rest) = text.split_once(" (")?;
        let (name, rest) = rest.rsplit_once(") ")?;
        let mut fields = rest.split(' ');
        // What is dead and not collected is not there.
        let parent = fields.next().filter(|state| *state != "Z").and_then(|_| fields.next())?;
        Some((pid.parse().ok()?, parent.parse().ok()?, name.to_owned()))
    };
    fs::read_dir("/proc").unwrap().filter_map(|entry| read(entry.ok()?)).collect()
}

/// The processes of this name that descend from this one.
pub(crate) fn descendants(name: &str) -> Vec<Pid> {
    let processes = processes();
    let mut family = vec![std::process::id().cast_signed()];
    let mut place = 0;
    while let Some(parent) = family.get(place).copied() {
        family.extend(processes.iter().filter(|(_, of, _)| *of == parent).map(|(pid, ..)| *pid));
        place += 1;
    }
    let is_wanted = |(pid, _, known): &&(i32, i32, String)| known == name && family.contains(pid);
    processes.iter().filter(is_wanted).map(|(pid, ..)| Pid::from_raw(*pid)).collect()
}

/// Tasks of a call.
const TASKS: u64 = 20;

fn work(n: u64, array: &Array<f64>) -> u64 {
    std::thread::sleep(Duration::from_millis(5));
    array.as_slice()[n as usize] as u64 * 2
}

/// When something is killed: the time that passes after this many tasks of a call were given out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) after: u64,
    pub(crate) delay: Duration,
}

/// One call, in whose middle `strike` happens at a moment.
///
/// All results are right, or the failure of a task names what died with it.
pub(crate) fn call(backend: &Backend, moment: Moment, strike: impl FnOnce() + Send) {
    let Moment { after, delay } = moment;
    let array = Array::from_vec((0..200_000).map(f64::from).collect(), &[200_000]).unwrap();
    let (begun, begin) = channel();
    let outcomes = std::thread::scope(|scope| {
        scope.spawn(move || {
            if begin.recv().is_ok() {
                std::thread::sleep(delay);
                strike();
            }
        });
        let tasks = (0..TASKS).inspect(move |n| {
            if *n == after {
                let _ = begun.send(());
            }
        });
        let task = |n: u64, array: Array<f64>| work(n, &array);
        let tasks = tasks.map(|n| delayed(task, (n, array.clone())));
        Parallel::new().backend(backend.clone()).n_jobs(2).batch_size(1).outcomes().run(tasks)
    });
    let outcomes = outcomes.unwrap_or_else(|error| panic!("{moment:?}: {error}"));
    assert_eq!(outcomes.len() as u64, TASKS);
    for (n, outcome) in outcomes.into_iter().enumerate() {
        match outcome {
            Ok(value) => assert_eq!(value, 2 * n as u64, "{moment:?}"),
            Err(error) => {
                assert!(error.is_crash() && error.to_string().contains("SIGKILL"), "{moment:?}: {error}");
            }
        }
    }
}

/// The moments at which something is killed, all of them different.
pub(crate) fn moments(count: u64) -> impl Iterator<Item = Moment> {
    (0..count).map(|number| Moment {
        after: number * 7 % TASKS,
        delay: Duration::from_millis(2 * (number / TASKS)),
    })
}

/// Kills one of the processes of this name; `false` if there is none.
pub(crate) fn kill_one(name: &str, choice: u64) -> bool {
    let found = descendants(name);
    let Some(victim) = found.get(choice as usize % found.len().max(1)) else { return false };
    kill(*victim, Signal::SIGKILL).is_ok()
}

/// Waits until no agent, no worker process and no bridge to a Dask cluster is left.
pub(crate) fn nothing_is_left() {
    let until = Instant::now() + Duration::from_secs(10);
    loop {
        let left = ["joblib-agent", "joblib-worker", "joblib-bridge"].map(descendants);
        if left.iter().all(Vec::is_empty) {
            return;
        }
        assert!(Instant::now() < until, "after 10 s these are there: {left:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Kills one of the processes of this name in each of 50 calls: their results are right, and nothing is left.
pub(crate) fn kill_at_50_moments(backend: &Backend, name: &str) {
    let mut killed = 0;
    for (choice, moment) in (0..).zip(moments(50)) {
        let mut done = false;
        call(backend, moment, || done = kill_one(name, choice));
        killed += u32::from(done);
    }
    // Some begin when there is nothing to kill yet.
    assert!(killed >= 40, "{killed} of 50 found something to kill");
    shutdown_workers();
    nothing_is_left();
}
