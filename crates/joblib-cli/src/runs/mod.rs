//! `joblib runs`: what ran, from the records that programs leave.

pub(crate) mod args;
pub(crate) mod diff;
pub(crate) mod find;
mod log;
mod ls;
pub(crate) mod model;
mod show;
mod step_document;
mod top;
mod tree;

use std::io::Write;

use self::args::{Command, Runs};
use crate::args::Color;
use crate::failure::Failure;
use crate::location::CacheOptions;
use crate::style::Style;

pub(crate) fn run(runs: &Runs, color: Color, out: &mut dyn Write) -> Result<(), Failure> {
    let Runs { options: CacheOptions { location, json }, command } = runs;
    let (folder, json, style) = (location.runs()?, *json, Style::new(color));
    match command {
        Command::Ls(ls) => ls::run(ls, &folder, json, style, out),
        Command::Show(show) => show::run(show, &folder, json, style, out),
        Command::Diff(diff) => diff::run(diff, &folder, json, style, out),
        Command::Log(log) => log::run(log, &folder, json, style, out),
        Command::Top(top) => top::run(top, &folder, json, style, out),
    }
}
