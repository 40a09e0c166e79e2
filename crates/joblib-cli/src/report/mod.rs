//! `joblib report`: a run as one HTML file, which needs no network and no script to be read.

pub(crate) mod args;
mod comparison;
mod growth;
mod page;
mod steps;
mod template;
mod timeline;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use self::args::Report;
use self::page::Page;
use crate::failure::Failure;
use crate::runs::find;
use crate::runs::model::Model;

pub(crate) fn run(options: &Report, out: &mut dyn Write) -> Result<(), Failure> {
    let to_output = options.output.as_os_str() == "-";
    if to_output && options.open {
        return Err(Failure::Usage("--open needs a file to open; found --output -".to_owned()));
    }
    let folder = options.location.runs()?;
    let path = find::find(&folder, &options.run)?;
    let model = Model::new(find::read(&path)?);
    let earlier = growth::Earlier::read(&folder, &path, &model.run.program);
    let html = template::render(&Page::new(&model, &earlier))?;
    if to_output {
        return Ok(out.write_all(html.as_bytes())?);
    }
    let written = fs::write(&options.output, html);
    written.map_err(|error| Failure::Other(format!("{}: {error}", options.output.display())))?;
    if options.open { open(&options.output) } else { Ok(()) }
}

/// Shows the file in the user's browser.
fn open(file: &Path) -> Result<(), Failure> {
    let program = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    // A file whose name begins with a dash is no option.
    let path = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    let status = Command::new(program).arg(path).stdin(Stdio::null()).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Failure::Other(format!("{program}: {status}; open {} by hand", file.display()))),
        Err(error) => Err(Failure::Other(format!("{program}: {error}; open {} by hand", file.display()))),
    }
}
