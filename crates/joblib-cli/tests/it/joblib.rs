//! The command on a cache in a folder of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// The command with these arguments, without a terminal.
pub(crate) fn joblib(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_joblib"));
    command.args(args).stdin(Stdio::null());
    command
}

/// A folder with a cache, and the subcommand that looks into it.
pub(crate) struct Place {
    folder: tempfile::TempDir,
    subcommand: &'static str,
}

impl Place {
    /// An empty folder, for `joblib cache`, `joblib runs` or `joblib report`.
    pub(crate) fn new(subcommand: &'static str) -> Self {
        Self { folder: tempfile::tempdir().expect("a folder"), subcommand }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The folder with the records of runs.
    pub(crate) fn records(&self) -> PathBuf {
        self.path().join("joblib-runs")
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = joblib(&[self.subcommand]);
        command.args(args).arg("--cache").arg(self.path());
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("the command starts")
    }

    /// What the command prints, which has to succeed.
    pub(crate) fn text(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(output.status.success(), "{args:?}: {output:?}");
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    pub(crate) fn json(&self, args: &[&str]) -> Value {
        serde_json::from_str(&self.text(&[args, &["--json"]].concat())).expect("JSON")
    }

    /// The status and the message of a command that fails.
    pub(crate) fn failure(&self, args: &[&str]) -> (Option<i32>, String) {
        let output = self.run(args);
        assert!(!output.status.success(), "{args:?}: {output:?}");
        (output.status.code(), String::from_utf8(output.stderr).expect("UTF-8"))
    }
}
