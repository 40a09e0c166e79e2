//! `cargo xtask release --dry-run`: whether all is ready for a release, as a list. Nothing is published or tagged: that
//! is done by a person, with the commands that the end of the list names.

mod changelog;
mod manifests;
mod version;

use std::process::Command;

use crate::package::{self, UNPUBLISHED};
use crate::run::{Result, cargo, output, root, run};
use crate::semver;

/// A point of the list: what has to hold, and what is missing, if anything.
struct Point {
    what: &'static str,
    missing: Vec<String>,
}

/// Checks each point, prints the list, and fails if anything is missing.
pub(crate) fn execute() -> Result {
    let version = version::current()?;
    let mut points = vec![
        Point { what: "everything is committed", missing: uncommitted()? },
        Point { what: "the version is new, and all crates have it", missing: version::faults(&version)? },
        Point { what: "the changelog has the version", missing: changelog::faults(&version)? },
        Point { what: "the manifests are complete", missing: manifests::faults()? },
        Point { what: "the documents name the minimum Rust version", missing: version::rust_faults()? },
    ];
    let mut heavy =
        |what, result: Result| points.push(Point { what, missing: result.err().into_iter().collect() });
    let interface = match semver::last_release()? {
        Some(_) => "the version fits what changed in the public interface",
        None => "the public interface is the first: there is no release to compare it with",
    };
    heavy(interface, semver::execute(true));
    heavy("a registry would take every crate", publish());
    heavy("every crate compiles from its package", package::execute());

    eprintln!("\nrelease {version}:");
    let mut open = 0;
    for point in &points {
        eprintln!("{} {}", if point.missing.is_empty() { "✓" } else { "✗" }, point.what);
        for line in &point.missing {
            eprintln!("    {line}");
        }
        open += point.missing.len();
    }
    if open > 0 {
        return Err(format!("{open} points are open; nothing was published"));
    }
    eprintln!(
        "nothing was published. What is left, in this order:\n  \
         cargo xtask ci\n  \
         cargo xtask bench --json AFTER, and `bench --check BEFORE AFTER` with the figures of the last release\n  \
         git tag --sign v{version}\n  \
         cargo publish --workspace {UNPUBLISHED}\n  \
         cargo publish --manifest-path crates/joblib-polars/Cargo.toml\n  \
         git push origin main v{version}"
    );
    Ok(())
}

/// The files that differ from the last commit.
fn uncommitted() -> Result<Vec<String>> {
    let status = output(Command::new("git").current_dir(root()).args(["status", "--porcelain"]))?;
    Ok(status.lines().map(|line| format!("not committed: {}", line.trim())).collect())
}

/// Packages every crate and asks the registry's index for what they depend on, without uploading them.
fn publish() -> Result {
    run(&mut cargo(&format!(
        "publish --workspace {UNPUBLISHED} --dry-run --no-verify --locked --allow-dirty --quiet"
    )))
}
