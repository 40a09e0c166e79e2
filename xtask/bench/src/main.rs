//! `cargo xtask bench`: our side and the peers', measured in one run on the same data.
//!
//! [`rows`] declares what is measured, [`measure`] alternates the sides, [`report`] and [`table`] keep and show the
//! outcome, [`compare`] judges a change between two runs. Python's joblib is a process that stays open ([`peer`]).

mod bucket;
mod compare;
mod data;
mod flights;
mod limits;
mod measure;
mod options;
mod package;
mod peer;
mod plots;
mod probe;
mod report;
mod row;
mod rows;
mod scale;
mod table;
mod values;
mod work;

use std::process::ExitCode;

use clap::Parser as _;

use crate::options::Options;

/// What goes wrong here ends the run, or the row, with its message.
type Error = Box<dyn std::error::Error>;
type Result<T = ()> = std::result::Result<T, Error>;

fn main() -> ExitCode {
    match execute(&Options::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether all went well: no side missing, nothing slower.
fn execute(options: &Options) -> Result<bool> {
    if let Some([before, after]) = options.check.as_deref() {
        return compare::execute(before, after);
    }
    if let Some(arguments) = &options.probe {
        return probe::execute(arguments).map(|()| true);
    }
    if let (Some(folder), Some(file)) = (&options.plots, &options.from) {
        let written = report::read(file)?;
        if written.quick {
            return Err(format!(
                "{} is of a quick run, which the pictures are not drawn from",
                file.display()
            )
            .into());
        }
        return plots::draw(&written.results, folder).map(|()| true);
    }
    let rows = rows::all(options);
    if rows.is_empty() {
        return Err(format!("no row's name starts with {}", options.only.join(" or ")).into());
    }
    if let Some(went_well) = bucket::beside_a_server(rows.iter().map(|row| row.name.as_str()))? {
        return Ok(went_well);
    }
    let data = data::Data::new(options)?;
    let report = measure::all(rows, &data)?;
    println!("\n{}", table::render(&report));
    if let Some(file) = &options.json {
        report.write(file)?;
    }
    if let Some(folder) = &options.plots {
        plots::draw(&report.results(), folder)?;
        std::fs::write(folder.join("table.md"), table::render(&report))?;
    }
    for failure in &report.failures {
        eprintln!("missing: {failure}");
    }
    Ok(report.failures.is_empty())
}
