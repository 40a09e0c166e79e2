//! Many kills: of workers among many tasks, which cost nothing else; and of parents, which leave nothing.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use joblib_array::Array;
use joblib_parallel::{Backend, GeneratorUnordered, Parallel, delayed};
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};

use crate::child;

/// Dies at every `every`-th number.
fn doubled(n: u64, every: u64) -> u64 {
    if n % every == every / 2 {
        let _ = kill(nix::unistd::getpid(), Signal::SIGKILL);
    }
    2 * n
}

#[test]
#[ignore = "run by a_million_tasks_with_a_thousand_crashes_are_exact_and_nothing_else_dies"]
fn a_million_tasks_with_a_thousand_crashes() {
    let (tasks, every) = (1_000_000, 1000);
    let parallel = Parallel::new().backend(Backend::Loky).n_jobs(2).outcomes().return_as(GeneratorUnordered);
    let mut seen = vec![false; tasks as usize];
    let mut crashes = 0;
    for outcome in parallel.run((0..tasks).map(|n| delayed(doubled, (n, every)))).unwrap() {
        let n = match outcome.unwrap() {
            Ok(value) => value / 2,
            Err(error) => {
                assert!(error.is_crash(), "{error}");
                assert_eq!(error.index() as u64 % every, every / 2, "{error}");
                crashes += 1;
                error.index() as u64
            }
        };
        assert!(!std::mem::replace(&mut seen[n as usize], true), "{n} came twice");
    }
    assert_eq!(crashes, tasks / every);
    assert!(seen.iter().all(|seen| *seen));
}

#[test]
fn a_million_tasks_with_a_thousand_crashes_are_exact_and_nothing_else_dies() {
    // The program and some others are one process group.
    let mut program = child::role("kills::a_million_tasks_with_a_thousand_crashes");
    let other = |group| Command::new("sleep").arg("1000").process_group(group).spawn().unwrap();
    let first = other(0);
    let group = first.id().cast_signed();
    let mut others = [first, other(group), other(group), other(group)];
    // Fails when it takes longer than three minutes.
    child::play(program.process_group(group));
    for other in &mut others {
        assert!(other.try_wait().unwrap().is_none(), "a process of the group died");
        other.kill().unwrap();
        other.wait().unwrap();
    }
}

const BACKEND: &str = "JOBLIB_PARALLEL_TEST_BACKEND";

/// Works for some milliseconds, with a process of its own that would go on for long.
#[allow(clippy::needless_pass_by_value, reason = "tasks own their arguments")]
fn works(n: u64, array: Array<f64>) -> f64 {
    let mut child = n.is_multiple_of(4).then(|| Command::new("sleep").arg("1000").spawn().unwrap());
    let until = Instant::now() + Duration::from_millis(n % 5);
    let mut sum = 0.0;
    while Instant::now() < until {
        sum += array.iter().sum::<f64>();
    }
    if let Some(child) = &mut child {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    sum
}

#[test]
#[ignore = "run by nothing_is_left_of_a_parent_that_is_killed_at_200_moments"]
fn a_program_whose_workers_work() {
    let backend = std::env::var(BACKEND).unwrap();
    let parallel = Parallel::new().backend(backend.as_str()).n_jobs(2).max_nbytes(1000);
    let array = Array::from_vec(vec![1.0; 1000], &[1000]).unwrap();
    for round in 0.. {
        parallel.run((0..20).map(|n| delayed(works, (n, array.clone())))).unwrap();
        if round == 0 {
            println!("works");
        }
    }
}

/// Adopts what its descendants leave behind, so that nothing can hide.
#[test]
#[ignore = "run by nothing_is_left_of_a_parent_that_is_killed_at_200_moments"]
fn a_program_that_kills_200_parents() {
    // SAFETY: it takes and returns numbers only.
    assert_eq!(unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1) }, 0);
    for moment in 0..200 {
        let backend = if moment % 2 == 0 { "loky" } else { "multiprocessing" };
        let mut parent = child::role("kills::a_program_whose_workers_work");
        let mut parent = parent.env(BACKEND, backend).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(parent.stdout.take().unwrap()).lines().map_while(Result::ok);
        // Some while their workers start, most while they work.
        if moment % 5 > 0 {
            assert!({ lines }.any(|line| line.ends_with("works")));
        }
        std::thread::sleep(Duration::from_micros(150 * moment));
        parent.kill().unwrap();
        parent.wait().unwrap();
        let until = Instant::now() + Duration::from_secs(20);
        loop {
            match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
                Err(Errno::ECHILD) => break,
                Ok(WaitStatus::StillAlive) => std::thread::sleep(Duration::from_micros(200)),
                other => _ = other.unwrap(),
            }
            assert!(Instant::now() < until, "{backend}, moment {moment}: a process is left");
        }
    }
}

#[test]
fn nothing_is_left_of_a_parent_that_is_killed_at_200_moments() {
    child::play(&mut child::role("kills::a_program_that_kills_200_parents"));
}
