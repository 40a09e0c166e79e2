//! The command line of `joblib report`.

use std::path::PathBuf;

use crate::location::Location;

/// Writes what a run did into one HTML file: its functions, what was computed and why, failures, a timeline.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The file needs no network to be read, and no script: scripts only zoom the timeline and sort the tables.

Examples:
  joblib report --output report.html --open      the last run
  joblib report previous --output before.html    the one before")]
pub(crate) struct Report {
    #[command(flatten)]
    pub(crate) location: Location,

    /// The id of a run as `joblib runs ls` shows it, its beginning, `last` or `previous`
    #[arg(default_value = "last")]
    pub(crate) run: String,

    /// The file to write; `-` is the standard output
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: PathBuf,

    /// Show the file in the browser
    #[arg(long)]
    pub(crate) open: bool,
}
