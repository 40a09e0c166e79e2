//! The compressors compared: time to dump, time to load, and size.
//!
//! ```sh
//! cargo run --release -p joblib --example compressors_comparison
//! ```
//!
//! The data is a table as one meets them: slowly growing times, few distinct codes, noisy measurements. `cargo xtask bench` does
//! the same on real data, beside Python's joblib.

use std::time::Instant;

use joblib::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Table {
    time: Vec<i64>,
    station: Vec<u16>,
    temperature: Vec<f64>,
}

fn table(rows: i64) -> Table {
    // A small linear congruential generator: the noise only has to be the same each time.
    let mut state = 1_u64;
    let mut noise = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f64 / 16_777_216.0
    };
    Table {
        time: (0..rows).map(|i| 1_356_998_400 + 60 * i).collect(),
        station: (0..rows).map(|i| (i % 13) as u16).collect(),
        temperature: (0..rows)
            .map(|i| ((i as f64 / 500.0).sin() * 120.0 + noise() * 10.0).round() / 10.0)
            .collect(),
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let table = table(200_000);
    let plain = folder.path().join("table.joblib");
    dump(&table, &plain)?;
    let full = std::fs::metadata(&plain)?.len();

    println!("{:<8} {:>12} {:>12} {:>8} {:>8}", "file", "dump MB/s", "load MB/s", "MB", "share");
    for extension in ["joblib", "lz4", "zst", "z", "gz", "bz2", "xz", "lzma"] {
        let path = folder.path().join("compressed").with_extension(extension);
        let start = Instant::now();
        // The extension chooses the compressor, at the level it takes by default.
        dump(&table, &path)?;
        let dumping = start.elapsed();
        let start = Instant::now();
        let loaded: Table = load(&path)?;
        let loading = start.elapsed();
        assert_eq!(loaded, table);
        let size = std::fs::metadata(&path)?.len();
        let speed = |time: std::time::Duration| full as f64 / 1e6 / time.as_secs_f64();
        println!(
            "{extension:<8} {:>12.0} {:>12.0} {:>8.2} {:>7.0}%",
            speed(dumping),
            speed(loading),
            size as f64 / 1e6,
            100.0 * size as f64 / full as f64
        );
    }
    Ok(())
}
