//! A program that a test writes, compiles and edits.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

use crate::cargo;
use crate::example::{SELECTION, printed, profile_arguments, workspace};

/// A program in a folder of its own, compiled against the crates that the running test is linked with.
#[derive(Debug)]
pub struct Project {
    folder: TempDir,
    name: String,
    /// What the compiler is told of the crates.
    arguments: Vec<String>,
}

impl Project {
    /// A program called `name` that uses these crates. `test` is the running test's target: the crates are those that
    /// it is built with.
    ///
    /// # Panics
    ///
    /// When the crates can't be found.
    pub fn new(name: &str, test: &str, crates: &[&str]) -> Self {
        let selection = std::env::var(SELECTION);
        let selection = selection.as_deref().unwrap_or("--package joblib-tests");
        let output = cargo::command()
            .args(["test", "--no-run", "--quiet", "--message-format", "json", "--test", test])
            .args(selection.split_whitespace())
            .args(profile_arguments())
            .current_dir(workspace())
            .output()
            .expect("cargo starts");
        assert!(output.status.success(), "cargo can't name its artifacts: {}", printed(&output));
        let messages: Vec<Value> = output
            .stdout
            .split(|&byte| byte == b'\n')
            .filter_map(|line| serde_json::from_slice(line).ok())
            .collect();
        let mut arguments = Vec::new();
        for name in crates {
            let library = library(&messages, name).unwrap_or_else(|| panic!("cargo names no library {name}"));
            let folder = library.parent().expect("it is in a folder").display();
            arguments.extend(["--extern".to_owned(), format!("{name}={}", library.display())]);
            arguments.extend(["-L".to_owned(), format!("dependency={folder}")]);
        }
        Self {
            folder: tempfile::tempdir().expect("a folder for the program"),
            name: name.to_owned(),
            arguments,
        }
    }

    /// Compiles `source` as the program's, and gives the program's path.
    ///
    /// # Panics
    ///
    /// When it does not compile.
    pub fn build(&self, source: &str) -> PathBuf {
        self.write("main.rs", source);
        self.compile("main.rs", &[], &[])
    }

    /// Compiles `source` as a library called `name`, which uses the crates that the program uses, and which the program and
    /// later libraries can use.
    ///
    /// # Panics
    ///
    /// When it does not compile.
    pub fn add_library(&mut self, name: &str, source: &str) {
        let root = format!("{name}.rs");
        self.write(&root, source);
        let library = self.folder.path().join(format!("lib{name}.rlib"));
        self.rustc(name, &library, &root, &["--crate-type", "rlib"], &[]);
        self.arguments.extend(["--extern".to_owned(), format!("{name}={}", library.display())]);
    }

    /// Compiles `source` as a shared library in the program's folder, for programs that are linked with it by C's rules.
    ///
    /// # Panics
    ///
    /// When it does not compile.
    pub fn add_shared_library(&self, name: &str, source: &str) {
        let root = format!("{name}.rs");
        self.write(&root, source);
        let file = format!("{}{name}{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
        self.rustc(name, &self.folder.path().join(file), &root, &["--crate-type", "cdylib"], &[]);
    }

    /// The folder that the program's files are in.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file of the program.
    ///
    /// # Panics
    ///
    /// When it can't be written.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().expect("it is in the folder")).expect("a folder for the file");
        fs::write(path, text).expect("the file is written");
    }

    /// Compiles the program from its root file, with these arguments and environment variables beside those that cargo gives,
    /// and gives its path.
    ///
    /// # Panics
    ///
    /// When it does not compile.
    pub fn compile(&self, root: &str, arguments: &[&str], variables: &[(&str, &str)]) -> PathBuf {
        let program = self.folder.path().join(&self.name);
        self.rustc(&self.name, &program, root, arguments, variables);
        program
    }

    /// The errors of `source`, as `cargo check` finds them.
    ///
    /// # Panics
    ///
    /// When the compiler does not start.
    pub fn errors(&self, source: &str) -> Vec<CompileError> {
        self.write("main.rs", source);
        self.messages("main.rs").iter().filter_map(CompileError::parse).collect()
    }

