//! `cargo xtask bench`: starts the benchmark, a crate of its own because it needs the peers' crates and a plotter.
//!
//! With `--peers` another one: it is no member of the workspace, because its peers' crates take long to build.

use crate::run::{Result, cargo, root, run, target};
use crate::venv::Venv;

/// Measures the crates that people would take instead.
const PEERS: &str = "--peers";
/// Leaves out polars, which takes as long to build as all the others.
const NO_POLARS: &str = "--no-polars";

/// What the names of rows begin with that need an environment of their own, which is large.
const WITH: [(&str, Venv); 3] = [
    ("memory.object.", Venv::Servers),
    ("parallel.dask.", Venv::Dask),
    ("python.frame.load.arrow", Venv::Arrow),
];

/// Builds and runs `joblib-bench` with the given options, beside the joblib of today; or, with `--peers`, `joblib-peers`.
pub(crate) fn execute(options: &[String]) -> Result {
    if options.iter().any(|option| option == PEERS) {
        return peers(options);
    }
    let mut bench = cargo("run --release --package joblib-bench --");
    bench.args(options);
    // Its help needs no Python.
    if !options.iter().any(|option| crate::is_help(option)) {
        run(&mut cargo("build --release --package joblib-cli"))?;
        bench.env("JOBLIB_BENCH_COMMAND", target().join("release/joblib"));
        bench.env(Venv::Today.variable(), Venv::Today.python()?);
        let only = options.iter().zip(options.iter().skip(1)).filter(|(option, _)| *option == "--only");
        let only: Vec<&str> = only.map(|(_, name)| name.as_str()).collect();
        for (rows, venv) in WITH {
            if only.is_empty() || only.iter().any(|name| rows.starts_with(name) || name.starts_with(rows)) {
                bench.env(venv.variable(), venv.python()?);
            }
        }
    }
    run(&mut bench)
}

/// Builds `joblib-peers`, in a target folder of its own below the workspace's, and runs it.
fn peers(options: &[String]) -> Result {
    let mut bench = cargo("run --release");
    bench.arg("--manifest-path").arg(root().join("xtask/peers/Cargo.toml"));
    bench.arg("--target-dir").arg(target().join("peers"));
    // Its help needs no polars.
    if !options.iter().any(|option| option == NO_POLARS || crate::is_help(option)) {
        bench.args(["--features", "polars"]);
    }
    bench.arg("--").args(options.iter().filter(|option| ![PEERS, NO_POLARS].contains(&option.as_str())));
    run(&mut bench)
}
