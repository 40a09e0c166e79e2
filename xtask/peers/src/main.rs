//! `cargo xtask bench --peers`: joblib for Rust and the crates that people would take instead, in one run on the same data.
//!
//! A package of its own, which is no member of the workspace: the peers' crates take minutes to build. [`rows`] declares what
//! is measured, [`measure`] alternates the two sides, [`report`] shows the outcome.

mod measure;
mod options;
mod report;
mod rows;
mod work;

use std::process::ExitCode;

use crate::options::Options;

/// What goes wrong here ends the run, or the row, with its message.
type Error = Box<dyn std::error::Error>;
type Result<T = ()> = std::result::Result<T, Error>;

fn main() -> ExitCode {
    // First of all: the processes of `procspawn` run this program, and do nothing but their tasks.
    procspawn::init();
    match execute() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether every row could be measured.
fn execute() -> Result<bool> {
    let Some(options) = Options::parse(std::env::args().skip(1))? else {
        print!("{}", options::USAGE);
        return Ok(true);
    };
    let rows: Vec<_> = rows::all().into_iter().filter(|row| options.wants(&row.name)).collect();
    if rows.is_empty() {
        return Err(format!("no row's name starts with {}", options.only.join(" or ")).into());
    }
    let folder = match &options.tmp {
        Some(folder) => tempfile::tempdir_in(folder),
        None => tempfile::tempdir(),
    }
    .map_err(|e| format!("cannot make a folder for the files of the measurements: {e}"))?;
    let report = measure::all(rows, folder.path(), report::line);
    println!("\n{}", report::table(&report.figures));
    if let Some(file) = &options.json {
        report::write(&report, file)?;
    }
    for failure in &report.failures {
        eprintln!("missing: {failure}");
    }
    Ok(report.failures.is_empty())
}
