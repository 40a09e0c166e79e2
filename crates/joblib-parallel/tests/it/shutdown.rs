//! How calls end when their program does: killed, interrupted.
//!
//! The programs that end are roles that children play.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use joblib_array::Array;
use joblib_parallel::{Backend, Parallel, delayed};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::child::{self, in_terminal, is_gone};

const BACKEND: &str = "JOBLIB_PARALLEL_TEST_BACKEND";
const FOLDER: &str = "JOBLIB_PARALLEL_TEST_FOLDER";

/// Says who runs it, and does not end by itself.
fn say_and_wait(_n: u64, _array: Array<f64>) {
    println!("worker {}", std::process::id());
    std::thread::sleep(Duration::from_hours(1));
}

#[test]
#[ignore = "run by the tests of this file"]
fn a_program_whose_workers_wait() {
    let backend = std::env::var(BACKEND).unwrap();
    let parallel = Parallel::new().backend(Backend::from(backend.as_str())).n_jobs(2);
    println!("ready");
    // With an array whose copy is a file.
    let parallel = match std::env::var_os(FOLDER) {
        Some(folder) => parallel.max_nbytes(1).temp_folder(folder),
        None => parallel,
    };
    let array = Array::from_vec(vec![1.0; 1000], &[1000]).unwrap();
    let result = parallel.run((0..8).map(|n| delayed(say_and_wait, (n, array.clone()))));
    println!("interrupted: {}", result.unwrap_err().is_interrupted());
    std::process::exit(42);
}

fn role(backend: &str) -> Command {
    let mut command = child::role("shutdown::a_program_whose_workers_wait");
    command.env(BACKEND, backend);
    command
}

/// Reads lines until `count` workers have said who they are.
fn workers(output: impl Read, count: usize) -> Vec<Pid> {
    let lines = BufReader::new(output).lines().map_while(Result::ok);
    let pids = lines.filter_map(|line| line.split("worker ").nth(1)?.trim().parse().ok()).map(Pid::from_raw);
    pids.take(count).collect()
}

#[test]
fn no_worker_outlives_a_parent_that_is_killed() {
    for backend in ["loky", "multiprocessing"] {
        let folder = tempfile::tempdir().unwrap();
        let mut parent = role(backend).env(FOLDER, folder.path()).stdout(Stdio::piped()).spawn().unwrap();
        let pids = workers(parent.stdout.take().unwrap(), 2);
        assert_eq!(pids.len(), 2);
        parent.kill().unwrap();
        parent.wait().unwrap();
        for pid in pids {
            assert!(is_gone(pid), "{backend}: worker {pid} outlives its parent");
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "{backend}: a file remains");
    }
}

#[test]
fn signals_that_end_the_parent_leave_no_worker() {
    for signal in [Signal::SIGTERM, Signal::SIGHUP, Signal::SIGQUIT] {
        for backend in ["loky", "multiprocessing"] {
            let mut parent = role(backend).stdout(Stdio::piped()).spawn().unwrap();
            let pids = workers(parent.stdout.take().unwrap(), 2);
            kill(Pid::from_raw(parent.id().cast_signed()), signal).unwrap();
            assert_eq!(parent.wait().unwrap().signal(), Some(signal as i32));
            for pid in pids {
                assert!(is_gone(pid), "{backend}: worker {pid} outlives its parent");
            }
        }
    }
}

#[test]
fn the_first_ctrl_c_ends_the_call_and_its_workers() {
    for backend in ["loky", "multiprocessing"] {
        let (mut child, mut terminal) = in_terminal(role(backend));
        let pids = workers(&mut terminal, 2);
        terminal.write_all(b"\x03").unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(42), "{backend}");
        let mut screen = String::new();
        // A terminal whose last user is gone ends in an error.
        let _ = terminal.read_to_string(&mut screen);
        assert!(screen.contains("interrupted: true"), "{backend}: {screen}");
        for pid in pids {
            assert!(is_gone(pid), "{backend}");
        }
    }
}

#[test]
fn the_second_ctrl_c_ends_a_program_whose_task_does_not_listen() {
    let (mut child, mut terminal) = in_terminal(role("sequential"));
    assert_eq!(workers(&mut terminal, 1).len(), 1);
    terminal.write_all(b"\x03").unwrap();
    assert!(child.try_wait().unwrap().is_none(), "the first press lets the task go on");
    // Two presses are one signal if the second follows before the first was seen.
    while child.try_wait().unwrap().is_none() {
        terminal.write_all(b"\x03").unwrap();
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(child.wait().unwrap().signal(), Some(Signal::SIGINT as i32));
}

#[inline(never)]
fn panics_deep_inside(n: u32) -> u32 {
    assert!(n != 3, "three");
    std::hint::black_box(n)
}

#[test]
#[ignore = "run by the_stack_of_a_panic_is_the_tasks_part_of_it"]
fn a_program_that_prints_the_stack_of_a_panic() {
    let backend = std::env::var(BACKEND).unwrap();
    let tasks = (0..5).map(|n| delayed(panics_deep_inside, (n,)));
    println!("{}", Parallel::new().backend(backend.as_str()).n_jobs(2).run(tasks).unwrap_err());
}

#[test]
fn the_stack_of_a_panic_is_the_tasks_part_of_it() {
    let printed = |backend: &str, backtrace: &str| {
        let mut role = child::role("shutdown::a_program_that_prints_the_stack_of_a_panic");
        role.env(BACKEND, backend).env("RUST_BACKTRACE", backtrace).env_remove("RUST_LIB_BACKTRACE");
        child::play(&mut role)
    };
    for backend in ["sequential", "threading", "loky", "multiprocessing"] {
        let text = printed(backend, "1");
        assert!(text.contains("three") && text.contains("panics_deep_inside"), "{backend}: {text}");
        for foreign in ["rayon", "catch_unwind", "__rust_begin_short_backtrace"] {
            assert!(!text.contains(foreign), "{backend}: {text}");
        }
        assert!(printed(backend, "full").contains("__rust_begin_short_backtrace"), "{backend}");
        assert!(!printed(backend, "0").contains("panic_fmt"), "{backend}");
    }
}
