//! What is converted: the values of a file of any format that is known.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use joblib_persist::pickle::Value;
use joblib_persist::{LoadOptions, Reader};

use super::parse;
use crate::failure::Failure;
use crate::inspect;

/// What Arrow's files and streams and Parquet's files start with.
const ARROW: &[u8] = b"ARROW1";
const ARROW_STREAM: &[u8] = b"\xff\xff\xff\xff";
const PARQUET: &[u8] = b"PAR1";

/// The values of a file.
pub(super) struct Source {
    pub(super) values: Vec<Value>,
    pub(super) is_native: bool,
}

impl Source {
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let failure =
            |error: std::io::Error| Failure::Other(format!("{}: reading the file: {error}", path.display()));
        let mut file = File::open(path).map_err(failure)?;
        if file.metadata().map_err(failure)?.is_file() {
            let mut first = [0; 16];
            let mut len = 0;
            while len < first.len() {
                match file.read(&mut first[len..]).map_err(failure)? {
                    0 => break,
                    read => len += read,
                }
            }
            let first = &first[..len];
            if !is_table(first) && !is_json(path, first) {
                return Self::of(Reader::open(path, &LoadOptions::new())?, path);
            }
            let bytes = std::fs::read(path).map_err(failure)?;
            return Self::of_bytes(&bytes, path);
        }
        // A pipe is read once.
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(failure)?;
        Self::of_bytes(&bytes, path)
    }

    fn of_bytes(bytes: &[u8], path: &Path) -> Result<Self, Failure> {
        let named = |message: String| Failure::Other(format!("{}: {message}", path.display()));
        if is_table(bytes) {
            let value = read_table(bytes).map_err(named)?;
            return Ok(Self { values: vec![value], is_native: false });
        }
        if is_json(path, bytes) {
            return Ok(Self { values: parse::values(bytes).map_err(named)?, is_native: false });
        }
        Self::of(Reader::new(bytes, &LoadOptions::new())?, path)
    }

    fn of(mut reader: Reader<'_>, path: &Path) -> Result<Self, Failure> {
        let is_native = reader.format() == joblib_persist::Format::Native;
        Ok(Self { values: inspect::values(&mut reader, path)?, is_native })
    }
}

fn is_table(first: &[u8]) -> bool {
    [ARROW, ARROW_STREAM, PARQUET].iter().any(|magic| first.starts_with(magic))
}

/// A name that says so, or a start that no pickle has.
fn is_json(path: &Path, first: &[u8]) -> bool {
    let named = path
        .extension()
        .is_some_and(|extension| ["json", "jsonl", "ndjson"].iter().any(|name| extension == *name));
    named || matches!(first.trim_ascii_start(), [b'{', b'"', ..] | [b'[', b'{' | b'[' | b'"', ..])
}

#[cfg(feature = "arrow")]
fn read_table(bytes: &[u8]) -> Result<Value, String> {
    if bytes.starts_with(PARQUET) {
        super::arrow::read_parquet(bytes)
    } else {
        super::arrow::read_ipc(bytes, bytes.starts_with(ARROW))
    }
}

#[cfg(not(feature = "arrow"))]
fn read_table(bytes: &[u8]) -> Result<Value, String> {
    let what = if bytes.starts_with(PARQUET) { "parquet" } else { "arrow" };
    Err(without_arrow(what).to_string())
}

/// The command is without Arrow.
#[cfg(not(feature = "arrow"))]
pub(super) fn without_arrow(format: &str) -> Failure {
    Failure::Other(format!(
        "this command was built without files of {format}: cargo install joblib-cli --features arrow"
    ))
}
