//! A crate that a test writes, compiles and edits.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::example::{printed, workspace};

/// A crate with one program, beside the workspace and built with its artifacts.
#[derive(Debug)]
pub struct Project {
    folder: TempDir,
    name: String,
}

impl Project {
    /// A crate called `name` that depends on these crates of the workspace.
    ///
    /// # Panics
    ///
    /// When its files can't be written.
    pub fn new(name: &str, dependencies: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the crate");
        let root = workspace().canonicalize().expect("the workspace exists");
        let of_workspace = fs::read_to_string(root.join("Cargo.toml")).expect("the workspace's manifest");
        // With the same profiles, what is compiled already is used.
        let profiles = of_workspace.find("[profile").map_or("", |start| &of_workspace[start..]);
        let dependencies: Vec<String> = dependencies
            .iter()
            .map(|name| {
                format!("{name} = {{ path = {:?} }}", root.join("crates").join(name).display().to_string())
            })
            .collect();
        let manifest = format!(
            "[workspace]\n\n[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\npublish = false\n\n\
             [dependencies]\n{}\n\n{profiles}",
            dependencies.join("\n")
        );
        fs::write(folder.path().join("Cargo.toml"), manifest).expect("the manifest is written");
        fs::copy(root.join("Cargo.lock"), folder.path().join("Cargo.lock")).expect("the lock file is copied");
        fs::create_dir(folder.path().join("src")).expect("a folder for the source");
        Self { folder, name: name.to_owned() }
    }

    /// Compiles `source` as the program's, and gives the program's path.
    ///
    /// # Panics
    ///
    /// When it does not compile.
    pub fn build(&self, source: &str) -> PathBuf {
        fs::write(self.folder.path().join("src/main.rs"), source).expect("the source is written");
        // This program is <target>/debug/deps/<test>.
        let program = std::env::current_exe().expect("a running program has a path");
        let profile = program.ancestors().nth(2).expect("two folders above it");
        let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
            .args(["build", "--quiet", "--offline"])
            .current_dir(self.folder.path())
            .env("CARGO_TARGET_DIR", profile.parent().expect("a profile is in the target folder"))
            .output()
            .expect("cargo starts");
        assert!(output.status.success(), "the program does not build:\n{}", printed(&output));
        profile.join(&self.name)
    }

    /// Compiles and runs the program, and gives what it printed.
    ///
    /// # Panics
    ///
    /// When it does not compile, or fails.
    pub fn run(&self, source: &str, arguments: &[&str]) -> String {
        let output: Output =
            Command::new(self.build(source)).args(arguments).output().expect("the program starts");
        assert!(output.status.success(), "the program failed:\n{}", printed(&output));
        String::from_utf8(output.stdout).expect("the program prints text")
    }
}
