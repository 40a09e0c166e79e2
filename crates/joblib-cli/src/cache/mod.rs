//! `joblib cache`: a cache seen and tended from the shell.
//!
//! All that is read is read as a program reads it that looks without using: nothing is locked, and no time
//! of last use changes. What deletes takes the same short locks as a program that stores a result.

pub(crate) mod args;
mod check;
mod contents;
mod differences;
mod export;
mod hits;
mod import;
mod key;
mod ls;
mod prune;
mod rm;
mod show;
mod stats;
mod transfer;
mod verify;
mod why;

use std::io::Write;

use self::args::{Cache, Command};
use crate::args::Color;
use crate::failure::Failure;
use crate::location::{CacheOptions, Location};
use crate::style::Style;
use crate::text::Visible;

pub(crate) fn run(cache: &Cache, color: Color, out: &mut dyn Write) -> Result<(), Failure> {
    let Cache { options: CacheOptions { location, json }, command } = cache;
    let (json, style) = (*json, Style::new(color));
    match command {
        Command::Path => path(location, json, out),
        Command::Check(check) => check::run(check, json, out),
        Command::Import(import) => import::run(import, &*location.open()?, json, out),
        Command::Ls(ls) => ls::run(ls, &*location.open_existing()?, json, style, out),
        Command::Show(show) => show::run(show, &*location.open_existing()?, json, style, out),
        Command::Stats => stats::run(&*location.open_existing()?, json, style, out),
        Command::Why(why) => why::run(why, &*location.open_existing()?, json, style, out),
        Command::Diff(diff) => differences::run(diff, &*location.open_existing()?, json, out),
        Command::Rm(rm) => rm::run(rm, &*location.open_existing()?, json, out),
        Command::Prune(prune) => prune::run(prune, &*location.open_existing()?, json, style, out),
        Command::Verify(verify) => verify::run(verify, &*location.open_existing()?, json, out),
        Command::Export(export) => export::run(export, &*location.open_existing()?, json, out),
    }
}

fn path(location: &Location, json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let path = location.path()?;
    if json {
        #[derive(serde::Serialize)]
        struct Path {
            cache: String,
            exists: bool,
        }
        let exists = location.open()?.is_there()?;
        return crate::document::print(&Path { cache: path.display().to_string(), exists }, out);
    }
    writeln!(out, "{}", Visible(path.display()))?;
    Ok(())
}