    /// What the compiler warns of in a program with this root file.
    ///
    /// # Panics
    ///
    /// When the compiler does not start, or finds an error.
    pub fn warnings(&self, root: &str) -> Vec<String> {
        let messages = self.messages(root);
        assert!(messages.iter().all(|message| message["level"] != "error"), "{messages:?}");
        let warnings = messages.iter().filter(|message| message["level"] == "warning");
        warnings.map(|message| message["message"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// What the compiler reports of a program with this root file.
    fn messages(&self, root: &str) -> Vec<Value> {
        let arguments = ["--emit", "metadata", "--error-format", "json"];
        let output = self.start_rustc(&self.name, &self.folder.path().join("checked"), root, &arguments, &[]);
        let lines = output.stderr.split(|&byte| byte == b'\n');
        lines.filter_map(|line| serde_json::from_slice(line).ok()).collect()
    }

    /// What the compiler prints of a program with this root file, which it refuses to build.
    ///
    /// # Panics
    ///
    /// When the compiler does not start, or builds it.
    pub fn refused(&self, root: &str) -> String {
        let output = self.start_rustc(&self.name, &self.folder.path().join("refused"), root, &[], &[]);
        assert!(!output.status.success(), "the program builds");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    fn rustc(&self, name: &str, to: &Path, root: &str, arguments: &[&str], variables: &[(&str, &str)]) {
        let output = self.start_rustc(name, to, root, arguments, variables);
        assert!(output.status.success(), "the program does not build:\n{}", printed(&output));
        let noted = String::from_utf8_lossy(&output.stderr);
        assert!(!noted.contains("joblib: "), "the sources are not seen:\n{noted}");
    }

    fn start_rustc(
        &self,
        name: &str,
        to: &Path,
        root: &str,
        arguments: &[&str],
        variables: &[(&str, &str)],
    ) -> Output {
        Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
            .args(["--edition", "2024", "--crate-name", name, "-o"])
            .arg(to)
            .args(&self.arguments)
            .args(arguments)
            .arg(root)
            .env("CARGO_MANIFEST_DIR", self.folder.path())
            .env("CARGO_PKG_NAME", name)
            .env("CARGO_CRATE_NAME", name)
            .envs(variables.iter().copied())
            .current_dir(self.folder.path())
            .output()
            .expect("the compiler starts")
    }

    /// Builds the package in a folder of the program's folder with cargo, with these arguments and environment variables, and
    /// gives the path of its program, which is called as the package.
    ///
    /// # Panics
    ///
    /// When it does not build.
    pub fn cargo_build(&self, package: &str, arguments: &[&str], variables: &[(&str, &str)]) -> PathBuf {
        let folder = self.folder.path().join(package);
        let target = self.folder.path().join("target").join(package);
        let output = cargo::command()
            .args(["build", "--quiet", "--offline", "--target-dir"])
            .arg(&target)
            .args(arguments)
            .env("CARGO_ENCODED_RUSTFLAGS", self.arguments.join("\x1f"))
            .envs(variables.iter().copied())
            .current_dir(folder)
            .output()
            .expect("cargo starts");
        assert!(output.status.success(), "the package does not build:\n{}", printed(&output));
        let profile = if arguments.contains(&"--release") { "release" } else { "debug" };
        target.join(profile).join(&self.name)
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

/// An error that the compiler reports.
#[derive(Debug)]
pub struct CompileError {
    /// What it says, with its notes and hints.
    pub text: String,
    /// The line of the program that it points at, from 1; 0 if it points at none.
    pub line: usize,
}

impl CompileError {
    fn parse(message: &Value) -> Option<Self> {
        let text = |message: &Value| message["message"].as_str().unwrap_or_default().to_owned();
        // The last one says how many there were.
        if message["level"] != "error"
            || message["spans"].as_array()?.is_empty() && text(message).starts_with("aborting")
        {
            return None;
        }
        let spans = message["spans"].as_array()?;
        let labels = spans.iter().filter_map(|span| span["label"].as_str().map(ToOwned::to_owned));
        let children = message["children"].as_array()?.iter().map(text);
        let parts: Vec<String> = std::iter::once(text(message)).chain(labels).chain(children).collect();
        let primary = spans.iter().find(|span| span["is_primary"] == true).map(outermost);
        let line = primary.and_then(|span| usize::try_from(span["line_start"].as_u64()?).ok());
        Some(Self { text: parts.join("\n"), line: line.unwrap_or_default() })
    }
}

/// Where the macro is called that a place is in.
fn outermost(span: &Value) -> &Value {
    match &span["expansion"] {
        Value::Null => span,
        expansion => outermost(&expansion["span"]),
    }
}

/// The file of a library among cargo's messages: an `.rlib`, or the shared library of a procedural macro.
fn library(messages: &[Value], name: &str) -> Option<PathBuf> {
    let built = messages.iter().rev().filter(|message| {
        let target = &message["target"];
        let kind =
            |kind: &str| target["kind"].as_array().is_some_and(|kinds| kinds.iter().any(|k| k == kind));
        target["name"] == name && (kind("lib") || kind("proc-macro")) && message["profile"]["test"] == false
    });
    let files = built.flat_map(|message| message["filenames"].as_array().into_iter().flatten());
    files.filter_map(Value::as_str).map(PathBuf::from).find(|path| {
        path.extension()
            .is_some_and(|extension| extension == "rlib" || extension == std::env::consts::DLL_EXTENSION)
    })
}
