//! The command line.

use std::path::PathBuf;

use clap::Parser;

/// Predicts the arrival delays of all flights that left New York in 2013, by ridge regressions on the schedule, the
/// weather and the delay at departure. Every step is cached: run it twice, change a step, run it again.
#[derive(Debug, Parser)]
#[command(name = "flights", args_override_self = true)]
pub(crate) struct Options {
    /// Threads: a number, or -1 for all cores, -2 for all but one, …
    #[arg(long, value_name = "N", default_value_t = -1, allow_negative_numbers = true, value_parser = workers)]
    pub(crate) n_jobs: i32,

    /// Folder of the cache
    #[arg(long, value_name = "DIR", default_value = ".joblib-cache")]
    pub(crate) cache: PathBuf,

    /// Empty the cache first
    #[arg(long)]
    pub(crate) clear: bool,

    /// Say what each cached function does
    #[arg(long)]
    pub(crate) verbose: bool,

    /// Folds of the cross-validation
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u64).range(2..=100))]
    pub(crate) folds: u64,

    /// Where the best model is saved
    #[arg(long, value_name = "FILE", default_value = "flights-model.joblib")]
    pub(crate) model: PathBuf,

    /// Write the scores to FILE as JSON, with all digits
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,

    /// Table of flights, CSV compressed by xz
    #[arg(long, value_name = "FILE", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/flights/data/flights.csv.xz"), hide_default_value = true)]
    pub(crate) flights: PathBuf,

    /// Table of hourly weather, CSV compressed by xz
    #[arg(long, value_name = "FILE", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/flights/data/weather.csv.xz"), hide_default_value = true)]
    pub(crate) weather: PathBuf,
}

/// A number of workers that `Parallel` can make sense of.
fn workers(text: &str) -> Result<i32, String> {
    let n_jobs: i32 = text.parse().map_err(|_| "expected a whole number, such as 2 or -1".to_owned())?;
    joblib::effective_n_jobs(Some(n_jobs)).map_err(|error| error.to_string())?;
    Ok(n_jobs)
}
