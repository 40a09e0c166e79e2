//! The folder of the records: the names of the files, and its limits.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::program::date;

/// The name of the folder of records, in the location of a cache.
pub const FOLDER: &str = "joblib-runs";
/// What a record's name ends with.
pub(crate) const SUFFIX: &str = "run";
/// Records that are kept, and bytes of them all.
const MOST_RUNS: usize = 100;
const MOST_BYTES: u64 = 100_000_000;

/// Makes the folder and a file for a run that begins at `start`; returns its path and id.
pub(crate) fn create(folder: &Path, start: u64) -> io::Result<(File, PathBuf, String)> {
    fs::create_dir_all(folder)?;
    // Best effort: a mark that can't be written is no reason to go without records.
    if let Ok(mut mark) = OpenOptions::new().write(true).create_new(true).open(folder.join(".gitignore")) {
        let _ = mark.write_all(b"*\n");
    }
    let mut named = start;
    loop {
        let id = id(named);
        let path = folder.join(&id).with_extension(SUFFIX);
        let file = OpenOptions::new()
            .append(true)
            .read(true)
            .create_new(true)
            .custom_flags(libc::O_CLOEXEC | libc::O_NOFOLLOW)
            .open(&path);
        match file {
            Ok(file) => return Ok((file, path, id)),
            // A run that began at the same moment; the next name is that of a moment later.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => named += 16,
            Err(error) => return Err(error),
        }
    }
}

/// The id of a run that begins at `start`: ids sort as the runs began.
fn id(start: u64) -> String {
    format!("{}-{:04x}", date(start), (start % 1_000_000) * 0x1_0000 / 1_000_000)
}

/// The records in a folder, the oldest first. A folder that is not there has none.
///
/// # Errors
///
/// Returns an error if the folder can't be read.
pub fn runs(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let list = match fs::read_dir(folder) {
        Ok(list) => list,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let is_run = |path: &PathBuf| {
        path.extension().is_some_and(|extension| extension == SUFFIX)
            && fs::symlink_metadata(path).is_ok_and(|found| found.is_file())
    };
    let mut runs: Vec<PathBuf> = list.flatten().map(|entry| entry.path()).filter(is_run).collect();
    runs.sort();
    Ok(runs)
}

/// Removes the oldest records that are beyond the limits, to make room for another one.
pub(crate) fn make_room(folder: &Path) {
    remove_oldest(folder, MOST_RUNS - 1);
}

/// Removes the oldest records that are beyond the limits.
pub(crate) fn keep_within_limits(folder: &Path) {
    remove_oldest(folder, MOST_RUNS);
}

/// Those of programs that still run stay.
fn remove_oldest(folder: &Path, most_runs: usize) {
    let Ok(runs) = runs(folder) else { return };
    let sizes: Vec<u64> =
        runs.iter().map(|path| fs::symlink_metadata(path).map_or(0, |found| found.len())).collect();
    let (mut count, mut bytes) = (runs.len(), sizes.iter().sum::<u64>());
    for (path, size) in runs.iter().zip(sizes) {
        if count <= most_runs && bytes <= MOST_BYTES {
            break;
        }
        // What can't be removed is tried again by the next run.
        if is_over(path) && fs::remove_file(path).is_ok() {
            count -= 1;
            bytes -= size;
        }
    }
}

/// Holds the lock that says that a process of the run is alive, for as long as the file is open. Where locks don't work,
/// whether the run is over is not known.
pub(crate) fn say_alive(file: &File) {
    // A reader that looks whether the run is over has it to itself for a moment, and may be stopped then.
    for _ in 0..20 {
        match file.try_lock_shared() {
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(1)),
            Ok(()) | Err(TryLockError::Error(_)) => return,
        }
    }
}

/// Whether no process of a run is alive, as far as locks tell.
pub(crate) fn is_over(path: &Path) -> bool {
    let file = OpenOptions::new().read(true).custom_flags(libc::O_CLOEXEC | libc::O_NOFOLLOW).open(path);
    file.is_ok_and(|file| file.try_lock().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_records_make_room_unless_their_programs_run() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join(FOLDER);
        let made: Vec<_> = (0..120).map(|second| create(&folder, second * 1_000_000).unwrap()).collect();
        made[0].0.try_lock_shared().unwrap();
        make_room(&folder);
        let left = runs(&folder).unwrap();
        assert_eq!(left.len(), MOST_RUNS - 1);
        assert_eq!((&left[0], &left[1]), (&made[0].1, &made[22].1), "the first still runs");
        left[1..3]
            .iter()
            .for_each(|path| File::options().write(true).open(path).unwrap().set_len(60_000_000).unwrap());
        make_room(&folder);
        assert_eq!(runs(&folder).unwrap().len(), MOST_RUNS - 2, "one of the two large ones is enough");
    }

    #[test]
    fn names_are_in_the_order_of_time_and_differ_for_runs_of_one_moment() {
        let folder = tempfile::tempdir().unwrap();
        let names: Vec<_> = (0..50).map(|_| create(folder.path(), 999_900).unwrap().2).collect();
        assert!(names.is_sorted_by(|one, next| one < next), "{names:?}");
        assert_eq!((names[0].as_str(), names[49].as_str()), ("19700101-000000-fff9", "19700101-000001-002c"));
    }
}
