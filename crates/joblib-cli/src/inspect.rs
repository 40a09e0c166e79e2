//! `joblib inspect`.

use std::io::Write;
use std::path::Path;

use joblib_persist::pickle::Value;
use joblib_persist::{LoadOptions, Reader};
use serde::Serialize;

use crate::args::{Color, Inspect};
use crate::document;
use crate::failure::Failure;
use crate::json::Json;
use crate::style::Style;
use crate::text::{Visible, bytes};
use crate::tree::Tree;

pub(crate) fn run(options: &Inspect, color: Color, out: &mut dyn Write) -> Result<(), Failure> {
    let style = Style::new(color);
    for (index, path) in options.files.iter().enumerate() {
        let mut reader = Reader::open(path, &LoadOptions::new())?;
        let size = std::fs::metadata(path)?.len();
        let values = values(&mut reader, path)?;
        if options.json {
            json(path, &reader, size, &values, out)?;
            continue;
        }
        if index > 0 {
            writeln!(out)?;
        }
        writeln!(out, "{}: {}", style.key(Visible(path.display())), Visible(summary(&reader, size)))?;
        for (number, value) in values.iter().enumerate() {
            if values.len() > 1 {
                write!(out, "{}", style.dim(format_args!("{} of {}: ", number + 1, values.len())))?;
            }
            Tree { out, style, depth: options.depth, items: options.items }.print(value)?;
        }
    }
    Ok(())
}

/// All values of a file: a file of ours may hold several in a row.
pub(crate) fn values(reader: &mut Reader<'_>, path: &Path) -> Result<Vec<Value>, Failure> {
    let mut values = Vec::new();
    while let Some(value) = reader.next()? {
        values.push(value);
    }
    match values.len() {
        0 => Err(Failure::Other(format!("{}: the file is empty", path.display()))),
        _ => Ok(values),
    }
}

fn summary(reader: &Reader<'_>, size: u64) -> String {
    let compressor = reader.compressor().unwrap_or("not compressed");
    format!("{}, {compressor}, {}", reader.format(), bytes(size))
}

/// The document that `--json` prints.
#[derive(Serialize)]
struct Document<'a> {
    path: String,
    format: &'a str,
    compressor: Option<&'a str>,
    bytes: u64,
    values: Vec<Json<'a>>,
}

fn json(
    path: &Path,
    reader: &Reader<'_>,
    size: u64,
    values: &[Value],
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let document = Document {
        path: path.display().to_string(),
        format: reader.format().name(),
        compressor: reader.compressor(),
        bytes: size,
        values: values.iter().map(Json).collect(),
    };
    document::print(&document, out)
}
