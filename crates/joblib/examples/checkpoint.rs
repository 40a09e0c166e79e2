//! Checkpoints: a parallel loop of cached tasks goes on where it was stopped.
//!
//! ```sh
//! cargo run -p joblib --example checkpoint
//! ```
//!
//! Each task of the loop is a cached function, so what was computed before an interruption, a crash or an error is not computed
//! again. Here the "interruption" is a task that fails at first.
#![allow(clippy::needless_pass_by_value, reason = "a task owns its arguments")]

use std::sync::atomic::{AtomicUsize, Ordering};

use joblib::prelude::*;

static COMPUTED: AtomicUsize = AtomicUsize::new(0);

/// The mean of one column: stands for minutes of work.
#[cached]
fn column_mean(data: &Array<f64>, column: usize) -> f64 {
    COMPUTED.fetch_add(1, Ordering::Relaxed);
    let rows = data.shape()[0];
    (0..rows).map(|row| data[[row, column]]).sum::<f64>() / rows as f64
}

/// One task of the loop. Whether the machine is "up" does not affect the result, so it is not an argument of the cached function.
fn task(data: Array<f64>, column: usize, up: bool) -> Result<f64, String> {
    if column == 7 && !up {
        return Err("the file server is down".to_owned());
    }
    Ok(column_mean(&data, column))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    Memory::new(folder.path().join("cache"))?.install()?;
    let data = Array::from_fn(&[1000, 10], |at| (at[0] * (at[1] + 1)) as f64);

    // An array is shared by its clones, so each task having one costs nothing.
    let run = |up: bool| {
        let tasks = (0..10).map(|column| delayed(task, (data.clone(), column, up)));
        Parallel::new().backend("threading").n_jobs(2).batch_size(1).outcomes().try_run(tasks)
    };

    let first = run(false)?;
    for failure in first.iter().filter_map(|outcome| outcome.as_ref().err()) {
        println!("first run: task {} failed, the others are kept", failure.index());
    }
    println!("first run: {} computed", COMPUTED.swap(0, Ordering::Relaxed));

    let second = run(true)?.into_iter().collect::<Result<Vec<f64>, _>>()?;
    println!("second run: {} computed", COMPUTED.swap(0, Ordering::Relaxed));
    println!("means: {second:?}");

    run(true)?;
    println!("third run: {} computed", COMPUTED.swap(0, Ordering::Relaxed));
    Ok(())
}
