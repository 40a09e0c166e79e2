//! Memory-mapped arrays in `Parallel`: read by all workers from one file, and written in place.
//!
//! ```sh
//! cargo run -p joblib --example parallel_memmap
//! ```
//!
//! A mapped array is never read as a whole, nor copied to the workers: each page comes from the file when it is used.
#![allow(clippy::needless_pass_by_value, reason = "a task owns its arguments")]

use joblib::prelude::*;

const ROWS: usize = 64;
const COLUMNS: usize = 10_000;

/// The mean of a window of rows; a mapped array travels to a worker process as its file, and is mapped there.
fn window_mean(data: Array<f64>, first: usize, rows: usize) -> f64 {
    let window = &data.as_slice()[first * COLUMNS..(first + rows) * COLUMNS];
    window.iter().sum::<f64>() / window.len() as f64
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let input = folder.path().join("input.joblib");
    let output = folder.path().join("output.joblib");

    dump(&Array::from_fn(&[ROWS, COLUMNS], |at| (at[0] + at[1] % 7) as f64), &input)?;
    dump(&Array::<f64>::zeros(&[ROWS]), &output)?;

    // Reading: the input is mapped once, and shared.
    let data: Array<f64> = LoadOptions::new().mmap_mode(MmapMode::Read).load(&input)?;
    println!("the input is mapped: {}", data.is_mapped());
    for backend in ["threading", "loky"] {
        let tasks = (0..ROWS).step_by(16).map(|first| delayed(window_mean, (data.clone(), first, 16)));
        let means = Parallel::new().backend(backend).n_jobs(2).run(tasks)?;
        println!("means of windows on {backend}: {means:.3?}");
    }

    // Writing in place: each task has a part of the output of its own, and the compiler sees that they do not overlap.
    let mut means: Array<f64> = LoadOptions::new().mmap_mode(MmapMode::ReadWrite).load(&output)?;
    let parts = means.as_mut_slice()?.chunks_mut(16).enumerate();
    Parallel::new().n_jobs(2).require(SharedMem).run(parts.map(|(window, part)| {
        let data = &data;
        move || {
            for (i, mean) in part.iter_mut().enumerate() {
                *mean = data.row(16 * window + i).iter().sum::<f64>() / COLUMNS as f64;
            }
        }
    }))?;
    means.flush()?;
    drop(means);

    let written: Array<f64> = load(&output)?;
    println!(
        "the file holds the means of all rows: {}",
        (0..ROWS).all(|i| (written[[i]] - (i as f64 + 2.9993)).abs() < 1e-3)
    );
    Ok(())
}
