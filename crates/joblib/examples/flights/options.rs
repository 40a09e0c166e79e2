//! The command line.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// What `--help` prints.
pub(crate) const USAGE: &str = "\
Predicts the arrival delays of all flights that left New York in 2013, by ridge regressions on the schedule, the
weather and the delay at departure. Every step is cached: run it twice, change a step, run it again.

Usage: flights [OPTIONS]

Options:
      --n-jobs <N>      Threads: a number, or -1 for all cores, -2 for all but one, … [default: -1]
      --cache <DIR>     Folder of the cache [default: .joblib-cache]
      --clear           Empty the cache first
      --verbose         Print a line for each call of a cached function, and why it is computed
      --folds <N>       Folds of the cross-validation, 2 to 100 [default: 5]
      --model <FILE>    Where the best model is saved [default: flights-model.joblib]
      --json <FILE>     Write the scores to FILE as JSON, with all digits
      --flights <FILE>  Table of flights, CSV compressed by xz
      --weather <FILE>  Table of hourly weather, CSV compressed by xz
  -h, --help            Print this help
";

/// The options of one run.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) n_jobs: i32,
    pub(crate) cache: PathBuf,
    pub(crate) clear: bool,
    pub(crate) verbose: bool,
    pub(crate) folds: usize,
    pub(crate) model: PathBuf,
    pub(crate) json: Option<PathBuf>,
    pub(crate) flights: PathBuf,
    pub(crate) weather: PathBuf,
}

impl Default for Options {
    fn default() -> Self {
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/flights/data");
        Self {
            n_jobs: -1,
            cache: ".joblib-cache".into(),
            clear: false,
            verbose: false,
            folds: 5,
            model: "flights-model.joblib".into(),
            json: None,
            flights: data.join("flights.csv.xz"),
            weather: data.join("weather.csv.xz"),
        }
    }
}

impl Options {
    /// Reads the program's arguments; `None` if they ask for help. An option that is given twice has its last value.
    ///
    /// # Errors
    ///
    /// Returns an error if an option is unknown, lacks its value or has one that is out of range.
    pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Option<Self>, String> {
        let mut options = Self::default();
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            // `--folds 5` or `--folds=5`.
            let bytes = argument.as_encoded_bytes();
            let (name, given) = match argument.to_str().and_then(|text| text.split_once('=')) {
                Some((name, value)) if bytes.starts_with(b"--") => (name.to_owned(), Some(value.into())),
                _ => (argument.to_string_lossy().into_owned(), None),
            };
            let mut value = || {
                given
                    .clone()
                    .or_else(|| arguments.next())
                    .ok_or_else(|| format!("missing argument for option '{name}'"))
            };
            match name.as_str() {
                "-h" | "--help" => return Ok(None),
                "--n-jobs" => options.n_jobs = checked(&value()?, workers)?,
                "--cache" => options.cache = value()?.into(),
                "--clear" if given.is_none() => options.clear = true,
                "--verbose" if given.is_none() => options.verbose = true,
                "--folds" => options.folds = checked(&value()?, folds)?,
                "--model" => options.model = value()?.into(),
                "--json" => options.json = Some(value()?.into()),
                "--flights" => options.flights = value()?.into(),
                "--weather" => options.weather = value()?.into(),
                _ => return Err(format!("invalid option '{}'", argument.to_string_lossy())),
            }
        }
        Ok(Some(options))
    }
}

/// The value that `parse` makes of a text.
fn checked<T>(value: &OsStr, parse: impl Fn(&str) -> Result<T, String>) -> Result<T, String> {
    let text = value.to_string_lossy();
    parse(&text).map_err(|error| format!("cannot parse argument \"{text}\": {error}"))
}

/// A number of workers that `Parallel` accepts.
fn workers(text: &str) -> Result<i32, String> {
    let n_jobs: i32 = text.parse().map_err(|_| "expected a whole number, such as 2 or -1".to_owned())?;
    joblib::effective_n_jobs(Some(n_jobs)).map_err(|error| error.to_string())?;
    Ok(n_jobs)
}

fn folds(text: &str) -> Result<usize, String> {
    let folds = text.parse().ok().filter(|folds| (2..=100).contains(folds));
    folds.ok_or_else(|| "expected a whole number from 2 to 100".to_owned())
}
