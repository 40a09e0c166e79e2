//! `docs/joblib-tests.md` has a row for every test of the installed joblib, and each test of ours that it names exists.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use super::table;
use crate::run::{Result, output, root};

const DOCUMENT: &str = "docs/joblib-tests.md";

/// Adds a line for each row that is missing or surplus, says nothing, or names a test that is not there.
pub(crate) fn check(python: &Path, wrong: &mut Vec<String>) -> Result {
    let printed =
        output(Command::new(python).arg(root().join("tests/python/joblib_tests.py")).current_dir(root()))?;
    let expected: BTreeSet<&str> = printed.lines().collect();
    let text =
        std::fs::read_to_string(root().join(DOCUMENT)).map_err(|e| format!("cannot read {DOCUMENT}: {e}"))?;

    let mut found = BTreeSet::new();
    for row in table::rows(&text) {
        let line = row.line;
        let [theirs, ours] = row.cells.as_slice() else {
            wrong.push(format!("{DOCUMENT}:{line}: a row has a test of joblib and what holds the same here"));
            continue;
        };
        // The heading is the module, in backticks.
        let module = row.heading.trim_matches('`');
        for name in table::code(theirs) {
            let name = format!("{module} {name}");
            if !expected.contains(name.as_str()) {
                wrong.push(format!("{DOCUMENT}:{line}: the installed joblib has no test `{name}`"));
            }
            if !found.insert(name.clone()) {
                wrong.push(format!("{DOCUMENT}:{line}: `{name}` has a row already"));
            }
        }
        if ours.is_empty() {
            wrong.push(format!("{DOCUMENT}:{line}: neither a test of ours nor a reason"));
        }
        for test in table::code(ours).filter(|code| code.contains(".rs::")) {
            if let Err(reason) = exists(test) {
                wrong.push(format!("{DOCUMENT}:{line}: {reason}"));
            }
        }
    }
    for name in expected.iter().filter(|name| !found.contains(**name)) {
        wrong.push(format!("{DOCUMENT}: joblib's `{name}` has no row"));
    }
    Ok(())
}

/// Whether `file.rs::name` is a test of a file, named from the root or from `crates`: a function with the attribute, or in
/// a suite that tests of several crates call (`conformance.rs`).
fn exists(test: &str) -> std::result::Result<(), String> {
    let (file, name) = test.split_once("::").unwrap_or((test, ""));
    let candidates = [root().join(file), root().join("crates").join(file)];
    let Some(text) = candidates.iter().find_map(|path| std::fs::read_to_string(path).ok()) else {
        return Err(format!("`{file}` does not exist"));
    };
    let suite = file.ends_with("/conformance.rs") && file.contains("/src/");
    let function = format!("fn {name}(");
    let is_there = text.match_indices(&function).any(|(at, _)| suite || has_attribute(&text[..at]));
    if is_there { Ok(()) } else { Err(format!("`{file}` has no test `{name}`")) }
}

/// Whether the item that follows `before` has the attribute of a test.
fn has_attribute(before: &str) -> bool {
    let attributes = before.rsplit('\n').skip(1).map(str::trim).take_while(|line| {
        line.starts_with("#[") || line.starts_with("//") || line.ends_with(")]") || line.is_empty()
    });
    attributes.into_iter().any(|line| line == "#[test]")
}
