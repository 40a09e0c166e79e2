//! Ctrl-Z and `fg`: workers stop and go on with their program, in the terminal of a shell.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::process::Command;
use std::time::Duration;

use joblib_parallel::{Parallel, delayed};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::child::{self, comes_to, in_terminal, is_gone};

const BACKEND: &str = "JOBLIB_PARALLEL_TEST_BACKEND";
const LIMIT: Duration = Duration::from_secs(3);

/// Works for about a second.
fn says_and_works(n: u64) -> u64 {
    println!("worker {}", std::process::id());
    for _ in 0..20 {
        std::thread::sleep(Duration::from_millis(50));
    }
    n
}

#[test]
#[ignore = "run by the tests of this file"]
fn a_program_whose_tasks_have_a_time_limit() {
    let backend = std::env::var(BACKEND).unwrap();
    let parallel = Parallel::new().backend(backend.as_str()).n_jobs(2).timeout(LIMIT);
    println!("program {}", std::process::id());
    let result = parallel.run((0..2).map(|n| delayed(says_and_works, (n,))));
    println!("result {result:?}");
}

/// The processes of a program that a shell runs in the foreground of its terminal: the program, and what runs its tasks.
fn in_shell(backend: &str) -> (std::process::Child, BufReader<File>, [Pid; 3]) {
    let mut shell = Command::new("sh");
    shell.arg("-i").env("PS1", "").env(BACKEND, backend);
    let (shell, terminal) = in_terminal(shell);
    let mut terminal = BufReader::new(terminal);
    let role = child::role("job_control::a_program_whose_tasks_have_a_time_limit");
    let words = std::iter::once(role.get_program()).chain(role.get_args());
    let line: Vec<_> = words.map(|word| word.to_str().unwrap()).collect();
    writeln!(terminal.get_mut(), "{}", line.join(" ")).unwrap();
    let mut numbers = Vec::new();
    while numbers.len() < 3 {
        let line = line_of(&mut terminal);
        let number = ["program ", "worker "].iter().find_map(|name| line.split(name).nth(1)?.parse().ok());
        numbers.extend(number.map(Pid::from_raw));
    }
    (shell, terminal, [numbers[0], numbers[1], numbers[2]])
}

fn line_of(terminal: &mut BufReader<File>) -> String {
    let mut line = String::new();
    terminal.read_line(&mut line).unwrap();
    line.trim_end().to_owned()
}

/// Stops the program in its terminal; returns what it prints as its result when it has gone on, longer than its time limit
/// after that.
fn result_after_a_pause(backend: &str) -> String {
    let (mut shell, mut terminal, pids) = in_shell(backend);
    terminal.get_mut().write_all(b"\x1a").unwrap();
    for pid in pids {
        assert!(comes_to(pid, |state| state == Some('T')), "{backend}: {pid} of {pids:?} does not stop");
    }
    std::thread::sleep(LIMIT + Duration::from_millis(200));
    terminal.get_mut().write_all(b"fg\n").unwrap();
    let result = std::iter::repeat_with(|| line_of(&mut terminal)).find(|line| line.contains("result "));
    terminal.get_mut().write_all(b"exit\n").unwrap();
    shell.wait().unwrap();
    result.unwrap_or_default()
}

#[test]
fn ctrl_z_stops_workers_too_and_the_time_until_fg_does_not_count() {
    // Most of the time is the pause, which all of them can have at once.
    std::thread::scope(|scope| {
        let backends = ["loky", "multiprocessing", "threading"];
        let results = backends.map(|backend| scope.spawn(move || result_after_a_pause(backend)));
        for (backend, result) in backends.into_iter().zip(results) {
            let result = result.join().unwrap();
            assert!(result.contains("Ok([0, 1])"), "{backend}: {result:?}");
        }
    });
}

#[test]
fn a_program_that_is_killed_while_it_is_stopped_leaves_no_worker() {
    for backend in ["loky", "multiprocessing"] {
        for signal in [Signal::SIGKILL, Signal::SIGTERM] {
            let (mut shell, mut terminal, pids) = in_shell(backend);
            terminal.get_mut().write_all(b"\x1a").unwrap();
            for pid in pids {
                assert!(
                    comes_to(pid, |state| state == Some('T')),
                    "{backend}: {pid} of {pids:?} does not stop"
                );
            }
            kill(pids[0], signal).unwrap();
            // Other signals than SIGKILL wait until it goes on, as a shell's `kill %1` has it do.
            kill(pids[0], Signal::SIGCONT).unwrap();
            for pid in pids {
                assert!(is_gone(pid), "{backend}: {pid} of {pids:?} remains after {signal}");
            }
            shell.kill().unwrap();
            shell.wait().unwrap();
        }
    }
}
