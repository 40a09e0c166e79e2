//! The version that all crates share, and the Rust version that they need.

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
    Ok(missing)
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
    use super::{current, rust_faults, value};

    #[test]
    fn the_workspaces_version_and_the_rust_version_that_the_documents_name_are_found() {
        assert!(crate::semver::version(&current().unwrap()).is_some());
        assert!(value("rust-version").unwrap().starts_with("1."));
        assert_eq!(rust_faults().unwrap(), Vec::<String>::new());
    }
}
