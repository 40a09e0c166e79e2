//! How time and memory grow with size: the points of the curves, each named by what grows and its size.

use joblib_array::Array;
use joblib_parallel::{Parallel, delayed};
use joblib_persist::{dump, load};

use super::memory;
use crate::measure::seconds;
use crate::probe;
use crate::row::{Bar, Peer, Row, Sides, Unit};
use crate::work;

/// Small results of one function, at most.
const MANY: u64 = 1_000_000;
/// Array sizes in megabytes.
const MEGABYTES: [u32; 5] = [1, 4, 16, 64, 256];

pub(crate) fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for size in MEGABYTES {
        rows.extend([
            persist("growth.persist.dump", size, |array, path| Ok(dump(array, path)?)),
            persist("growth.persist.load", size, |_, path| {
                load::<Array<f64>>(path)?;
                Ok(())
            }),
            persist("growth.hash", size, |array, _| {
                joblib_hash::hash(&array.rows(1..array.len()))?;
                Ok(())
            }),
        ]);
    }
    for size in [16, 64, 256] {
        // A dump holds the value and 32 MB at most; a load 1.05 times the value and 32 MB.
        let load = 1.05 * f64::from(size) + 32.0;
        rows.extend([
            peak("", "dump", size).bar(Bar::Under(32.0)),
            peak("", "load", size).bar(Bar::Under(load)),
            peak("", "hash", size),
        ]);
    }
    for compressor in ["zlib", "gzip", "bz2", "lzma", "xz", "lz4"] {
        let [dump, load] = ["dump", "load"].map(|kind| peak(compressor, kind, 64));
        rows.extend([dump.bar(Bar::Under(32.0)), load.bar(Bar::Under(1.05 * 64.0 + 32.0))]);
    }
    rows.extend([10, 100, 1_000, 10_000].map(memory::entries));
    let hit_among = |backend, count| memory::many_entries(backend, count).bar(Bar::AtMost(1.3));
    rows.push(hit_among(memory::FOLDER, MANY / 10));
    for backend in [memory::FOLDER, "sqlite"] {
        rows.push(hit_among(backend, MANY));
        rows.push(memory::items(backend, MANY).bar(Bar::Under(5_000.0)));
        rows.push(memory::reduce_size(backend, MANY).bar(Bar::Under(10_000.0)));
    }
    rows.extend([100, 1_000, 10_000, 100_000].map(tasks));
    rows.extend([1, 2, 4, 8].map(workers));
    rows.extend([10, 100, 1_000, 10_000].map(peak_of_a_hit));
    rows.extend([100, 1_000, 10_000, 100_000].map(|count| alone("tasks", count)));
    rows.extend([1, 2, 4, 8].map(|count| alone("workers", count)));
    rows
}

fn persist(name: &str, size: u32, work: fn(&Array<f64>, &std::path::Path) -> crate::Result) -> Row {
    Row::new(format!("{name}.{size}"), Unit::Milliseconds, move |data| {
        let array = data.big()?.rows(0..size as usize * 125_000);
        let path = data.path("growth.joblib");
        dump(&array, &path)?;
        let repeat = (64 / size).clamp(1, 50) as usize;
        Ok(Sides::new(move || Ok(1e3 * seconds(repeat, || work(&array, &path))?)))
    })
}

/// Of a file by the compressor, or of a plain one where that is empty.
fn peak(compressor: &'static str, kind: &'static str, size: u32) -> Row {
    let point = if compressor.is_empty() { "growth.peak" } else { "growth.peak." };
    Row::new(format!("{point}{compressor}.{kind}.{size}"), Unit::Megabytes, move |data| {
        let extension = match compressor {
            "zlib" => "z",
            "gzip" => "gz",
            "" => "joblib",
            same => same,
        };
        let file = data.path(&format!("probe.{extension}"));
        Ok(Sides::new(move || probe::peak(kind, size, &file)))
    })
}

/// How far memory rises by opening a cache of this many results and reading one of them.
fn peak_of_a_hit(count: u64) -> Row {
    Row::new(format!("growth.peak.entries.{count}"), Unit::Megabytes, move |data| {
        let (folder, count) = (data.path(&format!("probe-{count}")), count.to_string());
        let folder = folder.to_str().ok_or("the folder's name is not UTF-8")?.to_owned();
        // Filled in a process of its own, as another program would.
        probe::alone(&["fill", &count, &folder])?;
        Ok(Sides::new(move || probe::alone(&["hit", &count, &folder])))
    })
}

/// Memory of this many tasks on two worker processes, beyond what they begin with, or of this many workers.
fn alone(what: &'static str, count: u64) -> Row {
    Row::new(format!("growth.peak.{what}.{count}"), Unit::Megabytes, move |_| {
        Ok(Sides::new(move || probe::alone(&[what, &count.to_string()])))
    })
}

/// Tasks that do nothing on two worker processes, as on the peer's side.
fn tasks(count: u64) -> Row {
    Row::new(format!("growth.tasks.{count}"), Unit::Milliseconds, move |_| {
        let parallel = Parallel::new().n_jobs(2).backend("loky");
        parallel.run((0..200).map(|i| delayed(work::busy, (i,))))?;
        Ok(Sides::new(move || {
            Ok(1e3 * seconds(1, || Ok(parallel.run((0..count).map(|_| delayed(work::busy, (0,))))?))?)
        }))
    })
}

/// 200 tasks of one millisecond on worker processes, as on the peer's side.
fn workers(count: i32) -> Row {
    Row::new(format!("growth.workers.{count}"), Unit::Milliseconds, move |_| {
        let parallel = Parallel::new().n_jobs(count).backend("loky");
        let (short, millisecond) = (work::amount(10), work::amount(1_000));
        // The workers start before the first sample.
        parallel.run((0..200).map(|_| delayed(work::busy, (short,))))?;
        Ok(Sides::new(move || {
            Ok(1e3 * seconds(1, || Ok(parallel.run((0..200).map(|_| delayed(work::busy, (millisecond,))))?))?)
        }))
    })
}

/// Calls that fork, by what the program holds: measured before it holds anything else.
pub(crate) fn forks() -> Vec<Row> {
    [0, 64, 256].map(fork).into()
}

/// A call of one task that forks, by the megabytes that the program holds in ordinary pages.
fn fork(megabytes: usize) -> Row {
    Row::new(format!("growth.fork.{megabytes}"), Unit::Microseconds, move |_| {
        let parallel = Parallel::new().n_jobs(2).backend("multiprocessing");
        parallel.run([delayed(work::busy, (0,))])?;
        // Pieces too small for huge pages, each written.
        let held = vec![vec![1_u8; 1 << 20]; megabytes];
        Ok(Sides::new(move || {
            std::hint::black_box(&held);
            Ok(1e6 * seconds(20, || Ok(parallel.run([delayed(work::busy, (0,))])?))?)
        }))
    })
    .against(Peer::Nobody)
}
