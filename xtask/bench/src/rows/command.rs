//! The command `joblib` on a large cache, as a program that is started.

use std::process::{Command, Stdio};

use super::memory::filled;
use crate::measure::seconds;
use crate::row::{Bar, Peer, Row, Sides, Unit};

/// The variable by which `cargo xtask bench` names the program.
const PROGRAM: &str = "JOBLIB_BENCH_COMMAND";

pub(crate) fn rows() -> Vec<Row> {
    vec![
        cache("command.cache.ls", &["ls"]).bar(Bar::Under(2_000.0)),
        cache("command.cache.ls.calls", &["ls", "identity", "--sort", "time"]).bar(Bar::Under(2_000.0)),
        cache("command.cache.stats", &["stats"]).bar(Bar::Under(2_000.0)),
        cache("command.cache.verify", &["verify"]),
        cache("command.cache.prune", &["prune", "--items", "1", "--dry-run"]),
    ]
}

/// A subcommand of `joblib cache` on a cache of 200,000 results.
fn cache(name: &str, args: &'static [&'static str]) -> Row {
    Row::new(name, Unit::Milliseconds, move |data| {
        let program =
            std::env::var_os(PROGRAM).ok_or("this row needs the command: start it by `cargo xtask bench`")?;
        let memory = filled(data, data.scale.entries)?;
        let location = memory.location().ok_or("a cache in a folder has a location")?.to_owned();
        Ok(Sides::new(move || {
            let mut command = Command::new(&program);
            command.arg("cache").args(args).arg("--cache").arg(&location).stdout(Stdio::null());
            let run = || match command.status()? {
                status if status.success() => Ok(()),
                status => Err(format!("it failed: {status}").into()),
            };
            Ok(1e3 * seconds(1, run)?)
        }))
    })
    .against(Peer::Nobody)
}
