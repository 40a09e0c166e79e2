//! `joblib inspect`.

use std::io::Write;
use std::path::Path;

use joblib_persist::pickle::Value;
use joblib_persist::{LoadOptions, Reader};
use serde::Serialize;

use crate::args::{Color, Inspect};
use crate::failure::Failure;
use crate::json::Json;
use crate::style::Style;
use crate::tree::{Tree, bytes};

pub(crate) fn run(options: &Inspect, color: Color, out: &mut dyn Write) -> Result<(), Failure> {
    let style = Style::new(color);
    for (index, path) in options.files.iter().enumerate() {
        let mut reader = Reader::open(path, &LoadOptions::new())?;
        let size = std::fs::metadata(path)?.len();
        let value = next(&mut reader, path)?;
        if options.json {
            json(path, &reader, size, &value, out)?;
            continue;
        }
        if index > 0 {
            writeln!(out)?;
        }
        writeln!(out, "{}: {}", style.key(path.display()), summary(&reader, size))?;
        Tree { out, style, depth: options.depth, items: options.items }.print(&value)?;
    }
    Ok(())
}

/// The file's first value.
pub(crate) fn next(reader: &mut Reader<'_>, path: &Path) -> Result<Value, Failure> {
    reader.next()?.ok_or_else(|| Failure::Other(format!("{}: the file is empty", path.display())))
}

fn summary(reader: &Reader<'_>, size: u64) -> String {
    let compressor = reader.compressor().unwrap_or("not compressed");
    format!("{}, {compressor}, {}", reader.format(), bytes(usize::try_from(size).unwrap_or(usize::MAX)))
}

/// The document that `--json` prints.
#[derive(Serialize)]
struct Document<'a> {
    path: String,
    format: &'a str,
    compressor: Option<&'a str>,
    bytes: u64,
    value: Json<'a>,
}

fn json(
    path: &Path,
    reader: &Reader<'_>,
    size: u64,
    value: &Value,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let document = Document {
        path: path.display().to_string(),
        format: reader.format().name(),
        compressor: reader.compressor(),
        bytes: size,
        value: Json(value),
    };
    serde_json::to_writer(&mut *out, &document).map_err(|error| Failure::Output(error.into()))?;
    writeln!(out)?;
    Ok(())
}
