//! The command line of `joblib runs`.

use clap::Subcommand;

use crate::location::CacheOptions;

/// Shows what programs ran that were asked to record it, by `Memory::record(true)` or `JOBLIB_RECORD=1`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
RUN is the id of a run as `ls` shows it, its beginning, `last`, or `previous`, the one before. STEP is the number of a step as `show` shows it.

Examples:
  joblib runs ls                     which programs ran, with their hits
  joblib runs show                   the steps of the last run, what was computed and why
  joblib runs diff                   what the last two runs computed that the other did not, and why
  joblib runs top                    what a running program does now")]
pub(crate) struct Runs {
    #[command(flatten)]
    pub(crate) options: CacheOptions,

    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the runs
    Ls(Ls),
    /// Show the steps of a run as a tree, with times, hits and causes
    Show(Show),
    /// Show what was computed in one run and not in another, and why, with their times
    Diff(Diff),
    /// Show what happened in a run, or in a step of it, in the order of time
    Log(Log),
    /// Watch a running program: its steps, workers and progress
    Top(Top),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Ls {
    /// At most so many runs, the latest; 0 for all
    #[arg(long, default_value_t = 20, value_name = "COUNT")]
    pub(crate) limit: usize,

    /// Only runs whose program and arguments contain this text
    #[arg(long, value_name = "TEXT")]
    pub(crate) filter: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Show {
    /// The run
    #[arg(default_value = "last")]
    pub(crate) run: String,

    /// Show every call, where many calls of one function are otherwise summed up
    #[arg(long)]
    pub(crate) all: bool,

    /// Levels of the tree to show
    #[arg(long, default_value_t = 8, value_name = "LEVELS")]
    pub(crate) depth: usize,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Diff {
    /// The run before
    #[arg(value_name = "RUN", default_value = "previous")]
    pub(crate) left: String,

    /// The run after
    #[arg(value_name = "RUN", default_value = "last")]
    pub(crate) right: String,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Log {
    /// The run
    #[arg(default_value = "last")]
    pub(crate) run: String,

    /// Only what happened in this step
    pub(crate) step: Option<usize>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Top {
    /// The run [default: the latest that is not over]
    pub(crate) run: Option<String>,

    /// Print the state once, and end
    #[arg(long)]
    pub(crate) once: bool,
}
