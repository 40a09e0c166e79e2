//! `cargo xtask fuzz`: libFuzzer on both readers, from a corpus of every kind of value that the tests know.
//!
//! The pickles of the tests are the seeds of one target. The other's are the same values in the native format, as the command
//! `joblib convert` writes them: uncompressed, with every compressor, and several in a row; and the files of earlier versions.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::run::{Result, cargo, root, run, succeeds, target};

pub(crate) const USAGE: &str = "\
usage: cargo xtask fuzz [--seconds N] [TARGET…]

Fuzzes `load`, the reader of native files, and `pickle`, that of Python's, or those that are named, 600 seconds each. Needs the
nightly toolchain and `cargo install cargo-fuzz`. What makes a target fail is in tests/fuzz/artifacts; what it has learnt is in
target/fuzz, and is where the next run begins.

  --seconds N    how long each target runs
";

const TARGETS: [&str; 2] = ["load", "pickle"];

/// Compressors by the extension of their files.
const EXTENSIONS: [&str; 8] = ["native", "z", "gz", "bz2", "xz", "lzma", "lz4", "zst"];

/// Longer inputs teach nothing that shorter ones don't, and take longer.
const LONGEST: u64 = 1 << 16;

/// Runs the targets that the arguments name.
pub(crate) fn execute(arguments: &[String]) -> Result {
    let (seconds, targets) = parse(arguments)?;
    if !succeeds(Command::new("rustup").args(["run", "nightly", "cargo", "fuzz", "--version"])) {
        return Err("`cargo +nightly fuzz` does not start: install it with\n\
             rustup toolchain install nightly && cargo install cargo-fuzz"
            .into());
    }
    for name in targets {
        let seeds = folder("seeds", name)?;
        match name {
            "load" => native_seeds(&seeds)?,
            _ => pickle_seeds(&seeds)?,
        }
        fuzz(name, &folder("corpus", name)?, &seeds, seconds)?;
    }
    Ok(())
}

fn parse(arguments: &[String]) -> Result<(u64, Vec<&'static str>)> {
    let mut seconds = 600;
    let mut targets = Vec::new();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        if argument == "--seconds" {
            let number = rest.next().ok_or("`--seconds` needs a number")?;
            seconds = number.parse().map_err(|_| format!("`{number}` is not a number of seconds"))?;
        } else if let Some(name) = TARGETS.into_iter().find(|name| name == argument) {
            targets.push(name);
        } else {
            return Err(format!("no target `{argument}`; there are {}\n\n{USAGE}", TARGETS.join(", ")));
        }
    }
    if targets.is_empty() {
        targets.extend(TARGETS);
    }
    Ok((seconds, targets))
}

fn fuzz(name: &str, corpus: &Path, seeds: &Path, seconds: u64) -> Result {
    // The sanitizer's shadow memory counts; the targets' own limits are far lower.
    let limits = format!("-max_total_time={seconds} -max_len={LONGEST} -timeout=10 -rss_limit_mb=2048");
    run(Command::new("rustup")
        .current_dir(root())
        .args(["run", "nightly", "cargo", "fuzz", "run", "--fuzz-dir", "tests/fuzz", name])
        .args([corpus, seeds])
        .arg("--")
        .args(limits.split(' '))
        // Those of the toolchain that runs this.
        .env_remove("CARGO")
        .env_remove("RUSTUP_TOOLCHAIN")
        // libdeflate has a global twice, which AddressSanitizer takes for a mistake.
        .env("ASAN_OPTIONS", "detect_odr_violation=0"))
}

fn folder(kind: &str, name: &str) -> Result<PathBuf> {
    let folder = target().join("fuzz").join(kind).join(name);
    fs::create_dir_all(&folder).map_err(|e| format!("cannot make {}: {e}", folder.display()))?;
    Ok(folder)
}

fn pickle_seeds(seeds: &Path) -> Result {
    for pickle in pickles()? {
        copy(&pickle, seeds)?;
    }
    Ok(())
}

fn native_seeds(seeds: &Path) -> Result {
    for file in files(&root().join("crates/joblib-persist/tests/golden/v1"))? {
        copy(&file, seeds)?;
    }
    run(&mut cargo("build --quiet --package joblib-cli"))?;
    let joblib = target().join("debug/joblib");
    let mut values = Vec::new();
    for (number, pickle) in pickles()?.iter().enumerate() {
        let name = pickle.file_stem().unwrap_or_default().to_string_lossy();
        for extension in ["native", EXTENSIONS[number % EXTENSIONS.len()]] {
            let made = seeds.join(format!("{name}.{extension}"));
            // A value that contains itself, or text that is no UTF-8, has no native form.
            if succeeds(Command::new(&joblib).arg("convert").arg(pickle).arg(&made)) && extension == "native"
            {
                values.extend(fs::read(&made).map_err(|e| format!("cannot read {}: {e}", made.display()))?);
            }
            if values.len() > 4096 {
                let several = seeds.join(format!("{name}.several"));
                fs::write(&several, std::mem::take(&mut values))
                    .map_err(|e| format!("cannot write {}: {e}", several.display()))?;
            }
        }
    }
    Ok(())
}

/// The pickles of the tests that are not compressed.
fn pickles() -> Result<Vec<PathBuf>> {
    let mut pickles = files(&root().join("crates/joblib-pickle/tests/data"))?;
    pickles.extend(files(&root().join("tests/data/pickle"))?);
    pickles.retain(|path| path.extension().is_some_and(|extension| extension == "pkl"));
    Ok(pickles)
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).map_err(|e| format!("cannot list {}: {e}", folder.display()))?;
    let mut files = Vec::new();
    for entry in entries {
        files.push(entry.map_err(|e| format!("cannot list {}: {e}", folder.display()))?.path());
    }
    files.sort();
    Ok(files)
}

fn copy(file: &Path, folder: &Path) -> Result {
    let name = file.file_name().ok_or("a file without a name")?;
    if file.metadata().is_ok_and(|metadata| metadata.len() <= 2 * LONGEST) {
        fs::copy(file, folder.join(name)).map_err(|e| format!("cannot copy {}: {e}", file.display()))?;
    }
    Ok(())
}
