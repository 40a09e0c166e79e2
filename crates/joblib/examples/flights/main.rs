//! Which flights out of New York arrive late? A study of all 336,776 flights of 2013, with cached and parallel steps.
//!
//! ```sh
//! cargo run --release -p joblib --example flights
//! ```
//!
//! Run it twice: the second run prints the same numbers, from the cache. Edit a step or a helper below it (a feature in `features.rs`, say)
//! and only that step and those whose input changed run again.

mod features;
mod options;
mod report;
mod ridge;
mod study;
mod tables;

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use joblib::prelude::*;
use serde::{Deserialize, Serialize};

use crate::options::Options;
use crate::report::step;
use crate::study::{FEATURE_SETS, Line};

/// What is saved: a model and the meaning of its columns.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Saved {
    features: Vec<String>,
    model: ridge::Model,
}

fn main() -> ExitCode {
    let options = match Options::parse(std::env::args_os().skip(1)) {
        Ok(Some(options)) => options,
        Ok(None) => {
            print!("{}", options::USAGE);
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("error: {error}\n\nFor more information, try '--help'.");
            return ExitCode::from(2);
        }
    };
    match run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read the output (`| head`) has seen enough.
        Err(error) if report::is_closed_pipe(&*error) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), Box<dyn std::error::Error>> {
    // Found out now, and not after all the work.
    for path in [Some(&options.model), options.json.as_ref()].into_iter().flatten() {
        check_place(path)?;
    }
    let memory = Memory::new(&options.cache)?.verbose(if options.verbose { 11 } else { 0 });
    if options.clear {
        memory.clear()?;
    }
    memory.install()?;
    let _config = parallel_config().n_jobs(options.n_jobs).enter();
    let misses = || Memory::installed().stats().misses;
    let start = Instant::now();

    let flights = step("read the flights", misses, || {
        tables::read_flights(&options.flights)
            .map_err(|error| format!("can't read {}: {error}", options.flights.display()))
    })?;
    let weather = step("read the weather", misses, || {
        tables::read_weather(&options.weather)
            .map_err(|error| format!("can't read {}: {error}", options.weather.display()))
    })?;
    let departures = step("join departures with their hour's weather", misses, || {
        Ok::<_, joblib::Error>(features::join(&flights, &weather))
    })?;
    let matrix = step("build the feature matrix", misses, || {
        Ok::<_, joblib::Error>(features::features(&flights, &weather, &departures))
    })?;
    let folds = step("sum up the folds", misses, || ridge::moments(&matrix, options.folds))?;
    let (lines, best) = step("search the grid", misses, || study::grid_search(&matrix.columns, &folds))?;

    let set = FEATURE_SETS.iter().find(|set| set.name == lines[best].features).ok_or("no best line")?;
    let columns = study::columns_of(set, &matrix.columns);
    let model = step("fit the best model", misses, || {
        ridge::fit(&ridge::Moments::total(&folds), &columns, lines[best].penalty)
    })?;
    report::total(start)?;
    report::table(&lines, best)?;

    save_and_map(&matrix, model, &options.model)?;
    if let Some(path) = &options.json {
        std::fs::write(path, scores_as_json(flights.month.len(), matrix.y.len(), &lines)?)
            .map_err(|error| format!("can't write the scores to {}: {error}", path.display()))?;
    }
    Ok(())
}

/// Whether a file can be written at `path`, as far as its folder tells.
fn check_place(path: &Path) -> Result<(), String> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !folder.is_dir() {
        return Err(format!("can't write {}: there is no folder {}", path.display(), folder.display()));
    }
    if path.is_dir() {
        return Err(format!("can't write {}: it is a folder", path.display()));
    }
    Ok(())
}

/// Saves the model, maps the file, and says which features matter most.
fn save_and_map(
    matrix: &features::Matrix,
    model: ridge::Model,
    path: &Path,
) -> Result<(), Box<dyn std::error::Error>> {
    let features = model.columns.iter().map(|&column| matrix.columns[column].0.clone()).collect();
    let saved = Saved { features, model };
    dump(&saved, path)?;
    let mapped: Saved = LoadOptions::new().mmap_mode(MmapMode::Read).load(path)?;
    if mapped != saved {
        return Err(format!("{} does not hold what was written", path.display()).into());
    }
    report::line(format_args!(
        "  The best model is in {}, and was loaded back {}.",
        path.display(),
        if mapped.model.coefficients.is_mapped() { "memory-mapped" } else { "into memory" }
    ))?;
    let mut order: Vec<usize> = (0..mapped.features.len()).collect();
    order.sort_by(|&a, &b| {
        mapped.model.coefficients[[b]].abs().total_cmp(&mapped.model.coefficients[[a]].abs())
    });
    let strongest = order.iter().take(5);
    let strongest: Vec<String> = strongest
        .map(|&i| format!("{} {:+.2}", mapped.features[i], mapped.model.coefficients[[i]]))
        .collect();
    report::line(format_args!("  Minutes of delay per standard deviation: {}.", strongest.join(", ")))?;
    Ok(())
}

fn scores_as_json(flights: usize, departures: usize, lines: &[Line]) -> serde_json::Result<String> {
    serde_json::to_string_pretty(&serde_json::json!({
        "flights": flights,
        "departures": departures,
        "scores": lines,
    }))
}
