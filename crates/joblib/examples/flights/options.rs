//! The command line.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use lexopt::prelude::*;

/// What `--help` prints.
pub(crate) const USAGE: &str = "\
Predicts the arrival delays of all flights that left New York in 2013, by ridge regressions on the schedule, the
weather and the delay at departure. Every step is cached: run it twice, change a step, run it again.

Usage: flights [OPTIONS]

Options:
      --n-jobs <N>      Threads: a number, or -1 for all cores, -2 for all but one, … [default: -1]
      --cache <DIR>     Folder of the cache [default: .joblib-cache]
      --clear           Empty the cache first
      --verbose         Print a line for each call of a cached function
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
    pub(crate) fn parse(
        arguments: impl IntoIterator<Item = OsString>,
    ) -> Result<Option<Self>, lexopt::Error> {
        let mut options = Self::default();
        let mut parser = lexopt::Parser::from_args(arguments);
        while let Some(argument) = parser.next()? {
            match argument {
                Short('h') | Long("help") => return Ok(None),
                Long("n-jobs") => options.n_jobs = parser.value()?.parse_with(workers)?,
                Long("cache") => options.cache = parser.value()?.into(),
                Long("clear") => options.clear = true,
                Long("verbose") => options.verbose = true,
                Long("folds") => options.folds = parser.value()?.parse_with(folds)?,
                Long("model") => options.model = parser.value()?.into(),
                Long("json") => options.json = Some(parser.value()?.into()),
                Long("flights") => options.flights = parser.value()?.into(),
                Long("weather") => options.weather = parser.value()?.into(),
                _ => return Err(argument.unexpected()),
            }
        }
        Ok(Some(options))
    }
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
