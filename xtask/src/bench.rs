//! `cargo xtask bench`: starts the benchmark, a crate of its own because it needs the peers' crates and a plotter.

use crate::run::{Result, cargo, run};
use crate::venv::Venv;

/// Builds and runs `joblib-bench` with the given options, beside the joblib of today.
pub(crate) fn execute(options: &[String]) -> Result {
    let python = Venv::Today.python()?;
    run(cargo("run --release --package joblib-bench --").args(options).env(Venv::Today.variable(), python))
}
