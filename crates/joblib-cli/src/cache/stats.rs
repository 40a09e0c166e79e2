//! `joblib cache stats`.

use std::collections::BTreeMap;
use std::io::Write;

use joblib_store::Store;
use serde::Serialize;

use super::contents;
use super::hits::{Hits, Recorded};
use super::ls::seconds;
use crate::document;
use crate::failure::Failure;
use crate::style::Style;
use crate::table::Table;
use crate::text;

/// Functions that are listed by cost.
const LISTED: usize = 5;

#[derive(Serialize)]
struct Stats<'a> {
    cache: &'a str,
    backend: &'a str,
    functions: usize,
    results: u64,
    bytes: u64,
    superseded_results: u64,
    superseded_bytes: u64,
    /// What all results took to compute.
    computing_seconds: f64,
    /// What programs have recorded of their use, and of how many runs that is.
    recorded_runs: usize,
    recorded: Hits,
    /// Results whose metadata can't be read.
    unreadable: u64,
    /// Functions by their cost, the dearest first.
    by_cost: Vec<Cost>,
}

/// What keeping a function's results costs.
#[derive(Serialize)]
struct Cost {
    function: String,
    results: u64,
    bytes: u64,
    computing_seconds: f64,
    /// Bytes for each second that computing its results took.
    bytes_per_second: Option<f64>,
}

pub(crate) fn run(store: &dyn Store, json: bool, style: Style, out: &mut dyn Write) -> Result<(), Failure> {
    let contents = contents::all(store)?;
    let items = &contents.items;
    let recorded = Recorded::read(store)?;
    let mut stats = Stats {
        cache: store.location(),
        backend: store.backend(),
        functions: 0,
        results: 0,
        bytes: 0,
        superseded_results: 0,
        superseded_bytes: 0,
        computing_seconds: 0.0,
        recorded_runs: recorded.runs,
        recorded: recorded.total(),
        unreadable: 0,
        by_cost: Vec::new(),
    };
    let mut costs: BTreeMap<&str, Cost> = BTreeMap::new();
    for (item, times) in items.iter().zip(contents::times(store, items)) {
        let name = item.version.function();
        let cost = costs.entry(name).or_insert_with(|| Cost {
            function: name.to_owned(),
            results: 0,
            bytes: 0,
            computing_seconds: 0.0,
            bytes_per_second: None,
        });
        let seconds = times.map_or(0.0, |(_, duration)| duration.as_secs_f64());
        cost.results += 1;
        cost.bytes += item.bytes;
        cost.computing_seconds += seconds;
        stats.results += 1;
        stats.bytes += item.bytes;
        stats.computing_seconds += seconds;
        stats.unreadable += u64::from(times.is_none());
        if !item.current {
            stats.superseded_results += 1;
            stats.superseded_bytes += item.bytes;
        }
    }
    stats.functions = costs.len();
    stats.by_cost = costs.into_values().collect();
    for cost in &mut stats.by_cost {
        cost.bytes_per_second =
            (cost.computing_seconds > 0.0).then(|| cost.bytes as f64 / cost.computing_seconds);
    }
    let rate = |cost: &Cost| cost.bytes_per_second.unwrap_or(f64::INFINITY);
    stats.by_cost.sort_by(|a, b| rate(b).total_cmp(&rate(a)));
    if json {
        document::print(&stats, out)?;
    } else {
        print(&stats, style, out)?;
    }
    contents.end()
}

fn print(stats: &Stats<'_>, style: Style, out: &mut dyn Write) -> Result<(), Failure> {
    let mut line = |name: &str, value: String| writeln!(out, "{:<12} {value}", format!("{name}:"));
    line("Cache", text::Visible(stats.cache).to_string())?;
    line("Store", stats.backend.to_owned())?;
    line("Functions", stats.functions.to_string())?;
    line("Results", contents::amount(stats.results, stats.bytes))?;
    if stats.superseded_results > 0 {
        line("Superseded", contents::amount(stats.superseded_results, stats.superseded_bytes))?;
    }
    if stats.unreadable > 0 {
        line("Unreadable", format!("{}; `joblib cache verify` names them", stats.unreadable))?;
    }
    line("Computed in", text::duration(seconds(stats.computing_seconds)))?;
    if stats.recorded_runs > 0 {
        let runs = text::count(stats.recorded_runs, "recorded run", "recorded runs");
        line("Hits", format!("{} in {runs}", stats.recorded.hits))?;
        line("Time saved", text::duration(seconds(stats.recorded.saved_seconds)))?;
    }
    if stats.by_cost.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nMost bytes for a second of computing:")?;
    let mut table = Table::new(&["FUNCTION", " SIZE", " COMPUTED IN", " SIZE PER SECOND"]);
    for cost in stats.by_cost.iter().take(LISTED) {
        table.row([
            cost.function.clone(),
            text::bytes(cost.bytes),
            text::duration(seconds(cost.computing_seconds)),
            cost.bytes_per_second.map_or_else(|| "–".to_owned(), |rate| text::bytes(rate as u64)),
        ]);
    }
    table.print(style, out)?;
    Ok(())
}
