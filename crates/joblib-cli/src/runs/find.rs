//! The run that a person names.

use std::path::{Path, PathBuf};

use joblib_record::{Follow, RunFile, runs};

use crate::failure::Failure;
use crate::text::Visible;

/// Runs that an error lists.
const LISTED: usize = 5;

/// The record of a run: `last`, `previous`, which is the one before, an id, or the beginning of one.
pub(crate) fn find(folder: &Path, name: &str) -> Result<PathBuf, Failure> {
    let files = list(folder)?;
    if name == "last" {
        return files.last().cloned().ok_or_else(|| none(folder));
    }
    if name == "previous" {
        let previous = files.iter().rev().nth(1).cloned();
        return previous.ok_or_else(|| match files.last() {
            Some(only) => {
                Failure::Other(format!("there is no run before {}, which is the only one", id(only)))
            }
            None => none(folder),
        });
    }
    let named: Vec<&PathBuf> = files.iter().filter(|path| id(path).starts_with(name)).collect();
    let ids = |paths: &[&PathBuf]| {
        let ids = paths.iter().rev().take(LISTED).map(|path| id(path));
        ids.collect::<Vec<_>>().join(", ")
    };
    match named.as_slice() {
        [only] => Ok((*only).clone()),
        [] if files.is_empty() => Err(none(folder)),
        [] => Err(Failure::Other(format!(
            "no run has an id that begins with {name}; the latest of {} are {}",
            files.len(),
            ids(&files.iter().collect::<Vec<_>>())
        ))),
        several => {
            Err(Failure::Other(format!("several runs have an id that begins with {name}: {}", ids(several))))
        }
    }
}

/// The records of the runs that are not over, the oldest first.
pub(crate) fn running(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut files = list(folder)?;
    files.retain(|path| Follow::open(path).is_ok_and(|follow| !follow.is_over()));
    Ok(files)
}

/// The records in a folder, the oldest first.
pub(crate) fn list(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    runs(folder).map_err(|error| Failure::Other(format!("{}: {error}", folder.display())))
}

/// Reads a record, and tells on standard error what of it can't be read.
pub(crate) fn read(path: &Path) -> Result<RunFile, Failure> {
    let run = RunFile::read(path).map_err(|error| Failure::Other(format!("{}: {error}", path.display())))?;
    for problem in &run.problems {
        eprintln!("joblib: {}: {}", Visible(path.display()), Visible(problem));
    }
    Ok(run)
}

/// The id of a run, by its file.
pub(crate) fn id(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

fn none(folder: &Path) -> Failure {
    Failure::Other(format!(
        "{}: there is no record of a run here; a program makes one with `Memory::record(true)` or JOBLIB_RECORD=1, in its \
         cache; `--cache LOCATION` or JOBLIB_CACHE_DIR names another",
        folder.display()
    ))
}
