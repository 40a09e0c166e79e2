//! The figures of a run: a Markdown table, and a file for other programs.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::Result;
use crate::measure::{Figure, Report, Spread};

/// The table of all rows.
pub(crate) fn table(figures: &[Figure]) -> String {
    let mut text = String::from("| name | unit | ours | peer | ratio |\n|---|---|---:|---:|---:|\n");
    for figure in figures {
        let [ours, peer, ratio] = cells(figure);
        let _ = writeln!(text, "| {} | {} | {ours} | {peer} | {ratio} |", figure.name, figure.unit);
    }
    text.push_str(
        "\nMedians; ± is half the distance between the quartiles. The ratio is the median of ours divided by the peer's, \
         of samples taken one after the other: below 1, ours is faster or smaller.\n",
    );
    text
}

/// A row's cells in one line, for the person who waits.
pub(crate) fn line(figure: &Figure) -> String {
    let [ours, peer, ratio] = cells(figure);
    format!("{ours:>14} {peer:>14} {ratio:>14} {}", figure.unit)
}

fn cells(figure: &Figure) -> [String; 3] {
    [figure.ours, figure.peer, figure.ratio]
        .map(|spread| format!("{} ±{:.0}%", number(spread.median), 100.0 * spread.relative))
}

/// Three significant digits, without an exponent.
fn number(value: f64) -> String {
    if value == 0.0 {
        return "0".into();
    }
    let whole_digits = value.abs().max(1e-6).log10().floor() as i32 + 1;
    let decimals = (3 - whole_digits).clamp(0, 6) as usize;
    format!("{value:.decimals$}")
}

/// Writes `{"results": {name: {"ours": …, "peer": …, "ratio": …, "unit": …, "spread": {…}}}, "failures": […]}`.
pub(crate) fn write(report: &Report, file: &Path) -> Result {
    let json = |figure: &Figure| {
        let part = |of: fn(Spread) -> f64| json!({ "ours": of(figure.ours), "peer": of(figure.peer), "ratio": of(figure.ratio) });
        let mut row = part(|spread| spread.median);
        row["unit"] = figure.unit.into();
        row["spread"] = part(|spread| spread.relative);
        row
    };
    let results: Map<String, Value> =
        report.figures.iter().map(|figure| (figure.name.clone(), json(figure))).collect();
    let mut text = serde_json::to_string_pretty(&json!({ "results": results, "failures": report.failures }))?;
    text.push('\n');
    fs::write(file, text).map_err(|e| format!("cannot write {}: {e}", file.display()))?;
    Ok(())
}
