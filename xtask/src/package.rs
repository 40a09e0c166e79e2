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
    for notes in entries(&built.join("deps"))? {
        if notes.extension().is_some_and(|extension| extension == "d") && is_ours(&notes) {
            let text = std::fs::read_to_string(&notes)
                .map_err(|e| format!("cannot read {}: {e}", notes.display()))?;
            unpacked(&text).map_or(Ok(()), |folder| remove(&folder))?;
        }
    }
    entries(&built.join(".fingerprint"))?
        .iter()
        .filter(|path| is_ours(path))
        .try_for_each(|path| remove(path))
}

/// Whether a file or folder is named after one of our crates.
fn is_ours(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("joblib"))
}

/// The folder of unpacked packages that a crate was built from, by the compiler's notes on the files it read: that of a
/// registry in a folder, which has no host to be named after.
fn unpacked(notes: &str) -> Option<PathBuf> {
    let source = notes.lines().find_map(|line| line.strip_suffix(':'))?.replace("\\ ", " ");
    let is_of_folder = |path: &&Path| {
        path.parent().is_some_and(|sources| sources.ends_with("registry/src"))
            && path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('-'))
    };
    Path::new(&source).ancestors().find(is_of_folder).map(Path::to_owned)
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

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::unpacked;

    #[test]
    fn the_folder_that_a_package_was_unpacked_in_is_known_by_what_the_compiler_read() {
        let notes = |source: &str| format!("/t/deps/joblib_store-1.d: {source}\n\n{source}:\n");
        let of_folder = "/home/a\\ b/registry/src/-56f5/joblib-store-0.1.0/src/lib.rs";
        assert_eq!(unpacked(&notes(of_folder)), Some(PathBuf::from("/home/a b/registry/src/-56f5")));
        // The package that is built itself, and a crate of a registry that all share.
        assert_eq!(unpacked(&notes("src/lib.rs")), None);
        assert_eq!(
            unpacked(&notes("/home/registry/src/index.crates.io-1949/joblib-store-0.1.0/src/lib.rs")),
            None
        );
    }
}
