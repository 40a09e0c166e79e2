//! `--plots DIR`: the pictures of the docs, drawn from a run's figures.

mod chart;
mod colour;
mod labels;
mod legend;
mod radius;
mod style;
mod ticks;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Map, Value};

use self::chart::{Chart, Rows, Series, Side};
use crate::Result;
use crate::report::Figures;

/// What the legends call the two sides.
const OURS: &str = "joblib for Rust";
const PEER: &str = "Python joblib";

/// Draws every picture whose rows were measured.
pub(crate) fn draw(results: &Map<String, Value>, folder: &Path) -> Result {
    fs::create_dir_all(folder).map_err(|e| format!("cannot make {}: {e}", folder.display()))?;
    let figures = Figures(results);
    for (step, title) in
        [("dump", "Saving the flight table (37.7 MB)"), ("load", "Loading the flight table (37.7 MB)")]
    {
        compressors(&figures, step, title).draw(&folder.join(format!("compressors-{step}.svg")))?;
    }
    latency(&figures).draw(&folder.join("latency.svg"))?;
    overhead(&figures).draw(&folder.join("overhead.svg"))?;
    let curves = [
        (
            "growth-persist",
            "dump, load and hash an array",
            "array, MB",
            "ms",
            &[("growth.persist.dump", "dump"), ("growth.persist.load", "load"), ("growth.hash", "hash")][..],
        ),
        (
            "growth-memory",
            "Memory used beside the value to dump and hash, in all to load",
            "array, MB",
            "MB",
            &[("growth.peak.dump", "dump"), ("growth.peak.load", "load"), ("growth.peak.hash", "hash")],
        ),
        (
            "growth-entries",
            "A hit among many results of one function",
            "results",
            "µs",
            &[("growth.entries", "hit")],
        ),
        ("growth-tasks", "Many tiny tasks on two workers", "tasks", "ms", &[("growth.tasks", "tasks")]),
        ("growth-workers", "200 tasks of a millisecond", "workers", "ms", &[("growth.workers", "workers")]),
        (
            "growth-memory-counts",
            "Memory used by a hit among many results, and by many tasks on two workers",
            "results, or tasks",
            "MB",
            &[("growth.peak.entries", "results"), ("growth.peak.tasks", "tasks")],
        ),
        (
            "growth-memory-workers",
            "Memory of the worker processes",
            "workers",
            "MB",
            &[("growth.peak.workers", "workers")],
        ),
    ];
    for (file, title, x, y, kinds) in curves {
        growth(&figures, title, x, y, kinds).draw(&folder.join(format!("{file}.svg")))?;
    }
    Ok(())
}

/// Time against size, a point for each compressor: the figure of joblib's manual.
fn compressors(figures: &Figures<'_>, step: &str, title: &'static str) -> Chart {
    let megabytes = figures.ours("persist.flights.bytes").unwrap_or(37.7);
    let side = |label: &str, colour, hollow, side: &dyn Fn(&str) -> Option<f64>| {
        let point = |name: &str| {
            let rate = side(&format!("persist.flights.{name}.{step}"))?;
            Some((1e3 * megabytes / rate, side(&format!("persist.flights.{name}.size"))?, name.to_owned()))
        };
        let points =
            ["raw", "zlib", "gzip", "bz2", "lzma", "xz", "lz4"].into_iter().filter_map(point).collect();
        Series { label: label.into(), colour, joined: false, hollow, points }
    };
    let series = vec![
        side(OURS, colour::OURS, false, &|name| figures.ours(name)),
        side(PEER, colour::JOBLIB, true, &|name| figures.peer(name)),
    ];
    Chart { title, x: "time, ms", y: "size, MB", series }
}

/// What a call of a cached function costs, against what the machine could do.
fn latency(figures: &Figures<'_>) -> Rows {
    let names = [
        "memory.hit.tiny",
        "memory.miss.tiny",
        "memory.hit.8MB.mmap",
        "memory.hit.8MB",
        "memory.hit.80MB_argument.written",
        "memory.hit.80MB_argument",
        "memory.sqlite.hit",
        "memory.sqlite.miss",
    ];
    let side = |label, colour, hollow, side: &dyn Fn(&str) -> Option<f64>| Side {
        label,
        colour,
        hollow,
        values: names.into_iter().map(side).collect(),
    };
    Rows {
        title: "A call of a cached function",
        x: "µs",
        sides: vec![
            side(OURS, colour::OURS, false, &|name| figures.ours(name)),
            side(PEER, colour::JOBLIB, true, &|name| figures.peer(name)),
            side("plain system calls", colour::INK, true, &|name| figures.limit(name)),
        ],
        names: names.into_iter().map(|name| name.trim_start_matches("memory.").to_owned()).collect(),
    }
}

/// What a task costs beyond its own length, for each backend.
fn overhead(figures: &Figures<'_>) -> Chart {
    let lengths = [("1us", 1.0), ("10us", 10.0), ("100us", 100.0), ("1ms", 1_000.0), ("10ms", 10_000.0)];
    let series = ["threading", "loky", "multiprocessing"].into_iter().zip(colour::SERIES).flat_map(
        |(backend, colour)| {
            let points = |side: &dyn Fn(&str) -> Option<f64>| {
                let point = |(label, length): (&str, f64)| {
                    let cost = side(&format!("overhead.{backend}.{label}"))?;
                    // Below a hundredth of a microsecond it is not told from the clock.
                    let name = if cost < 0.01 { "≤ 0.01" } else { "" };
                    Some((length, cost.max(0.01), name.to_owned()))
                };
                lengths.into_iter().filter_map(point).collect()
            };
            let ours = points(&|name| figures.ours(name));
            let peer = points(&|name| figures.peer(name));
            [
                Series {
                    label: format!("{OURS}: {backend}"),
                    colour,
                    joined: true,
                    hollow: false,
                    points: ours,
                },
                Series {
                    label: format!("{PEER}: {backend}"),
                    colour,
                    joined: true,
                    hollow: true,
                    points: peer,
                },
            ]
        },
    );
    Chart {
        title: "What a task costs beyond its own length",
        x: "length of a task, µs",
        y: "overhead a task, µs",
        series: series.filter(|series| !series.points.is_empty()).collect(),
    }
}

/// A curve for each kind: `prefix.SIZE` are its points.
fn growth(
    figures: &Figures<'_>,
    title: &'static str,
    x: &'static str,
    y: &'static str,
    kinds: &[(&str, &str)],
) -> Chart {
    // One curve needs no name beside that of the side.
    let named = |side: &str, curve: &str| {
        if kinds.len() == 1 { side.to_owned() } else { format!("{side}: {curve}") }
    };
    let series = kinds.iter().zip(colour::SERIES).flat_map(|((prefix, label), colour)| {
        let (mut ours, mut peer) = (BTreeMap::new(), BTreeMap::new());
        for (size, name) in figures.sizes(prefix) {
            ours.insert(size, figures.ours(name));
            peer.insert(size, figures.peer(name));
        }
        let points = |side: BTreeMap<u64, Option<f64>>| {
            side.into_iter().filter_map(|(size, value)| Some((size as f64, value?, String::new()))).collect()
        };
        [
            Series { label: named(OURS, label), colour, joined: true, hollow: false, points: points(ours) },
            Series { label: named(PEER, label), colour, joined: true, hollow: true, points: points(peer) },
        ]
    });
    Chart { title, x, y, series: series.filter(|series| !series.points.is_empty()).collect() }
}
