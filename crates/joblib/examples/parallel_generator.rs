//! Results as an iterator: consumed while later tasks still run, and few of them in memory at a time.
//!
//! ```sh
//! cargo run -p joblib --example parallel_generator
//! ```
//!
//! With a list, every result is there before the first can be used. `return_as(Generator)` gives them as they are needed, in
//! order, and `return_as(GeneratorUnordered)` as they are done; both slow the tasks down to the pace of the consumer.

use std::sync::atomic::{AtomicUsize, Ordering};

use joblib::prelude::*;
use serde::{Deserialize, Serialize};

const TASKS: u64 = 200;

/// Results that are in memory now, and the most there ever were.
static NOW: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

/// A result that takes a megabyte, and counts itself.
#[derive(Serialize, Deserialize)]
struct Simulation(Vec<u64>);

impl Drop for Simulation {
    fn drop(&mut self) {
        NOW.fetch_sub(1, Ordering::Relaxed);
    }
}

fn simulate(n: u64) -> Simulation {
    MOST.fetch_max(NOW.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
    Simulation((0..131_072).map(|i| i % (n + 1)).collect())
}

fn reduce(simulation: &Simulation) -> u64 {
    simulation.0.iter().sum()
}

/// The most results that were in memory while `f` ran.
fn most(f: impl FnOnce() -> Result<u64, joblib::Error>) -> Result<(u64, usize), joblib::Error> {
    MOST.store(0, Ordering::Relaxed);
    Ok((f()?, MOST.load(Ordering::Relaxed)))
}

fn main() -> Result<(), joblib::Error> {
    let parallel = Parallel::new().backend("threading").n_jobs(2).batch_size(1);
    let tasks = || (0..TASKS).map(|n| delayed(simulate, (n,)));

    let (list_sum, in_list) = most(|| Ok(parallel.run(tasks())?.iter().map(reduce).sum()))?;
    let (sum, in_generator) = most(|| {
        let results = parallel.clone().return_as(Generator).run(tasks())?;
        results.map(|result| Ok(reduce(&result?))).sum()
    })?;
    let (unordered_sum, in_unordered) = most(|| {
        let results = parallel.clone().return_as(GeneratorUnordered).run(tasks())?;
        results.map(|result| Ok(reduce(&result?))).sum()
    })?;

    assert!(list_sum == sum && sum == unordered_sum);
    println!("The sum of {TASKS} simulations is {sum} in each way.");
    println!("list:                {in_list:>3} results in memory at once");
    // The exact numbers depend on how tasks and consumer interleave; the bound does not.
    println!("generator:           few results in memory at once: {}", in_generator <= 16);
    println!("unordered generator: few results in memory at once: {}", in_unordered <= 16);
    Ok(())
}
