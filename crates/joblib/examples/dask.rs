//! The manual's "Using dask distributed for single-machine parallel computing": the loop on threads, and on a Dask cluster.
//!
//! ```sh
//! cargo run --release --features dask --example dask -- [ADDRESS]
//! ```
//!
//! Without an address, and without one in the environment, it starts a cluster on this machine. It needs a `python3` with
//! `distributed`: `pip install distributed`.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use joblib::parallel::backend::Dask;
use joblib::prelude::*;

/// Takes a while, and says where it ran.
fn costly(n: u64) -> (u64, String) {
    std::thread::sleep(Duration::from_millis(10));
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    (n * n, format!("process {} on {}", std::process::id(), host.trim()))
}

fn main() -> Result<(), joblib::parallel::Error> {
    let dask = std::env::args().nth(1).map_or_else(|| Dask::new().local(true), Dask::at);
    let tasks = || (0..200).map(|n| delayed(costly, (n,)));

    let start = Instant::now();
    let here = Parallel::new().n_jobs(2).run(tasks())?;
    println!("two threads: {:.1?}", start.elapsed());

    // The same loop, unchanged, on the cluster: with all its threads.
    let _scope = parallel_config().backend(dask).enter();
    let start = Instant::now();
    let there = Parallel::new().run(tasks())?;
    println!("the cluster: {:.1?}, its start included", start.elapsed());
    let start = Instant::now();
    let again = Parallel::new().run(tasks())?;
    println!("once more: {:.1?}", start.elapsed());

    let values = |results: &[(u64, String)]| results.iter().map(|(value, _)| *value).collect::<Vec<_>>();
    assert_eq!(values(&there), values(&here));
    assert_eq!(values(&again), values(&here));
    let mut places = BTreeMap::new();
    for (_, place) in &again {
        *places.entry(place).or_insert(0) += 1;
    }
    for (place, tasks) in places {
        println!("{tasks} tasks in {place}");
    }
    Ok(())
}
