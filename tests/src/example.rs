//! The facade's examples, as programs.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The root of the workspace.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Builds examples, all at once, and gives the folder with their programs.
///
/// # Panics
///
/// When one does not build.
pub fn build(names: &[&str]) -> PathBuf {
    // As `cargo xtask test` builds everything, so that nothing is built twice.
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "--quiet", "--workspace", "--exclude", "joblib-bench", "--all-features"])
        .args(names.iter().flat_map(|name| ["--example", name]))
        .current_dir(workspace())
        .output()
        .expect("cargo starts");
    assert!(
        output.status.success(),
        "the examples {names:?} do not build:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    // This program is <target>/debug/deps/<test>.
    let program = std::env::current_exe().expect("a running program has a path");
    let profile = program.ancestors().nth(2).expect("two folders above it");
    profile.join("examples")
}

/// What a program printed, for messages.
pub fn printed(output: &Output) -> String {
    format!(
        "{}\n--- standard output\n{}\n--- standard error\n{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}
