//! The command line of `joblib cluster`.

use std::path::PathBuf;

use clap::Subcommand;

/// Looks at a Dask cluster as programs with the backend "dask" find it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Without ADDRESS the scheduler is the one of JOBLIB_DASK_ADDRESS, else of DASK_SCHEDULER_ADDRESS, of the file in
JOBLIB_DASK_SCHEDULER_FILE, or of Dask's own configuration. The Python that speaks to it is the one of JOBLIB_PYTHON, else of
the active environment.

Examples:
  joblib cluster check tcp://10.0.0.5:8786      versions, whether workers run programs, and times
  joblib cluster clean                          remove the programs that are not connected")]
pub(crate) struct Cluster {
    /// Print one JSON document, for programs
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// Seconds that the scheduler and its first worker may take [default: `JOBLIB_DASK_WAIT`, else 10]
    #[arg(long, global = true, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) wait: Option<u64>,

    /// The certificate of who signs, for a `tls://` address
    #[arg(long, global = true, value_name = "FILE", requires_all = ["cert", "key"])]
    pub(crate) ca: Option<PathBuf>,

    /// One's own certificate
    #[arg(long, global = true, value_name = "FILE", requires_all = ["ca", "key"])]
    pub(crate) cert: Option<PathBuf>,

    /// The key of that certificate
    #[arg(long, global = true, value_name = "FILE", requires_all = ["ca", "cert"])]
    pub(crate) key: Option<PathBuf>,

    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Connect to a cluster, run this command's own program on each of its workers, and measure it
    Check(Scheduler),
    /// Remove from a cluster what programs have left there that are not connected: plugins and files
    Clean(Scheduler),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Scheduler {
    /// The scheduler, such as `tcp://host:8786` or `tls://host:8786`
    #[arg(value_name = "ADDRESS")]
    pub(crate) address: Option<String>,
}
