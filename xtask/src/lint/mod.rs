//! `cargo xtask lint`: the format, clippy with warnings denied, and the direction of imports inside of each crate.

mod circles;
mod imports;
pub(crate) mod layers;

use crate::run::{Result, cargo, root, run};

/// Checks the format and the imports, then every target of every crate with every feature.
pub(crate) fn execute() -> Result {
    run(&mut cargo("fmt --all --check"))?;
    check_imports()?;
    run(&mut cargo("clippy --workspace --all-targets --all-features -- -D warnings"))
}

/// Reports every circle of files and every import that runs up, in all crates at once.
fn check_imports() -> Result {
    let mut wrong = Vec::new();
    for source in sources()? {
        let name = source.strip_prefix(root()).unwrap_or(&source).display().to_string();
        let graph = imports::graph(&source)?;
        for circle in circles::find(&graph) {
            wrong.push(format!("{name}: {} files import each other: {}", circle.len(), circle.join(", ")));
        }
        wrong.extend(layers::check(&name, &graph).into_iter().map(|line| format!("{name}: {line}")));
    }
    if wrong.is_empty() {
        eprintln!("imports: no circle of files, and none runs up");
        return Ok(());
    }
    for line in &wrong {
        eprintln!("{line}");
    }
    Err(format!("{} imports or circles of them are wrong", wrong.len()))
}

/// The `src` folder of every crate of the workspace.
fn sources() -> Result<Vec<std::path::PathBuf>> {
    let crates = root().join("crates");
    let mut found: Vec<_> = std::fs::read_dir(&crates)
        .and_then(|entries| entries.map(|entry| Ok(entry?.path().join("src"))).collect())
        .map_err(|e| format!("cannot list {}: {e}", crates.display()))?;
    found.extend(
        ["tests/src", "xtask/src", "xtask/bench/src", "xtask/peers/src"].map(|folder| root().join(folder)),
    );
    found.retain(|folder| folder.is_dir());
    found.sort();
    Ok(found)
}
