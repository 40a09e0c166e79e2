//! What is killed while a call runs on nodes: at many moments of it, spread over its length.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::Duration;

use joblib_parallel::backend::Nodes;
use joblib_parallel::{Backend, Parallel, delayed};

use crate::child;
use crate::strikes::{adopt, kill_at_50_moments, nothing_is_left};

/// This host again, as two nodes.
fn two() -> Backend {
    Nodes::command(["env", "NODE=1"]).and(Nodes::command(["env", "NODE=2"])).into()
}

#[test]
fn worker_processes_that_are_killed_at_50_moments_cost_nothing_but_time() {
    strike("joblib-worker");
}

#[test]
fn agents_that_are_killed_at_50_moments_cost_nothing_but_time() {
    strike("joblib-agent");
}

fn strike(name: &str) {
    adopt();
    kill_at_50_moments(&two(), name);
}

#[test]
#[ignore = "a role that another test plays"]
fn a_program_that_works() {
    let task = |n: u64| {
        std::thread::sleep(Duration::from_millis(2));
        n
    };
    println!("starts");
    loop {
        Parallel::new().backend(two()).n_jobs(2).run((0..20).map(|n| delayed(task, (n,)))).unwrap();
        println!("works");
    }
}

#[test]
fn callers_that_are_killed_at_50_moments_leave_nothing_on_their_nodes() {
    adopt();
    let moments: Vec<u64> = (0..50).collect();
    // Some at the same time.
    for moments in moments.chunks(5) {
        std::thread::scope(|scope| {
            for moment in moments {
                scope.spawn(|| kill_a_caller(*moment));
            }
        });
        nothing_is_left();
    }
}

/// Starts a program, and kills it: while its agents start, or while its tasks run.
fn kill_a_caller(moment: u64) {
    let mut caller = child::role("nodes_losses::a_program_that_works");
    let mut caller = caller.stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(caller.stdout.take().unwrap()).lines().map_while(Result::ok);
    let calls = moment as usize % 3;
    let _ = { lines }.filter(|line| line.ends_with("works") || line.ends_with("starts")).nth(calls);
    std::thread::sleep(Duration::from_millis(if calls == 0 { 6 * moment } else { moment % 40 }));
    caller.kill().unwrap();
    caller.wait().unwrap();
}
