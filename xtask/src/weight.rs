//! `cargo xtask weight`: how much users build, against what they are meant to build at most.

use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, Instant};

use crate::run::{Result, cargo, output, run, target};

/// What somebody builds, with the most packages that it may have, and the most seconds of a clean release build on two
/// cores.
struct Build {
    what: &'static str,
    /// For `cargo tree`: which packages count.
    tree: &'static str,
    /// For `cargo build`.
    command: &'static str,
    packages: usize,
    seconds: u64,
}

const BUILDS: [Build; 2] = [
    Build {
        what: "the README's first command",
        tree: "--package joblib --edges normal,build,dev",
        command: "--package joblib --example flights",
        packages: 95,
        seconds: 150,
    },
    Build {
        what: "`joblib` with default-features = false",
        tree: "--package joblib --no-default-features --edges normal,build",
        command: "--package joblib --lib --no-default-features",
        packages: 60,
        seconds: 60,
    },
];

/// Counts the packages of each build, and with `build` makes each from nothing and measures it. A number above its most is
/// an error.
pub(crate) fn execute(build: bool) -> Result {
    let mut wrong = Vec::new();
    for case in &BUILDS {
        let packages = packages(case)?;
        eprintln!("{}: {packages} packages, at most {}", case.what, case.packages);
        if packages > case.packages {
            wrong.push(format!("{}: {packages} packages", case.what));
        }
        if build {
            let seconds = time(case)?.as_secs();
            eprintln!("{}: {seconds} s to build, at most {}", case.what, case.seconds);
            if seconds > case.seconds {
                wrong.push(format!("{}: {seconds} s", case.what));
            }
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(format!("too heavy: {}", wrong.join("; "))) }
}

/// How many packages a build has.
fn packages(case: &Build) -> Result<usize> {
    let printed = output(&mut cargo(&format!("tree --locked --prefix none --format {{p}} {}", case.tree)))?;
    let lines: BTreeSet<&str> =
        printed.lines().map(|line| line.trim_end_matches(" (*)")).filter(|line| !line.is_empty()).collect();
    Ok(lines.len())
}

/// How long a release build from nothing takes.
fn time(case: &Build) -> Result<Duration> {
    // Sources are downloaded before the clock starts.
    run(&mut cargo("fetch --quiet --locked"))?;
    let folder = target().join("weight");
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(|e| format!("cannot remove {}: {e}", folder.display()))?;
    }
    let start = Instant::now();
    run(
        cargo(&format!("build --quiet --locked --release {}", case.command)).env("CARGO_TARGET_DIR", &folder)
    )?;
    Ok(start.elapsed())
}
