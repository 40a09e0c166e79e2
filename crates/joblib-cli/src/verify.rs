//! `joblib verify`.

use std::io::Write;

use crate::args::Verify;
use crate::failure::Failure;
use crate::text::Visible;

/// Checks every file, and says so of each; fails when one was damaged.
pub(crate) fn run(options: &Verify, out: &mut dyn Write) -> Result<(), Failure> {
    let mut damaged = 0;
    for path in &options.files {
        match joblib_persist::verify(path) {
            Ok(_) => writeln!(out, "{}: ok", Visible(path.display()))?,
            Err(error) => {
                damaged += 1;
                eprintln!("joblib: {}", Visible(error));
            }
        }
    }
    match damaged {
        0 => Ok(()),
        _ => Err(Failure::Other(format!("{damaged} of {} files can't be read whole", options.files.len()))),
    }
}
