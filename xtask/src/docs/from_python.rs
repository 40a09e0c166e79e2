//! `docs/from-python.md` has a row for every public name and parameter of the installed joblib and for nothing else, and
//! the Rust names beside them are in the sources.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use super::table;
use crate::run::{Result, output, root};

const DOCUMENT: &str = "docs/from-python.md";

/// Adds a line for each row that is missing, surplus, double, or names something that is not there.
pub(crate) fn check(python: &Path, wrong: &mut Vec<String>) -> Result {
    let printed =
        output(Command::new(python).arg(root().join("tests/python/joblib_names.py")).current_dir(root()))?;
    let expected: BTreeSet<&str> = printed.lines().collect();
    let text =
        std::fs::read_to_string(root().join(DOCUMENT)).map_err(|e| format!("cannot read {DOCUMENT}: {e}"))?;
    let words = words_of_the_sources()?;

    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    for row in table::rows(&text) {
        let line = row.line;
        let [names, ours, ..] = row.cells.as_slice() else {
            wrong.push(format!("{DOCUMENT}:{line}: a row has a joblib name, a Rust name and what differs"));
            continue;
        };
        for name in table::code(names) {
            if let Some(earlier) = found.insert(name.to_owned(), line) {
                wrong.push(format!("{DOCUMENT}:{line}: `{name}` has a row already, at line {earlier}"));
            }
            if !expected.contains(name) {
                wrong.push(format!("{DOCUMENT}:{line}: the installed joblib has no `{name}`"));
            }
        }
        for word in table::code(ours).flat_map(identifiers).filter(|word| !words.contains(*word)) {
            wrong.push(format!("{DOCUMENT}:{line}: `{word}` is not in the sources of the crates"));
        }
    }
    for name in expected.iter().filter(|name| !found.contains_key(**name)) {
        wrong.push(format!("{DOCUMENT}: joblib's `{name}` has no row"));
    }
    Ok(())
}

/// The identifiers of a piece of Rust, without what stands in quotes.
fn identifiers(code: &str) -> impl Iterator<Item = &str> {
    code.split('"').step_by(2).flat_map(words)
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .filter(|word| word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_'))
}

fn words_of_the_sources() -> Result<BTreeSet<String>> {
    let files = output(Command::new("git").current_dir(root()).args(["ls-files", "crates/*/src/*.rs"]))?;
    let mut all = BTreeSet::new();
    for file in files.lines() {
        if let Ok(text) = std::fs::read_to_string(root().join(file)) {
            all.extend(words(&text).map(str::to_owned));
        }
    }
    Ok(all)
}
