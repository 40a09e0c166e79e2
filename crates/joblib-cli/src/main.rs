//! The `joblib` command. The crate's README shows it at work.

mod args;
mod arguments;
mod cache;
mod cluster;
mod confirm;
mod convert;
mod document;
mod failure;
mod fold;
mod hash;
mod hex;
mod inspect;
mod interrupt;
mod json;
mod location;
mod man;
mod progress;
mod report;
mod runs;
mod style;
mod table;
mod text;
mod tree;
mod verify;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use args::{Args, Command};
use failure::Failure;

fn main() -> ExitCode {
    let args = Args::parse();
    let mut out = io::BufWriter::new(io::stdout().lock());
    let result = run(&args, &mut out).and_then(|()| out.flush().map_err(Failure::from));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads the output has seen enough, as `head` does.
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(failure) => {
            let _ = out.flush();
            eprintln!("joblib: {}", text::Visible(&failure));
            ExitCode::from(failure.status())
        }
    }
}

fn run(args: &Args, out: &mut dyn Write) -> Result<(), Failure> {
    match &args.command {
        Command::Inspect(options) => inspect::run(options, args.color, out),
        Command::Convert(options) => convert::run(options, out),
        Command::Verify(options) => verify::run(options, out),
        Command::Hash(options) => hash::run(options, out),
        Command::Cache(options) => cache::run(options, args.color, out),
        Command::Cluster(options) => cluster::run(options, args.color, out),
        Command::Runs(options) => runs::run(options, args.color, out),
        Command::Report(options) => report::run(options, out),
        Command::Man { page } => man::run(page.as_deref(), out),
        Command::Completions { shell } => {
            clap_complete::generate(*shell, &mut Args::command(), "joblib", &mut &mut *out);
            Ok(())
        }
    }
}
