//! `joblib cluster`: a Dask cluster as programs find it.

pub(crate) mod args;
#[cfg(feature = "dask")]
mod check;
#[cfg(feature = "dask")]
mod clean;

use std::io::Write;

use self::args::Cluster;
use crate::args::Color;
use crate::failure::Failure;

#[cfg(feature = "dask")]
pub(crate) fn run(options: &Cluster, color: Color, out: &mut dyn Write) -> Result<(), Failure> {
    use self::args::{Command, Scheduler};
    use joblib_parallel::backend::Dask;
    use std::time::Duration;

    let Cluster { json, wait, ca, cert, key, command } = options;
    let (Command::Check(Scheduler { address }) | Command::Clean(Scheduler { address })) = command;
    let mut dask = address.as_ref().map_or_else(Dask::new, Dask::at);
    if let (Some(ca), Some(cert), Some(key)) = (ca, cert, key) {
        dask = dask.tls(ca, cert, key);
    }
    if let Some(seconds) = wait {
        let workers = usize::from(matches!(command, Command::Check(_)));
        dask = dask.wait_for_workers(workers, Duration::from_secs(*seconds));
    }
    match command {
        Command::Check(_) => check::run(&dask, *json, crate::style::Style::new(color), out),
        Command::Clean(_) => clean::run(&dask, *json, out),
    }
}

/// Says what is missing.
#[cfg(not(feature = "dask"))]
pub(crate) fn run(options: &Cluster, _: Color, _: &mut dyn Write) -> Result<(), Failure> {
    let Cluster { json: _, wait: _, ca: _, cert: _, key: _, command } = options;
    let (args::Command::Check(args::Scheduler { address })
    | args::Command::Clean(args::Scheduler { address })) = command;
    Err(Failure::Other(format!(
        "{} can't be reached, as this command was built without Dask: cargo install joblib-cli --features dask",
        address.as_deref().unwrap_or("the cluster")
    )))
}

#[cfg(feature = "dask")]
fn failure(error: &joblib_parallel::Error) -> Failure {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(reason) = source {
        // Most errors say the reason themselves.
        let reason_text = reason.to_string();
        if !text.contains(&reason_text) {
            text = format!("{text}: {reason_text}");
        }
        source = reason.source();
    }
    Failure::Other(text)
}
