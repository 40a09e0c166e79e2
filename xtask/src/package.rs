//! `cargo xtask package`: each crate packages, and builds from its package as a user would get it.

use std::path::{Path, PathBuf};

use crate::run::{Result, cargo, run, target};

/// Packages every publishable crate in the order of publishing, and builds each from its package.
pub(crate) fn execute() -> Result {
    // Cargo orders the packages by their dependencies and lets those that the index does not know yet stand in for it.
    let published = "--workspace --exclude xtask --exclude joblib-bench --exclude joblib-tests";
    // One target folder: dependencies are built once, not once per package.
    let folder = target().join("package-build");
    forget_ours(&folder.join("debug"))?;
    run(cargo(&format!("package --quiet {published}")).env("CARGO_TARGET_DIR", folder))
}

/// Takes away what an earlier run built of our own crates, and what it was built from.
///
/// Cargo puts the packages into a registry of its own, and nothing in a registry changes without a new version: the sources
/// that it unpacked from an earlier package, and what it built of them, count as those of the new one.
fn forget_ours(built: &Path) -> Result {
    for unpacked in entries(&cargo_home()?.join("registry/src"))? {
        if is_of_folder(&unpacked) && entries(&unpacked)?.iter().any(|path| is_ours(path)) {
            remove(&unpacked)?;
        }
    }
    entries(&built.join(".fingerprint"))?
        .iter()
        .filter(|path| is_ours(path))
        .try_for_each(|path| remove(path))
}

/// Where Cargo keeps what it unpacked, also from other checkouts that stood in this one's place.
fn cargo_home() -> Result<PathBuf> {
    std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(std::env::home_dir()?.join(".cargo")))
        .ok_or_else(|| "there is no home folder: set CARGO_HOME".into())
}

/// Whether what is unpacked here comes from a registry in a folder, which has no host to be named after.
fn is_of_folder(unpacked: &Path) -> bool {
    unpacked.file_name().is_some_and(|name| name.to_string_lossy().starts_with('-'))
}

/// Whether a file or folder is named after one of our crates.
fn is_ours(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("joblib"))
}

/// What stands in a folder: nothing, if it is not there.
fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    std::fs::read_dir(folder)
        .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect())
        .map_err(|e| format!("cannot list {}: {e}", folder.display()))
}

/// Removes a folder that may be gone already.
fn remove(folder: &Path) -> Result {
    if !folder.is_dir() {
        return Ok(());
    }
    std::fs::remove_dir_all(folder).map_err(|e| format!("cannot remove {}: {e}", folder.display()))
}
