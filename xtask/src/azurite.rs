//! Azurite, a server of Azure's protocol, from npm: installed once, and again for another version.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::run::{Result, run, target};

/// The variable by which the tests, and a person who has it already, name the program.
pub(crate) const VARIABLE: &str = "JOBLIB_TEST_AZURITE";
const VERSION: &str = "3.37.0";

/// The server's program, installed first where it is missing.
pub(crate) fn program() -> Result<PathBuf> {
    if let Some(program) = std::env::var_os(VARIABLE) {
        return Ok(program.into());
    }
    let folder = target().join("azurite");
    let program = folder.join("node_modules/.bin/azurite-blob");
    // Written last: an installation that was interrupted has none, and is made again.
    let stamp = folder.join("version.stamp");
    if fs::read_to_string(&stamp).is_ok_and(|made| made == VERSION) && program.exists() {
        return Ok(program);
    }
    fs::create_dir_all(&folder).map_err(|e| format!("cannot make {}: {e}", folder.display()))?;
    let package = format!("azurite@{VERSION}");
    run(Command::new("npm").args(["install", "--silent", "--no-fund", "--no-audit", "--prefix"]).arg(&folder).arg(&package))
        .map_err(|e| {
            format!(
                "{e}\nnpm could not install {package}, a server that the tests of caches in Azure start. They need Node.js \
                 and npm (Debian: apt install npm) and a registry that can be reached, or {VARIABLE}=/path/to/azurite-blob."
            )
        })?;
    fs::write(&stamp, VERSION).map_err(|e| format!("cannot write {}: {e}", stamp.display()))?;
    Ok(program)
}
