//! The command's options.

use std::path::PathBuf;

/// Measures joblib for Rust beside Python's joblib and other peers.
#[derive(clap::Parser)]
#[command(
    name = "cargo xtask bench",
    bin_name = "cargo xtask bench",
    after_help = "`cargo xtask bench --peers` measures crates that have parts of what joblib has; `--peers --help` lists \
                  its options."
)]
pub(crate) struct Options {
    /// Measure only rows whose name starts so; may be repeated
    #[arg(long, value_name = "PREFIX")]
    pub(crate) only: Vec<String>,

    /// A look within a minute: few samples, less data, no curves, no bars
    #[arg(long, conflicts_with = "plots")]
    pub(crate) quick: bool,

    /// Write the figures to a file
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,

    /// Compare two files of `--json` and list what became slower by over 10 %
    #[arg(long, num_args = 2, value_names = ["BEFORE", "AFTER"], exclusive = true)]
    pub(crate) check: Option<Vec<PathBuf>>,

    /// Draw the pictures of the docs into a folder, and write the table beside them
    #[arg(long, value_name = "DIR")]
    pub(crate) plots: Option<PathBuf>,

    /// Draw the pictures from a file of `--json` instead of measuring
    #[arg(long, value_name = "FILE", requires = "plots")]
    pub(crate) from: Option<PathBuf>,

    /// Does one piece of work alone, so that its memory can be measured
    #[arg(long, num_args = 2..=3, hide = true)]
    pub(crate) probe: Option<Vec<String>>,

    /// Where the files of the measurements go [default: the system's temporary folder]
    #[arg(long, value_name = "DIR")]
    pub(crate) tmp: Option<PathBuf>,
}

impl Options {
    /// Whether a row is wanted. A quick run leaves out the points of the curves unless they are asked for.
    pub(crate) fn wants(&self, name: &str) -> bool {
        let figure = ["growth.", "overhead."].iter().any(|area| name.starts_with(area));
        if self.only.is_empty() {
            !(self.quick && figure)
        } else {
            self.only.iter().any(|p| name.starts_with(p.as_str()))
        }
    }
}
