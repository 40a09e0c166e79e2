//! What the study prints: the steps as they end, and the table of scores.

use std::error::Error;
use std::fmt;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use crate::study::Line;

/// Prints a line; an error when nobody reads it any more.
pub(crate) fn line(text: fmt::Arguments<'_>) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{text}")
}

/// Whether an error says that nobody reads the output any more.
pub(crate) fn is_closed_pipe(error: &(dyn Error + 'static)) -> bool {
    error.downcast_ref().is_some_and(|error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// Runs a step and, if it succeeds, prints how long it took or that its result came from the cache. `misses` counts the
/// computations so far: a step that adds none came from the cache.
pub(crate) fn step<T, E: Into<Box<dyn Error>>>(
    name: &str,
    misses: impl Fn() -> u64,
    run: impl FnOnce() -> Result<T, E>,
) -> Result<T, Box<dyn Error>> {
    let before = misses();
    let start = Instant::now();
    let result = run().map_err(Into::into)?;
    let source = match misses() - before {
        0 => "from the cache".to_owned(),
        1 => "computed".to_owned(),
        n => format!("{n} computed"),
    };
    line(format_args!("  {name:<42} {:>9}  {source}", seconds(start.elapsed())))?;
    Ok(result)
}

/// Prints how long all of it took.
pub(crate) fn total(start: Instant) -> io::Result<()> {
    line(format_args!("  {:<42} {:>9}", "total", seconds(start.elapsed())))
}

fn seconds(time: Duration) -> String {
    if time < Duration::from_secs(1) {
        format!("{:.1} ms", time.as_secs_f64() * 1e3)
    } else {
        format!("{:.2} s", time.as_secs_f64())
    }
}

/// Prints the scores of the grid, a line for each set of features and penalty, with the best one marked.
pub(crate) fn table(lines: &[Line], best: usize) -> io::Result<()> {
    line(format_args!("\n  {:<34} {:>10} {:>12} {:>9}", "features", "penalty", "rmse (min)", "R2"))?;
    for (i, Line { features, penalty, rmse, r2 }) in lines.iter().enumerate() {
        let mark = if i == best { "  <- best" } else { "" };
        line(format_args!("  {features:<34} {penalty:>10} {rmse:>12.6} {r2:>9.6}{mark}"))?;
    }
    line(format_args!(""))
}
