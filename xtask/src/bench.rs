//! `cargo xtask bench`: starts the benchmark, a crate of its own because it needs the peers' crates and a plotter.

use crate::run::{Result, cargo, run};
use crate::venv::Venv;

/// Builds and runs `joblib-bench` with the given options, beside the joblib of today.
pub(crate) fn execute(options: &[String]) -> Result {
    let mut bench = cargo("run --release --package joblib-bench --");
    bench.args(options);
    // Its help needs no Python.
    if !options.iter().any(|option| crate::is_help(option)) {
        bench.env(Venv::Today.variable(), Venv::Today.python()?);
    }
    run(&mut bench)
}
