//! Where a converted file goes: into a file that appears when it is complete, or to the standard output.

use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::path::Path;

use crate::failure::Failure;

pub(super) struct Output<'p> {
    path: &'p Path,
}

impl<'p> Output<'p> {
    pub(super) fn new(path: &'p Path) -> Self {
        Self { path }
    }

    pub(super) fn put(&self, bytes: &[u8], out: &mut dyn Write) -> Result<(), Failure> {
        if self.path.as_os_str() == "-" {
            return Ok(out.write_all(bytes)?);
        }
        // A pipe or a device is written to as it is.
        if fs::metadata(self.path).is_ok_and(|metadata| !metadata.is_file()) {
            return fs::write(self.path, bytes).map_err(|error| self.failure(&error));
        }
        let mut name = OsString::from(".");
        name.push(self.path.file_name().unwrap_or_default());
        name.push(format!(".{}.tmp", std::process::id()));
        let beside = self.path.with_file_name(name);
        let written = fs::write(&beside, bytes).and_then(|()| fs::rename(&beside, self.path));
        written.map_err(|error| {
            let _ = fs::remove_file(&beside);
            self.failure(&error)
        })
    }

    fn failure(&self, error: &std::io::Error) -> Failure {
        Failure::Other(format!("{}: writing the file: {error}", self.path.display()))
    }
}

/// The compressor that an extension names.
pub(super) fn compressor(path: &Path) -> Option<&'static str> {
    Some(match path.extension()?.to_str()? {
        "z" => "zlib",
        "gz" => "gzip",
        "bz2" => "bz2",
        "xz" => "xz",
        "lzma" => "lzma",
        "lz4" => "lz4",
        "zst" => "zstd",
        _ => return None,
    })
}
