//! `cargo xtask bench`: starts the benchmark, a crate of its own because it needs the peers' crates and a plotter.

use crate::run::{Result, cargo, run, target};
use crate::venv::Venv;

/// What the names of rows begin with that need a server of an object store.
const SERVED: &str = "memory.object.";

/// Builds and runs `joblib-bench` with the given options, beside the joblib of today.
pub(crate) fn execute(options: &[String]) -> Result {
    let mut bench = cargo("run --release --package joblib-bench --");
    bench.args(options);
    // Its help needs no Python.
    if !options.iter().any(|option| crate::is_help(option)) {
        run(&mut cargo("build --release --package joblib-cli"))?;
        bench.env("JOBLIB_BENCH_COMMAND", target().join("release/joblib"));
        bench.env(Venv::Today.variable(), Venv::Today.python()?);
        // Only some rows need servers, which are large.
        let only = options.iter().zip(options.iter().skip(1)).filter(|(option, _)| *option == "--only");
        let mut only = only.map(|(_, name)| name.as_str()).peekable();
        if only.peek().is_none() || only.any(|name| SERVED.starts_with(name) || name.starts_with(SERVED)) {
            bench.env(Venv::Servers.variable(), Venv::Servers.python()?);
        }
    }
    run(&mut bench)
}
