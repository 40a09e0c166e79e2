//! Crates below `crates` that are workspaces of their own, because what they depend on would be built with everything else.

use std::fs;
use std::path::PathBuf;

use crate::run::{Result, root};

/// The folders of all crates, in the order of their names, each with its manifest.
pub(crate) fn crates() -> Result<Vec<(PathBuf, String)>> {
    let folder = root().join("crates");
    let error = |e: std::io::Error| format!("cannot list {}: {e}", folder.display());
    let mut found = Vec::new();
    for entry in fs::read_dir(&folder).map_err(error)? {
        let path = entry.map_err(error)?.path();
        let manifest = fs::read_to_string(path.join("Cargo.toml"))
            .map_err(|e| format!("cannot read the manifest of {}: {e}", path.display()))?;
        found.push((path, manifest));
    }
    found.sort();
    Ok(found)
}

/// Whether a crate with this manifest is no member of the workspace.
pub(crate) fn is_apart(manifest: &str) -> bool {
    manifest.lines().any(|line| line.trim() == "[workspace]")
}

#[cfg(test)]
mod tests {
    use super::{crates, is_apart};

    #[test]
    fn the_crate_of_polars_is_the_one_that_is_apart() {
        let crates = crates().unwrap();
        let apart: Vec<_> = crates.iter().filter(|(_, manifest)| is_apart(manifest)).collect();
        let [(folder, _)] = apart[..] else { panic!("{apart:?}") };
        assert!(folder.ends_with("joblib-polars") && crates.len() > 10);
        assert!(!is_apart("[package]\nversion.workspace = true\n[lints]\nworkspace = true\n"));
    }
}
