//! What a registry and docs.rs want of each crate's manifest.

use std::path::Path;

use crate::apart;
use crate::run::{Result, root};

/// The keys that each published package has, in its own manifest or by `KEY.workspace = true`.
const KEYS: [&str; 10] = [
    "categories",
    "description",
    "documentation",
    "edition",
    "keywords",
    "license",
    "readme",
    "repository",
    "rust-version",
    "version",
];

/// Said once, and not of each crate: until there is an address, no manifest can name it.
const NO_ADDRESS: &str = "no `repository` in [workspace.package] of Cargo.toml: its address is not decided; then each crate \
                          needs `repository.workspace = true`, and one that is a workspace of its own the address";

/// What is missing in the manifests of the published crates.
pub(super) fn faults() -> Result<Vec<String>> {
    let workspace = std::fs::read_to_string(root().join("Cargo.toml"))
        .map_err(|e| format!("cannot read Cargo.toml: {e}"))?;
    let is_decided = section(&workspace, "workspace.package").lines().any(|line| has_key(line, "repository"));
    let mut missing = Vec::new();
    if !is_decided {
        missing.push(NO_ADDRESS.to_owned());
    }
    for (folder, text) in apart::crates()? {
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        let found = check(&text, &folder).into_iter().filter(|what| is_decided || what != "no `repository`");
        missing.extend(found.map(|what| format!("{name}: {what}")));
    }
    Ok(missing)
}

fn check(manifest: &str, folder: &Path) -> Vec<String> {
    let package = section(manifest, "package");
    let has = |key: &str| {
        package.lines().any(|line| has_key(line, key) || line.starts_with(&format!("{key}.workspace")))
    };
    let mut missing: Vec<String> =
        KEYS.iter().filter(|key| !has(key)).map(|key| format!("no `{key}`")).collect();
    if !folder.join("README.md").is_file() {
        missing.push("no README.md".into());
    }
    // A library with features shows the items of all of them.
    let features = section(manifest, "features").lines().any(|line| line.contains(" = "));
    let library = folder.join("src/lib.rs").is_file();
    let shown = section(manifest, "package.metadata.docs.rs").contains("all-features = true");
    if features && library && !shown {
        missing.push("no `all-features = true` for docs.rs".into());
    }
    missing
}

/// Whether a line of a manifest is `key = …`, with or without spaces.
fn has_key(line: &str, key: &str) -> bool {
    line.trim_start().strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with('='))
}

/// The lines of a section of a manifest, `[name]`.
fn section<'m>(manifest: &'m str, name: &str) -> &'m str {
    let Some((_, rest)) = manifest.split_once(&format!("[{name}]\n")) else { return "" };
    rest.find("\n[").map_or(rest, |end| &rest[..end])
}

#[cfg(test)]
mod tests {
    use super::{KEYS, check, section};
    use std::path::Path;

    #[test]
    fn a_key_is_the_packages_own_or_the_workspaces() {
        let keys = KEYS.map(|key| format!("{key}.workspace = true\n")).concat();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/joblib");
        assert!(check(&format!("[package]\n{keys}"), &folder).is_empty());
        let dense = keys.replace("license.workspace = true", "license=\"MIT\"");
        assert!(check(&format!("[package]\n{dense}"), &folder).is_empty());
        let without = keys.replace("license.workspace", "licence.workspace");
        assert_eq!(check(&format!("[package]\n{without}"), &folder), ["no `license`"]);
        let undocumented = format!("[package]\n{keys}[features]\nxz = [\"dep:xz\"]\n");
        assert_eq!(check(&undocumented, &folder), ["no `all-features = true` for docs.rs"]);
    }

    #[test]
    fn a_section_ends_where_the_next_begins() {
        assert_eq!(section("[a]\nx = 1\n[b]\ny = 2\n", "a"), "x = 1");
    }
}
