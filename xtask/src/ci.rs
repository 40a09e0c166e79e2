//! `cargo xtask ci`: what must be green before a change lands. The list of steps stands in `.ci/run` alone.

use std::process::Command;

use crate::run::{Result, root, run};

/// Runs every check; the first red step ends it.
pub(crate) fn execute() -> Result {
    run(Command::new("bash").current_dir(root()).arg(".ci/run"))
}
