//! The command line.

use std::path::{Path, PathBuf};

use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

/// Looks into files of joblib (Rust's and Python's), converts, checks and hashes them. Never runs what is in a file.
#[derive(Debug, Parser)]
#[command(
    name = "joblib",
    version,
    arg_required_else_help = true,
    max_term_width = 100,
    after_help = "\
Examples:
  joblib inspect model.joblib                       what is in it, as a tree
  joblib inspect --json model.joblib | jq .values   every value, for programs
  joblib convert model.joblib model.native.xz       Python's file as one of ours, compressed
  joblib convert results.native results.joblib      and the other way
  joblib convert table.joblib table.parquet         a table for other programs
  joblib verify *.joblib                            which are damaged
  joblib hash a.joblib b.joblib                     whether they hold the same
  joblib cache ls                                   the functions whose results are stored
  joblib cache prune --bytes 5G                     drop what was unused for longest
  joblib cluster check tcp://host:8786              whether a Dask cluster can run programs
  joblib runs show                                  what the last recorded run computed, and why
  joblib report --output report.html                the same as a page, with a timeline

Exit status: 0 when all went well, 1 when a file is damaged, missing or can't be read, 2 when the command line is
wrong, 130 when Ctrl-C ended long work."
)]
pub(crate) struct Args {
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t = Color::Auto,
        value_name = "WHEN",
        hide_possible_values = true,
        help = "When to colour the output: auto (on a terminal, unless NO_COLOR is set), always or never"
    )]
    pub(crate) color: Color,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// When to colour the output.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show what is in a file: types, shapes, sizes and a few values
    Inspect(Inspect),
    /// Write a file's values into another file: for Rust, Python, numpy, Arrow, Parquet or as JSON
    Convert(Convert),
    /// Check that files are complete and undamaged
    Verify(Verify),
    /// Print the content hash of the values in files
    Hash(Hash),
    /// Look into a cache, and make room in it
    Cache(crate::cache::args::Cache),
    /// See whether a Dask cluster can be used, and remove what programs have left on it
    Cluster(crate::cluster::args::Cluster),
    /// Show what ran: the steps of programs that recorded them
    Runs(crate::runs::args::Runs),
    /// Write what a run did into one HTML file
    Report(crate::report::args::Report),
    /// Print the manual page of the command, or of a subcommand
    Man {
        /// The subcommand, such as `cache ls` [default: the command itself]
        #[arg(value_name = "COMMAND", num_args = 0..)]
        page: Option<Vec<String>>,
    },
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// The path of a file to read, where `-` stands for the standard input.
fn input() -> impl TypedValueParser<Value = PathBuf> {
    OsStringValueParser::new().map(|name| if name == "-" { "/dev/stdin".into() } else { name.into() })
}

#[derive(Debug, clap::Args)]
pub(crate) struct Inspect {
    /// The files; `-` is the standard input
    #[arg(required = true, value_name = "FILE", value_parser = input())]
    pub(crate) files: Vec<PathBuf>,

    /// Print every value as JSON, one document a file
    #[arg(long)]
    pub(crate) json: bool,

    /// Levels of containers to show
    #[arg(long, default_value_t = 4, value_name = "LEVELS")]
    pub(crate) depth: usize,

    /// Items of each container to show
    #[arg(long, default_value_t = 12, value_name = "COUNT")]
    pub(crate) items: usize,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Convert {
    /// The file to read; `-` is the standard input
    #[arg(value_name = "IN", value_parser = input())]
    pub(crate) input: PathBuf,

    /// The file to write; `-` is the standard output
    #[arg(value_name = "OUT")]
    pub(crate) output: PathBuf,

    /// The format to write [default: by the end of OUT's name, as in .npy or .parquet, else the other one of native and
    /// python than IN has]
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(crate) to: Option<Format>,

    /// How to compress: a level from 0 to 9, a compressor such as xz, or both as xz:6 [default: by OUT's extension]; for
    /// npz, any of them deflates
    #[arg(long, value_name = "HOW")]
    pub(crate) compress: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// joblib for Rust
    Native,
    /// A pickle for Python's joblib
    Python,
    /// JSON as `inspect --json` prints values, one document a value
    Json,
    /// An array, as numpy.save writes it
    Npy,
    /// The arrays of a dict or a table, as numpy.savez writes them
    Npz,
    /// A table as a file of Arrow's IPC format (Feather)
    Arrow,
    /// A table as a Parquet file
    Parquet,
}

impl Format {
    /// The format that the end of a name says.
    pub(crate) fn of_extension(path: &Path) -> Option<Self> {
        Some(match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "json" | "jsonl" | "ndjson" => Self::Json,
            "npy" => Self::Npy,
            "npz" => Self::Npz,
            "arrow" | "feather" | "ipc" => Self::Arrow,
            "parquet" | "pq" => Self::Parquet,
            _ => return None,
        })
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Python => "python",
            Self::Json => "json",
            Self::Npy => "npy",
            Self::Npz => "npz",
            Self::Arrow => "arrow",
            Self::Parquet => "parquet",
        }
    }
}

#[derive(Debug, clap::Args)]
pub(crate) struct Verify {
    /// The files; `-` is the standard input
    #[arg(required = true, value_name = "FILE", value_parser = input())]
    pub(crate) files: Vec<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Hash {
    /// The files; `-` is the standard input
    #[arg(required = true, value_name = "FILE", value_parser = input())]
    pub(crate) files: Vec<PathBuf>,

    /// The algorithm: blake3, xxh3, sha256, sha1 or md5
    #[arg(long, default_value = "blake3", value_name = "NAME")]
    pub(crate) algorithm: joblib_hash::Algorithm,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Args::command().debug_assert();
    }
}
