//! `joblib verify`.

use std::io::Write;
use std::path::Path;

use joblib_persist::pickle::Value;
use joblib_persist::{Format, LoadOptions, Reader};

use crate::args::Verify;
use crate::failure::Failure;

/// Checks every file, and says so of each; fails when one was damaged.
pub(crate) fn run(options: &Verify, out: &mut dyn Write) -> Result<(), Failure> {
    let mut damaged = 0;
    for path in &options.files {
        match check(path) {
            Ok(()) => writeln!(out, "{}: ok", path.display())?,
            Err(error) => {
                damaged += 1;
                eprintln!("joblib: {error}");
            }
        }
    }
    match damaged {
        0 => Ok(()),
        _ => Err(Failure::Other(format!("{damaged} of {} files can't be read whole", options.files.len()))),
    }
}

/// Holds a file of ours against its checksums. A Python file has none (unless its compressor does), so it is read whole.
fn check(path: &Path) -> joblib_persist::Result<()> {
    let mut reader = Reader::open(path, &LoadOptions::new())?;
    match reader.format() {
        Format::Python => reader.next::<Value>().map(drop),
        _ => joblib_persist::verify(path).map(drop),
    }
}
