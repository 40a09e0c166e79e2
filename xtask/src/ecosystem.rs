//! `cargo xtask ecosystem`: programs that use joblib beside the crates that people use, each a project of its own with its
//! own lock file, built and run as its author would.
//!
//! What a program is follows from its files. One with a `main.rs` is run twice, in a folder that is empty at first, with the
//! argument `first` and then `again`: it checks its own results, and that the second run reads those of the first. One without
//! is tested. A release profile in the manifest asks for `--release`, lints of clippy for clippy, and a `requirements.txt` for a
//! Python with these packages, which the variable `PYTHON` names.
//!
//! The program of `cargo xtask bench --peers` is compiled with them, and not run: nothing else does before figures are wanted.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::apart;
use crate::run::{Result, cargo, root, run, target};
use crate::venv;

pub(crate) const USAGE: &str = "\
usage: cargo xtask ecosystem [--update] [PROGRAM…]

Builds and runs the programs of tests/ecosystem, or those that are named, and prints the time of each. A crate that is no
member of the workspace is tested as one of them, and the program of `bench --peers` is compiled. They share a target folder,
so that the first one builds most of what the others need. The sources of crates are downloaded where they are missing.

  --update    first make the lock files anew, with the versions of this workspace for what it has too
";

/// A project of the folder `tests/ecosystem`, or a crate that is a workspace of its own.
struct Program {
    name: String,
    folder: PathBuf,
    /// Its manifest.
    manifest: String,
    /// Whether it is not run.
    only_compiled: bool,
}

/// Builds and runs the programs with these names, or all. The errors of all are reported at the end.
pub(crate) fn execute(arguments: &[String]) -> Result {
    let (options, names): (Vec<&String>, Vec<&String>) =
        arguments.iter().partition(|argument| argument.starts_with('-'));
    let update = match options[..] {
        [] => false,
        [option] if option == "--update" => true,
        [option, ..] => return Err(format!("unknown option `{option}`\n\n{USAGE}")),
    };
    let all = programs()?;
    if let Some(unknown) = names.iter().find(|name| !all.iter().any(|program| program.name == ***name)) {
        let known: Vec<&str> = all.iter().map(|program| program.name.as_str()).collect();
        return Err(format!("no program `{unknown}`; there are {}", known.join(", ")));
    }
    let chosen: Vec<Program> =
        all.into_iter().filter(|program| names.is_empty() || names.contains(&&program.name)).collect();
    if update {
        chosen.iter().try_for_each(Program::update)?;
    }
    // Downloads are not part of a program's time. What joblib needs by now is added to the lock files; all else stays.
    for program in &chosen {
        run(&mut program.cargo("fetch --quiet"))?;
    }
    let start = Instant::now();
    let mut lines = Vec::new();
    let mut failed = Vec::new();
    for program in &chosen {
        let start = Instant::now();
        let outcome = program.check();
        lines.push((program.name.as_str(), start.elapsed(), outcome.is_ok()));
        failed.extend(outcome.err().map(|error| format!("{}: {error}", program.name)));
    }
    eprintln!();
    for (name, time, passed) in lines {
        eprintln!("{:>7} s  {name}{}", seconds(time), if passed { "" } else { "  FAILED" });
    }
    eprintln!("{:>7} s  in all", seconds(start.elapsed()));
    if failed.is_empty() { Ok(()) } else { Err(failed.join("\n")) }
}

fn seconds(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64())
}

/// The programs by name.
pub(crate) fn names() -> Result<Vec<String>> {
    Ok(programs()?.into_iter().map(|program| program.name).collect())
}

/// All programs, the crates that are workspaces of their own, and the peers' benchmark, in the order of their names.
fn programs() -> Result<Vec<Program>> {
    let folder = root().join("tests/ecosystem");
    let mut programs = Vec::new();
    for entry in fs::read_dir(&folder).map_err(|e| format!("cannot list {}: {e}", folder.display()))? {
        let entry = entry.map_err(|e| e.to_string())?;
        let (folder, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        if let Ok(manifest) = fs::read_to_string(folder.join("Cargo.toml")) {
            programs.push(Program { name, folder, manifest, only_compiled: false });
        }
    }
    let folder = root().join("xtask/peers");
    let manifest = fs::read_to_string(folder.join("Cargo.toml"))
        .map_err(|e| format!("cannot read the manifest in {}: {e}", folder.display()))?;
    programs.push(Program { name: "peers".to_owned(), folder, manifest, only_compiled: true });
    let apart = apart::crates()?.into_iter().filter(|(_, manifest)| apart::is_apart(manifest));
    programs.extend(apart.map(|(folder, manifest)| {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Program { name, folder, manifest, only_compiled: false }
    }));
    programs.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(programs)
}

impl Program {
    /// A `cargo` command in the program's folder.
    fn cargo(&self, line: &str) -> Command {
        let mut command = cargo(line);
        command.current_dir(&self.folder).env("CARGO_TARGET_DIR", target_of_all());
        command
    }

    /// Makes the lock file anew: the versions of the workspace's, and today's of what that does not have.
    fn update(&self) -> Result {
        let lock = self.folder.join("Cargo.lock");
        fs::copy(root().join("Cargo.lock"), &lock)
            .map_err(|e| format!("cannot write {}: {e}", lock.display()))?;
        run(&mut self.cargo("fetch --quiet"))
    }

    /// Builds the program and runs it twice, or tests it.
    fn check(&self) -> Result {
        if self.only_compiled {
            return run(&mut self.cargo("check --quiet --locked --all-features"));
        }
        let has = |section: &str| self.manifest.lines().any(|line| line.trim() == section);
        if has("[lints.clippy]") {
            run(&mut self.cargo("clippy --quiet --locked --all-targets -- -D warnings"))?;
        }
        if !self.folder.join("src/main.rs").exists() {
            return run(&mut self.cargo("test --quiet --locked"));
        }
        let (release, profile) =
            if has("[profile.release]") { ("--release", "release") } else { ("", "debug") };
        run(&mut self.cargo(&format!("build --quiet --locked {release}")))?;
        let python = self.python()?;
        let folder = target_of_all().join("run").join(&self.name);
        empty(&folder)?;
        let program = target_of_all().join(profile).join(format!("ecosystem-{}", self.name));
        let program = program.with_extension(std::env::consts::EXE_EXTENSION);
        for argument in ["first", "again"] {
            let mut command = Command::new(&program);
            // The cache is the one that the program names.
            command.arg(argument).current_dir(&folder).env_remove("JOBLIB_CACHE_DIR");
            command.envs(python.iter().map(|python| ("PYTHON", python)));
            run(&mut command)?;
        }
        Ok(())
    }

    /// The Python that the program asks for.
    fn python(&self) -> Result<Option<PathBuf>> {
        let requirements = self.folder.join("requirements.txt");
        if !requirements.exists() {
            return Ok(None);
        }
        venv::environment(&target_of_all().join(format!("venv-{}", self.name)), &requirements).map(Some)
    }
}

/// The target folder that the programs share.
fn target_of_all() -> PathBuf {
    target().join("ecosystem")
}

/// Makes a folder that has nothing in it.
fn empty(folder: &Path) -> Result {
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(|e| format!("cannot remove {}: {e}", folder.display()))?;
    }
    fs::create_dir_all(folder).map_err(|e| format!("cannot make {}: {e}", folder.display()))
}
