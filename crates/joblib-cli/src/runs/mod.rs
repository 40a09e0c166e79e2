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
use crate::style::Style;

pub(crate) fn run(options: &Runs, color: Color, out: &mut dyn Write) -> Result<(), Failure> {
    let folder = options.location.runs()?;
    let (json, style) = (options.json, Style::new(color));
    match &options.command {
        Command::Ls(ls) => ls::run(ls, &folder, json, style, out),
        Command::Show(show) => show::run(show, &folder, json, style, out),
        Command::Diff(diff) => diff::run(diff, &folder, json, style, out),
        Command::Log(log) => log::run(log, &folder, json, style, out),
        Command::Top(top) => top::run(top, &folder, json, out),
    }
}
