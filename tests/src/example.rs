//! The facade's examples, as programs.

use std::path::{Path, PathBuf};
use std::process::Output;

use crate::cargo;
use crate::python::{self, Release};

/// The variable by which `cargo xtask test` names the folder with the examples that it built.
const FOLDER: &str = "JOBLIB_TEST_EXAMPLES";

/// The variable by which `cargo xtask test` names the packages and features that it builds, so that they are not built
/// again with others.
pub(crate) const SELECTION: &str = "JOBLIB_TEST_SELECTION";

/// The root of the workspace.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The folder of the running program's profile, such as `target/debug`.
///
/// # Panics
///
/// If the system does not tell where the running program is.
pub fn profile_folder() -> PathBuf {
    // The program is <target>/<profile>/deps/<test>.
    let program = std::env::current_exe().expect("a running program has a path");
    program.ancestors().nth(2).expect("two folders above it").to_owned()
}

/// The arguments by which cargo builds in the profile of the running program.
pub fn profile_arguments() -> [String; 2] {
    let folder = profile_folder();
    let name = folder.file_name().map_or_else(|| "debug".into(), |name| name.to_string_lossy());
    // The folder of the profile `dev` has another name.
    ["--profile".to_owned(), if name == "debug" { "dev".to_owned() } else { name.into_owned() }]
}

/// The program of an example: one that `cargo xtask test` built, or, without it, one that is built now.
///
/// # Panics
///
/// When it does not build.
pub fn program(name: &str) -> PathBuf {
    if let Some(folder) = std::env::var_os(FOLDER) {
        return PathBuf::from(folder).join(name);
    }
    let output = cargo::command()
        .args(["build", "--quiet", "--package", "joblib", "--all-features", "--example", name])
        .args(profile_arguments())
        .current_dir(workspace())
        .output()
        .expect("cargo starts");
    assert!(output.status.success(), "the example {name} does not build: {}", printed(&output));
    profile_folder().join("examples").join(name)
}

/// The command `joblib`: as `cargo xtask test` built it for the tests of the command, or, without it, built now.
///
/// # Panics
///
/// When it does not build.
pub fn command() -> PathBuf {
    if let Some(folder) = std::env::var_os(FOLDER) {
        return PathBuf::from(folder).with_file_name("joblib");
    }
    let selection = std::env::var(SELECTION);
    let selection = selection.as_deref().unwrap_or("--package joblib-cli");
    let output = cargo::command()
        .args(["build", "--quiet", "--bin", "joblib"])
        .args(selection.split_whitespace())
        .args(profile_arguments())
        .current_dir(workspace())
        .output()
        .expect("cargo starts");
    assert!(output.status.success(), "the command does not build: {}", printed(&output));
    profile_folder().join("joblib")
}

/// The folder of the tables that the study of the flights reads.
pub fn flights_data() -> PathBuf {
    workspace().join("crates/joblib/examples/flights/data")
}

/// A table of every tenth flight, in this folder: for tests that ask what the study does, and not what it finds out.
///
/// # Panics
///
/// When it can't be written.
pub fn few_flights(folder: &Path) -> PathBuf {
    let few = folder.join("few-flights.csv.xz");
    let script = "
import lzma, sys
with lzma.open(sys.argv[1]) as flights:
    header, *lines = flights
with lzma.open(sys.argv[2], 'wb', preset=0) as few:
    few.writelines([header] + lines[::10])
";
    let [from, to] =
        [flights_data().join("flights.csv.xz"), few.clone()].map(|path| path.display().to_string());
    python::run(Release::Today, script, &[&from, &to]);
    few
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
