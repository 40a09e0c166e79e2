//! `cargo xtask package`: each crate packages, and builds from its package as a user would get it.

use crate::run::{Result, cargo, run, target};

/// Packages every publishable crate in the order of publishing, and builds each from its package.
pub(crate) fn execute() -> Result {
    // Cargo orders the packages by their dependencies and lets those that the index does not know yet stand in for it.
    let published = "--workspace --exclude xtask --exclude joblib-bench --exclude joblib-tests";
    // One target folder: dependencies are built once, not once per package.
    run(cargo(&format!("package --quiet {published}"))
        .env("CARGO_TARGET_DIR", target().join("package-build")))
}
