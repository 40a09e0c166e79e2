//! The command line of `joblib cache`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Subcommand, ValueEnum};
use joblib_store::ByteSize;

use crate::location::CacheOptions;

/// Looks into a cache without the program that filled it, and makes room in it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
FUNCTION is the whole name of a function or the end of it, as `fit` of `flights::model::fit`. KEY is the key of a
result as `ls FUNCTION` shows it, or its beginning; CODE/KEY tells results of two versions of the code apart.

Examples:
  joblib cache ls                              functions, with their results and bytes
  joblib cache ls fit --sort time              the calls of a function, those first that took longest
  joblib cache show 4be1c0                     one result: its call, its code, its value
  joblib cache why fit alpha=0.5               why that call would be computed again
  joblib cache prune --bytes 5G --dry-run      what would go for the cache to have 5 GiB
  joblib cache export fit fit.results          a function's results in one file, for a colleague")]
pub(crate) struct Cache {
    #[command(flatten)]
    pub(crate) options: CacheOptions,

    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List functions, or the calls of one function
    Ls(Ls),
    /// Show a result: its call, its code with all that it reaches, its value
    Show(Show),
    /// Show how large the cache is and what its results cost
    Stats,
    /// Show why a function is computed again: what differs from the calls and the code that are stored
    Why(Why),
    /// Show in what two results differ: which argument, which item of the code
    Diff(Diff),
    /// Delete a function's results, or one result
    Rm(Rm),
    /// Delete the least valued results until the cache is within limits
    Prune(Prune),
    /// Verify every checksum of every result
    Verify(Verify),
    /// Write a function's results into one file
    Export(Export),
    /// Add the results in a file that `export` wrote
    Import(Import),
    /// Check that a bucket can be a shared cache: access, times, and writers that race for an object
    Check(Check),
    /// Print where the cache is
    Path,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Check {
    #[arg(
        value_name = "URL",
        help = "The bucket and a folder in it, such as s3://bucket/prefix; credentials come from the environment"
    )]
    pub(crate) bucket: PathBuf,

    /// How often eight writers race for an object
    #[arg(long, default_value_t = 8, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=10_000))]
    pub(crate) rounds: u16,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Ls {
    /// The function whose calls to list
    pub(crate) function: Option<String>,

    /// What to sort by: `name`, `results`, `bytes`, `used` (the latest first), `time` (of computing) or
    /// `saved` (by recorded hits)
    #[arg(long, value_enum, value_name = "COLUMN", hide_possible_values = true)]
    pub(crate) sort: Option<Sort>,

    /// Sort the other way round
    #[arg(long)]
    pub(crate) reverse: bool,

    /// Only functions whose names, or calls whose arguments, contain this text
    #[arg(long, value_name = "TEXT")]
    pub(crate) filter: Option<String>,

    /// At most this many lines; 0 for all [default: 50 calls, all functions]
    #[arg(long, value_name = "COUNT")]
    pub(crate) limit: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Sort {
    Name,
    Results,
    Bytes,
    Used,
    Time,
    Saved,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Show {
    /// The result
    #[arg(value_name = "KEY")]
    pub(crate) key: String,

    /// Levels of containers of the value to show
    #[arg(long, default_value_t = 4, value_name = "LEVELS")]
    pub(crate) depth: usize,

    /// Items of each container to show
    #[arg(long, default_value_t = 12, value_name = "COUNT")]
    pub(crate) items: usize,

    /// Show the function's source too
    #[arg(long)]
    pub(crate) source: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Why {
    /// The function
    pub(crate) function: String,

    /// Arguments as `ls` shows them: NAME=TEXT, or TEXT in the order of the arguments
    #[arg(value_name = "ARGS")]
    pub(crate) arguments: Vec<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Diff {
    /// The one result
    #[arg(value_name = "KEY")]
    pub(crate) left: String,

    /// The other result
    #[arg(value_name = "KEY")]
    pub(crate) right: String,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Rm {
    /// The function whose results to delete, or the result
    #[arg(value_name = "FUNCTION|KEY")]
    pub(crate) what: String,

    /// Delete without asking
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("limits").required(true).multiple(true))]
pub(crate) struct Prune {
    /// The largest size of all results together, such as 5G (powers of 1024)
    #[arg(long, value_name = "SIZE", group = "limits")]
    pub(crate) bytes: Option<ByteSize>,

    /// At most this many results
    #[arg(long, value_name = "COUNT", group = "limits")]
    pub(crate) items: Option<u64>,

    /// No results that were unused for longer, such as 30d
    #[arg(long, value_name = "AGE", value_parser = humantime::parse_duration, group = "limits")]
    pub(crate) age: Option<Duration>,

    /// No results of earlier code that were unused for longer, such as 7d; 0s for none at all
    #[arg(long, value_name = "AGE", value_parser = humantime::parse_duration, group = "limits")]
    pub(crate) superseded_age: Option<Duration>,

    /// Drop first what took the least time to compute per byte, instead of what was unused for longest
    #[arg(long)]
    pub(crate) cost_aware: bool,

    /// Only show what would be deleted
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Delete without asking
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Verify {
    /// Delete damaged results, so that they are computed again
    #[arg(long)]
    pub(crate) fix: bool,

    /// Delete without asking
    #[arg(long, requires = "fix")]
    pub(crate) yes: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Export {
    /// The function
    pub(crate) function: String,

    /// The file to write
    #[arg(value_name = "FILE")]
    pub(crate) output: PathBuf,

    /// Leave out results of earlier code
    #[arg(long)]
    pub(crate) current: bool,

    /// How to compress: a level from 0 to 9, a compressor such as zstd, or both as zstd:6
    #[arg(long, value_name = "HOW")]
    pub(crate) compress: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Import {
    /// The file that `joblib cache export` wrote
    #[arg(value_name = "FILE")]
    pub(crate) input: PathBuf,
}
