//! `cargo xtask package`: each crate packages, and compiles from its package as a user would get it.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::apart;
use crate::run::{Result, cargo, root, run, target};

/// The packages that are not published.
pub(crate) const UNPUBLISHED: &str = "--exclude xtask --exclude joblib-bench --exclude joblib-tests";

/// Packages every publishable crate of the workspace, unpacks the packages side by side and compiles them from there.
///
/// Cargo would build each package by itself, with all its dependencies anew. In one workspace they are compiled once, with
/// this workspace's versions and profiles, and so mostly are there already.
pub(crate) fn execute() -> Result {
    run(&mut cargo(&format!("package --quiet --no-verify --workspace {UNPUBLISHED}")))?;
    let folder = target().join("package/check");
    let packages = unpack(&folder)?;
    write_manifest(&folder, &packages)?;
    copy(&root().join("Cargo.lock"), &folder.join("Cargo.lock"))?;
    let check =
        |arguments: &str| run(cargo(arguments).current_dir(&folder).env("CARGO_TARGET_DIR", target()));
    // As most users get them, and as little of them as can be had.
    check("check --quiet --workspace")?;
    check("check --quiet --package joblib --no-default-features")
}

/// Unpacks the packages of this workspace's version, and gives the name of each with its folder.
fn unpack(folder: &Path) -> Result<Vec<(String, PathBuf)>> {
    // What earlier packages left there is no part of these.
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(|e| format!("cannot remove {}: {e}", folder.display()))?;
    }
    fs::create_dir_all(folder).map_err(|e| format!("cannot make {}: {e}", folder.display()))?;
    let mut packages = Vec::new();
    for (source, _) in apart::crates()?.into_iter().filter(|(_, manifest)| !apart::is_apart(manifest)) {
        let name = source.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let package = format!("{name}-{}", version()?);
        let archive = target().join("package").join(format!("{package}.crate"));
        // With the times of now: those in the archive are always the same, and cargo would check what it checked before.
        run(Command::new("tar").arg("-xzmf").arg(&archive).arg("-C").arg(folder))?;
        packages.push((name, folder.join(package)));
    }
    Ok(packages)
}

/// The version that all crates share.
fn version() -> Result<String> {
    let manifest = manifest()?;
    let (_, rest) = manifest.split_once("\nversion = \"").ok_or("Cargo.toml names no version")?;
    Ok(rest.split('"').next().unwrap_or_default().to_owned())
}

fn manifest() -> Result<String> {
    fs::read_to_string(root().join("Cargo.toml")).map_err(|e| format!("cannot read Cargo.toml: {e}"))
}

/// Writes the manifest of a workspace of the packages, in which each stands for the published one of its name.
fn write_manifest(folder: &Path, packages: &[(String, PathBuf)]) -> Result {
    let mut text =
        String::from("[workspace]\nresolver = \"3\"\nmembers = [\"joblib*\"]\n\n[patch.crates-io]\n");
    for (name, path) in packages {
        // Writing to a string can't fail.
        let _ = writeln!(text, "{name} = {{ path = {:?} }}", path.display().to_string());
    }
    let manifest = manifest()?;
    let profiles = manifest.find("[profile").map_or("", |start| &manifest[start..]);
    let _ = write!(text, "\n{profiles}");
    let path = folder.join("Cargo.toml");
    fs::write(&path, text).map_err(|e| format!("cannot write {}: {e}", path.display()))
}

fn copy(from: &Path, to: &Path) -> Result {
    fs::copy(from, to).map(drop).map_err(|e| format!("cannot copy {}: {e}", from.display()))
}
