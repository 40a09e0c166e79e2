//! The version that all crates share, and the Rust version that they need.

use crate::apart;
use crate::run::{Result, root};
use crate::semver;

/// Who names the minimum Rust version beside the manifest.
const DOCUMENTS: [&str; 2] = ["README.md", "CONTRIBUTING.md"];

/// The version of the workspace.
pub(super) fn current() -> Result<String> {
    value("version")
}

/// What is wrong with the version: it is not above the last release, or the crates name another one of each other.
pub(super) fn faults(version: &str) -> Result<Vec<String>> {
    let mut missing = Vec::new();
    if let Some(tag) = semver::last_release()?
        && semver::version(version) <= semver::version(tag.trim_start_matches('v'))
    {
        missing.push(format!("version {version} is not above the last release, {tag}"));
    }
    let manifest = read("Cargo.toml")?;
    let own = manifest.lines().filter(|line| line.starts_with("joblib") && line.contains("path = \"crates/"));
    let other = own.filter(|line| !line.contains(&format!("version = \"{version}\"")));
    missing.extend(other.map(|line| format!("another version than {version}: {line}")));
    for (folder, manifest) in apart::crates()?.iter().filter(|(_, manifest)| apart::is_apart(manifest)) {
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        let other = others(manifest, version);
        missing.extend(other.map(|line| format!("{name}: another version than {version}: {line}")));
    }
    Ok(missing)
}

/// The lines of a manifest that name another version: its own, and of each crate of this repository that it uses.
fn others<'m>(manifest: &'m str, version: &str) -> impl Iterator<Item = &'m str> + use<'m> {
    let right = format!("version = \"{version}\"");
    let named = |line: &&str| line.starts_with("version = ") || line.starts_with("joblib");
    manifest.lines().filter(named).filter(move |line| !line.contains(&right))
}

/// The documents that don't name the minimum Rust version of the manifest.
pub(super) fn rust_faults() -> Result<Vec<String>> {
    let minimum = value("rust-version")?;
    let mut missing = Vec::new();
    for document in DOCUMENTS {
        if !read(document)?.contains(&format!("Rust {minimum}")) {
            missing.push(format!("{document} does not name Rust {minimum}"));
        }
    }
    Ok(missing)
}

/// The value of a key that stands once in the workspace's manifest.
fn value(key: &str) -> Result<String> {
    let manifest = read("Cargo.toml")?;
    let (_, rest) =
        manifest.split_once(&format!("\n{key} = \"")).ok_or_else(|| format!("Cargo.toml names no {key}"))?;
    Ok(rest.split('"').next().unwrap_or_default().to_owned())
}

fn read(file: &str) -> Result<String> {
    std::fs::read_to_string(root().join(file)).map_err(|e| format!("cannot read {file}: {e}"))
}

#[cfg(test)]
mod tests {
    use super::{current, others, rust_faults, value};

    #[test]
    fn the_workspaces_version_and_the_rust_version_that_the_documents_name_are_found() {
        assert!(crate::semver::version(&current().unwrap()).is_some());
        assert!(value("rust-version").unwrap().starts_with("1."));
        assert_eq!(rust_faults().unwrap(), Vec::<String>::new());
    }
    #[test]
    fn a_manifest_that_is_apart_names_the_version_for_itself_and_for_what_it_uses() {
        let manifest = "[package]\nversion = \"0.1.0\"\n[dependencies]\nserde = \"1.0\"\n\
                        joblib-arrow = { path = \"../joblib-arrow\", version = \"0.2.0\" }\n";
        assert_eq!(others(manifest, "0.1.0").count(), 1);
        assert!(others(manifest, "0.2.0").eq(["version = \"0.1.0\""]));
    }
}
