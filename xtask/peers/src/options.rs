//! The command's options.

use std::path::PathBuf;

use crate::Result;

pub(crate) const USAGE: &str = "\
Measures joblib for Rust beside the crates that people would take instead

Usage: cargo xtask bench --peers [OPTIONS]

Options:
      --only <PREFIX>  Measure only rows whose name starts so; may be repeated
      --json <FILE>    Write the figures to a file
      --tmp <DIR>      Where the files of the measurements go [default: the system's temporary folder]
      --no-polars      Build without polars, and leave out its rows
  -h, --help           Print help
";

/// What the run is asked for. `--no-polars` is for `cargo xtask`, which builds this program.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) only: Vec<String>,
    pub(crate) json: Option<PathBuf>,
    pub(crate) tmp: Option<PathBuf>,
}

impl Options {
    /// `None` if help is asked for.
    pub(crate) fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Option<Self>> {
        let mut options = Self::default();
        while let Some(option) = arguments.next() {
            let mut value = || arguments.next().ok_or_else(|| format!("`{option}` needs a value\n\n{USAGE}"));
            match option.as_str() {
                "--only" => options.only.push(value()?),
                "--json" => options.json = Some(value()?.into()),
                "--tmp" => options.tmp = Some(value()?.into()),
                "-h" | "--help" => return Ok(None),
                _ => return Err(format!("unknown option `{option}`\n\n{USAGE}").into()),
            }
        }
        Ok(Some(options))
    }

    /// Whether a row is wanted.
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|prefix| name.starts_with(prefix.as_str()))
    }
}
