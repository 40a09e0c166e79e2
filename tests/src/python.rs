//! The real joblib: the Python of the virtual environments that `cargo xtask test` makes.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Which of the two environments a test wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Release {
    /// joblib, numpy, pandas and scikit-learn of today (`tests/python/requirements.txt`).
    Today,
    /// An older release of each (`tests/python/requirements-old.txt`).
    Old,
}

impl Release {
    /// Both, for tests that hold for either.
    pub const ALL: [Self; 2] = [Self::Today, Self::Old];

    fn variable(self) -> &'static str {
        match self {
            Self::Today => "JOBLIB_TEST_PYTHON",
            Self::Old => "JOBLIB_TEST_PYTHON_OLD",
        }
    }

    fn folder(self) -> &'static str {
        match self {
            Self::Today => "target/venv",
            Self::Old => "target/venv-old",
        }
    }
}

/// The Python of an environment.
///
/// # Panics
///
/// Where there is none: a test that needs Python does not pass without it.
pub fn python(release: Release) -> PathBuf {
    let python = std::env::var_os(release.variable()).map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(release.folder()).join("bin/python3"),
        PathBuf::from,
    );
    assert!(
        python.exists(),
        "no Python at {}: run `cargo xtask test`, which makes the environment, or set {}",
        python.display(),
        release.variable()
    );
    python
}

/// Runs a Python script (its text) with arguments and gives what it printed.
///
/// # Panics
///
/// When the script fails: the message holds the script's own error output.
pub fn run(release: Release, script: &str, args: &[&str]) -> String {
    let out = Command::new(python(release))
        .arg("-c")
        .arg(script)
        .args(args)
        .output()
        .unwrap_or_else(|e| panic!("cannot start Python: {e}"));
    assert!(
        out.status.success(),
        "the Python script ended with {}\n--- script\n{script}\n--- arguments\n{args:?}\n--- its errors\n{}",
        out.status,
        String::from_utf8_lossy(&out.stderr)
    );
    String::from_utf8(out.stdout)
        .unwrap_or_else(|e| panic!("the script printed something that is not UTF-8: {e}"))
}
