//! Takes the samples of each row, the two sides by turns, so that other load on the machine meets both.

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::Result;

/// A row takes at least this many samples of each side,
const FEWEST: usize = 7;
/// at most this many,
const MOST: usize = 25;
/// and between the two no further one when this time is over.
const TIME: Duration = Duration::from_secs(6);

/// Takes one sample, in the row's unit.
type Sample = Box<dyn FnMut() -> Result<f64>>;

/// The two sides of a row, ready to give samples.
pub(crate) struct Sides {
    ours: Sample,
    peer: Sample,
}

impl Sides {
    pub(crate) fn new(
        ours: impl FnMut() -> Result<f64> + 'static,
        peer: impl FnMut() -> Result<f64> + 'static,
    ) -> Self {
        Self { ours: Box::new(ours), peer: Box::new(peer) }
    }
}

type Prepare = Box<dyn FnOnce(&Path) -> Result<Sides>>;

/// A declared row: nothing is done before it is prepared, with a folder of its own.
pub(crate) struct Row {
    pub(crate) name: String,
    /// The unit of the samples, of which less is better.
    unit: &'static str,
    prepare: Prepare,
}

impl Row {
    pub(crate) fn new(
        name: impl Into<String>,
        unit: &'static str,
        prepare: impl FnOnce(&Path) -> Result<Sides> + 'static,
    ) -> Self {
        Self { name: name.into(), unit, prepare: Box::new(prepare) }
    }
}

/// The median of samples and how far they spread.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    /// Half the distance between the quartiles, as a share of the median.
    pub(crate) relative: f64,
}

impl Spread {
    /// Of at least one sample, in any order.
    fn of(mut samples: Vec<f64>) -> Self {
        samples.sort_by(f64::total_cmp);
        let quantile = |q: f64| {
            let position = q * (samples.len() - 1) as f64;
            let below = samples[position.floor() as usize];
            below + (samples[position.ceil() as usize] - below) * position.fract()
        };
        let median = quantile(0.5);
        let half = (quantile(0.75) - quantile(0.25)) / 2.0;
        Self { median, relative: if half == 0.0 { 0.0 } else { half / median } }
    }
}

/// A measured row.
pub(crate) struct Figure {
    pub(crate) name: String,
    pub(crate) unit: &'static str,
    pub(crate) ours: Spread,
    pub(crate) peer: Spread,
    /// Of each pair of samples that were taken one after the other, ours divided by the peer's: below 1 ours is faster.
    pub(crate) ratio: Spread,
}

/// The outcome of a run.
#[derive(Default)]
pub(crate) struct Report {
    pub(crate) figures: Vec<Figure>,
    /// Rows that could not be measured, with the reason.
    pub(crate) failures: Vec<String>,
}

/// Measures every row, and shows each as `line` does; one that fails is told of and does not cost the others.
pub(crate) fn all(rows: Vec<Row>, folder: &Path, line: fn(&Figure) -> String) -> Report {
    let mut report = Report::default();
    for row in rows {
        let name = row.name.clone();
        eprint!("{name:40}");
        match measure(row, folder) {
            Ok(figure) => {
                eprintln!(" {}", line(&figure));
                report.figures.push(figure);
            }
            Err(error) => {
                eprintln!(" FAILED: {error}");
                report.failures.push(format!("{name}: {error}"));
            }
        }
    }
    report
}

fn measure(row: Row, folder: &Path) -> Result<Figure> {
    let folder = folder.join(&row.name);
    std::fs::create_dir_all(&folder)?;
    let mut sides = (row.prepare)(&folder)?;
    let (mut ours, mut peer, mut ratio) = (Vec::new(), Vec::new(), Vec::new());
    let start = Instant::now();
    for round in 0..MOST {
        if round >= FEWEST && start.elapsed() > TIME {
            break;
        }
        let (our, their) = if round % 2 == 0 {
            let our = (sides.ours)()?;
            (our, (sides.peer)()?)
        } else {
            let their = (sides.peer)()?;
            ((sides.ours)()?, their)
        };
        ours.push(our);
        peer.push(their);
        ratio.push(our / their);
    }
    drop(sides);
    // The files of a row would fill the disk by the last one.
    std::fs::remove_dir_all(&folder)?;
    let (ours, peer, ratio) = (Spread::of(ours), Spread::of(peer), Spread::of(ratio));
    Ok(Figure { name: row.name, unit: row.unit, ours, peer, ratio })
}

/// The time of a call, in milliseconds. What it gives is dropped within its time.
pub(crate) fn milliseconds<R>(work: impl FnOnce() -> Result<R>) -> Result<f64> {
    let start = Instant::now();
    drop(black_box(work()?));
    Ok(1e3 * start.elapsed().as_secs_f64())
}

/// The time of each of many calls, in microseconds.
pub(crate) fn microseconds<R>(calls: u32, mut work: impl FnMut() -> Result<R>) -> Result<f64> {
    let start = Instant::now();
    for _ in 0..calls {
        drop(black_box(work()?));
    }
    Ok(1e6 * start.elapsed().as_secs_f64() / f64::from(calls))
}
