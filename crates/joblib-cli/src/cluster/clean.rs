//! `joblib cluster clean`.

use std::io::Write;

use joblib_parallel::backend::Dask;

use crate::failure::Failure;
use crate::text;

pub(super) fn run(dask: &Dask, json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    #[derive(serde::Serialize)]
    struct Cleaned {
        programs: usize,
        files: usize,
        bytes: u64,
    }
    let cleaned = dask.clean().map_err(|error| super::failure(&error))?;
    let cleaned = Cleaned { programs: cleaned.programs, files: cleaned.files, bytes: cleaned.bytes };
    if json {
        return crate::document::print(&cleaned, out);
    }
    let programs = text::count(cleaned.programs, "program", "programs");
    let files = text::count(cleaned.files, "file", "files");
    writeln!(out, "removed {programs} not connected to it, and {files} of {}", text::bytes(cleaned.bytes))?;
    Ok(())
}
