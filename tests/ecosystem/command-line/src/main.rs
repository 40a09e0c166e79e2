//! A program with options of clap, events through tracing-subscriber, and a bar of indicatif of its own.

use std::io::Write;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use clap::{Parser, Subcommand, ValueEnum};
use indicatif::{ProgressBar, ProgressDrawTarget};
use joblib::memory::Warnings;
use joblib::prelude::*;
use tracing::{Level, info};

#[derive(Parser)]
struct Options {
    #[arg(long, default_value = "cache")]
    cache: PathBuf,
    #[arg(long, value_enum, default_value_t = Backend::Loky)]
    backend: Backend,
    #[arg(long, default_value_t = 2)]
    n_jobs: i32,
    #[command(subcommand)]
    run: Run,
}

#[derive(Clone, Copy, Subcommand, PartialEq)]
enum Run {
    First,
    Again,
}

#[derive(Clone, Copy, ValueEnum)]
enum Backend {
    Loky,
    Threading,
}

#[cached]
fn step(n: u64) -> u64 {
    info!(n, "computing");
    n * n
}

/// What the subscriber wrote.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no writer panics").write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn main() -> joblib::Result<()> {
    let options = Options::parse();
    let again = options.run == Run::Again;
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt()
        .with_max_level(Level::INFO)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .init();
    Memory::new(&options.cache)?.warnings(Warnings::Events).install()?;

    let backend = match options.backend {
        Backend::Loky => "loky",
        Backend::Threading => "threading",
    };
    // A bar of the program's own, moved by the results as they come.
    let bar = ProgressBar::with_draw_target(Some(8), ProgressDrawTarget::hidden());
    let parallel = Parallel::new().n_jobs(options.n_jobs).backend(backend).return_as(GeneratorUnordered);
    let mut squares = Vec::new();
    for square in parallel.run((0..8).map(|n| step::delayed(n)))? {
        squares.push(square?);
        bar.inc(1);
    }
    bar.finish();
    squares.sort_unstable();
    assert_eq!((squares, bar.position()), ((0..8).map(|n| n * n).collect(), 8));
    assert!((0..8).all(step::check_call_in_cache));

    // The events of worker processes are here too.
    let log = String::from_utf8_lossy(&log.0.lock().expect("no writer panics")).into_owned();
    assert_eq!(log.matches("computing").count(), if again { 0 } else { 8 }, "{log}");
    // joblib's own bar, beside it.
    let more = Parallel::new().n_jobs(2).progress("steps").run((0..8).map(|n| step::delayed(n)))?;
    assert_eq!(more[7], 49);
    Ok(())
}
