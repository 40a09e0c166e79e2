//! What a registry and docs.rs want of each crate's manifest.

use std::path::Path;

use crate::apart;
use crate::run::Result;

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

/// What is missing in the manifests of the published crates.
pub(super) fn faults() -> Result<Vec<String>> {
    let mut missing = Vec::new();
    for (folder, text) in apart::crates()? {
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        missing.extend(check(&text, &folder).into_iter().map(|what| format!("{name}: {what}")));
    }
    Ok(missing)
}

fn check(manifest: &str, folder: &Path) -> Vec<String> {
    let package = section(manifest, "package");
    let has = |key: &str| {
        package.lines().any(|line| {
            line.strip_prefix(key)
                .is_some_and(|rest| rest.starts_with(" =") || rest.starts_with(".workspace"))
        })
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
