//! What lies in a folder.

use std::fs;
use std::path::{Path, PathBuf};

/// All files of a folder and of the folders in it; none, if it is not there.
///
/// # Panics
///
/// If a folder can't be listed.
pub fn below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let Ok(entries) = fs::read_dir(folder) else { return found };
    for entry in entries.map(|entry| entry.expect("an entry")) {
        if entry.file_type().expect("its type").is_dir() {
            found.extend(below(&entry.path()));
        } else {
            found.push(entry.path());
        }
    }
    found
}

/// The files below a folder that hold results of a cache.
pub fn results(folder: &Path) -> Vec<PathBuf> {
    let mut found = below(folder);
    found.retain(|path| path.extension().is_some_and(|extension| extension == "joblib"));
    found
}
