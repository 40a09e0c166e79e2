//! A study as a new user writes it: the demand for electricity of a town, by the hour, from the weather. Five steps are cached
//! (one of them is async), two loops run in parallel, and the arrays are those of ndarray.

mod demand;
mod model;

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use chrono::NaiveDate;
use joblib::prelude::*;
use ndarray::{Array1, Array2};

use crate::demand::{Hour, design, hours, normalised};
use crate::model::{Model, fit, score};

const LAMBDAS: [f64; 6] = [0.01, 0.1, 1.0, 10.0, 100.0, 1000.0];
const FOLDS: usize = 5;

#[derive(Debug)]
struct Options {
    cache: String,
    days: u32,
    backend: String,
    /// What the command line says of the cache: the first run computes, the next one reads.
    again: bool,
}

impl Options {
    fn parse() -> Result<Self> {
        let mut options =
            Self { cache: "cache".to_owned(), days: 120, backend: "loky".to_owned(), again: false };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().with_context(|| format!("{argument} needs a value"));
            match argument.as_str() {
                "--cache" => options.cache = value()?,
                "--days" => options.days = value()?.parse().context("--days is a number")?,
                "--backend" => options.backend = value()?,
                "first" => options.again = false,
                "again" => options.again = true,
                other => bail!("unknown argument {other}"),
            }
        }
        Ok(options)
    }
}

/// The readings of one station: a service would be asked for them.
#[cached(expires_after(days = 30))]
async fn readings(station: u32, from: NaiveDate, days: u32) -> Result<Vec<Hour>> {
    tokio::time::sleep(Duration::from_millis(20)).await;
    ensure!(days > 0, "station {station} has no readings of {days} days");
    Ok(hours(station, from, days))
}

/// The error of one penalty on one fold, a task of the first loop.
fn fold_error(x: &Array2<f64>, y: &Array1<f64>, lambda: f64, fold: usize) -> Result<f64, String> {
    let held_out = |row: usize| row % FOLDS == fold;
    let rows: Vec<usize> = (0..x.nrows()).collect();
    let (test, train): (Vec<usize>, Vec<usize>) = rows.into_iter().partition(|&row| held_out(row));
    let model = fit(&x.select(ndarray::Axis(0), &train), &y.select(ndarray::Axis(0), &train), lambda)
        .map_err(|error| format!("fold {fold}: {error:#}"))?;
    Ok(score(&model, &x.select(ndarray::Axis(0), &test), &y.select(ndarray::Axis(0), &test)))
}

/// The demand of one day by the model, a task of the second loop.
fn day_total(model: &Model, x: &Array2<f64>, day: usize) -> f64 {
    let rows = 24 * day..24 * (day + 1);
    model.predict(&x.slice(ndarray::s![rows, ..]).to_owned()).sum()
}

/// The penalty with the smallest error over all folds.
fn best_lambda(parallel: &Parallel, x: &Array2<f64>, y: &Array1<f64>) -> Result<(f64, f64)> {
    let grid = LAMBDAS.iter().flat_map(|&lambda| (0..FOLDS).map(move |fold| (lambda, fold)));
    let tasks: Vec<_> = grid.map(|(lambda, fold)| delayed!(fold_error(x, y, lambda, fold))).collect();
    let errors = parallel.try_run(tasks).context("the search for a penalty")?;
    let means = errors.chunks(FOLDS).map(|errors| errors.iter().sum::<f64>() / FOLDS as f64);
    let best = LAMBDAS.into_iter().zip(means).min_by(|a, b| a.1.total_cmp(&b.1));
    best.context("there are penalties")
}

/// A large table as ndarray's and as joblib's array: what the first hit of each costs.
mod hits {
    use super::*;

    #[cached]
    fn column_of_ndarray(x: &Array2<f64>, column: usize) -> f64 {
        x.column(column).sum()
    }

    #[cached]
    fn column_of_joblib(x: &Array<f64>, column: usize) -> f64 {
        (0..x.shape()[0]).map(|row| x[[row, column]]).sum()
    }

    /// The least times of a first hit with an `Array2` and with an `Array`, until that of the first is below twice the other's,
    /// or of 20 hits each. Arrays are made anew, for a digest is kept with one.
    pub fn times(rows: usize) -> (Duration, Duration) {
        let make = || Array2::from_shape_fn((rows, 20), |(i, j)| (i * 20 + j) as f64);
        column_of_ndarray(&make(), 3);
        column_of_joblib(&Array::from(make()), 3);
        let (mut of_ndarray, mut of_joblib) = (Duration::MAX, Duration::MAX);
        for _ in 0..20 {
            let (x, y) = (make(), Array::from(make()));
            let start = Instant::now();
            assert!(column_of_ndarray(&x, 3) > 0.0);
            let between = Instant::now();
            assert!(column_of_joblib(&y, 3) > 0.0);
            of_ndarray = of_ndarray.min(between - start);
            of_joblib = of_joblib.min(between.elapsed());
            if of_ndarray < 2 * of_joblib {
                break;
            }
        }
        (of_ndarray, of_joblib)
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse()?;
    Memory::new(&options.cache)?.install()?;
    let from = NaiveDate::from_ymd_opt(2026, 1, 1).context("a day of the calendar")?;

    // All stations at once.
    let stations = (0..3).map(|station| tokio::spawn(readings(station, from, options.days)));
    let mut all = Vec::new();
    for station in stations {
        all.extend(station.await?.context("the readings")?);
    }
    let failed = readings(7, from, 0).await.unwrap_err();
    assert_eq!(failed.to_string(), "station 7 has no readings of 0 days");

    // The table of features, and what it explains.
    let (x, y) = design(&all);
    let x = normalised(&x);
    ensure!(x.nrows() == 3 * 24 * options.days as usize, "a row for each hour");

    // Two loops: the search for a penalty, and the demand of each day.
    let parallel = Parallel::new().n_jobs(2).backend(options.backend.as_str());
    let (lambda, error) = best_lambda(&parallel, &x, &y)?;
    let model = fit(&x, &y, lambda)?;
    let days = (0..x.nrows() / 24).map(|day| delayed!(day_total(&model, &x, day)));
    let totals = parallel.run(days)?;

    dump(&(&model, &totals), "study.joblib.zst")?;
    let (loaded, _): (Model, Vec<f64>) = load(Path::new("study.joblib.zst"))?;
    assert_eq!(loaded, model);
    println!(
        "penalty {lambda}, error {error:.3}, {} days, {:.0} in all",
        totals.len(),
        totals.iter().sum::<f64>()
    );
    assert!(error < 1.0 && totals.iter().all(|total| total.is_finite()));

    // Every step of the second run is read. A penalty that won was fitted on all rows in this process.
    let hits =
        [readings::stats(), design::stats(), normalised::stats(), fit::stats()].map(|stats| stats.hits);
    assert_eq!(hits, if options.again { [3, 1, 1, 1] } else { [0; 4] });
    let (of_ndarray, of_joblib) = hits::times(200_000);
    println!("the first hit with 32 MB: {of_ndarray:.1?} with `Array2`, {of_joblib:.1?} with `Array`");
    ensure!(of_ndarray < 2 * of_joblib, "a hit with `Array2` is slow");
    Ok(())
}
