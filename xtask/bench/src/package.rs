//! Packages that are written to be compiled, and how long that takes.

use std::fs;
use std::path::Path;
use std::time::Instant;

use crate::Result;

/// A package that depends on this workspace's `joblib`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manifest<'a> {
    /// What else stands in the table of the dependency: `, default-features = false`.
    pub(crate) joblib: &'a str,
    /// Lines of further dependencies.
    pub(crate) others: &'a str,
}

/// Writes the manifest of a package in `folder`, which is made with its `src`.
pub(crate) fn write_manifest(folder: &Path, manifest: &Manifest<'_>) -> Result<()> {
    fs::create_dir_all(folder.join("src"))?;
    let joblib = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crates/joblib");
    let name = folder.file_name().unwrap_or_default().display();
    let text = format!(
        "[workspace]\n[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[dependencies]\n\
         joblib = {{ path = \"{}\"{} }}\n{}",
        joblib.canonicalize()?.display(),
        manifest.joblib,
        manifest.others
    );
    fs::write(folder.join("Cargo.toml"), text)?;
    // The versions that this workspace is built with, which are at hand.
    fs::copy(joblib.join("../../Cargo.lock"), folder.join("Cargo.lock"))?;
    Ok(())
}

/// The milliseconds of a command of cargo, such as `["check"]`, after an edit of the package's `src/main.rs`. The compiler
/// starts from nothing for the package, and finds compiled what it depends on.
pub(crate) fn after_edit(folder: &Path, command: &[&str]) -> Result<f64> {
    let root = folder.join("src/main.rs");
    let text = fs::read_to_string(&root)?;
    fs::write(&root, text)?;
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/expand");
    let start = Instant::now();
    let output = joblib_tests::cargo::command()
        .args(command)
        .args(["--quiet", "--offline", "--target-dir"])
        .arg(target)
        .env("CARGO_INCREMENTAL", "0")
        .current_dir(folder)
        .output()?;
    let elapsed = start.elapsed().as_secs_f64() * 1e3;
    if !output.status.success() {
        return Err(format!("a package does not compile: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(elapsed)
}
