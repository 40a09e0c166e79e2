//! `cargo xtask bench`: starts the benchmark, a crate of its own because it needs the peers' crates and a plotter.

use crate::run::{Result, cargo, run, target};
use crate::venv::Venv;

/// What the names of rows begin with that need an environment of their own, which is large.
const WITH: [(&str, Venv); 3] = [
    ("memory.object.", Venv::Servers),
    ("parallel.dask.", Venv::Dask),
    ("python.frame.load.arrow", Venv::Arrow),
];

/// Builds and runs `joblib-bench` with the given options, beside the joblib of today.
pub(crate) fn execute(options: &[String]) -> Result {
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
