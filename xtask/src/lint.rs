//! `cargo xtask lint`: the format, and clippy with warnings denied.

use crate::run::{Result, cargo, run};

/// Checks the format, then every target of every crate with every feature.
pub(crate) fn execute() -> Result {
    run(&mut cargo("fmt --all --check"))?;
    run(&mut cargo("clippy --workspace --all-targets --all-features -- -D warnings"))
}
