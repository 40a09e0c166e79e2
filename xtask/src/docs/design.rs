//! `docs/design.md` names every global of the libraries in its table, and only files that are there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::table;
use crate::run::{Result, root};

const DOCUMENT: &str = "docs/design.md";

/// The heading of the table: file, names, why, what a fork does.
const HEADING: &str = "Globals";

/// Adds a line for each global without a row, for each row without a global, and for each file that does not exist.
pub(crate) fn check(wrong: &mut Vec<String>) -> Result {
    let text =
        std::fs::read_to_string(root().join(DOCUMENT)).map_err(|e| format!("cannot read {DOCUMENT}: {e}"))?;
    for (line, path) in paths(&text) {
        if !root().join(path).exists() {
            wrong.push(format!("{DOCUMENT}:{line}: `{path}` does not exist"));
        }
    }
    let mut globals = globals()?;
    for row in table::rows(&text).into_iter().filter(|row| row.heading == HEADING) {
        let [file, names, why, fork] = row.cells.as_slice() else {
            wrong
                .push(format!("{DOCUMENT}:{}: a row has a file, names, why, and what a fork does", row.line));
            continue;
        };
        if why.is_empty() || fork.is_empty() {
            wrong.push(format!("{DOCUMENT}:{}: no reason, or nothing about a fork", row.line));
        }
        let file = table::code(file).next().unwrap_or_default();
        for name in table::code(names) {
            let known = globals.get_mut(file).and_then(|names| names.remove(name));
            if known.is_none() {
                wrong.push(format!("{DOCUMENT}:{}: `{file}` has no global `{name}`", row.line));
            }
        }
    }
    for (file, names) in globals {
        for (name, line) in names {
            wrong.push(format!("{file}:{line}: the global `{name}` is not in the table of {DOCUMENT}"));
        }
    }
    Ok(())
}

/// The paths from the root that a document names in backticks, with their lines.
fn paths(document: &str) -> impl Iterator<Item = (usize, &str)> {
    let spans =
        document.lines().enumerate().flat_map(|(i, line)| table::code(line).map(move |code| (i + 1, code)));
    spans.filter(|(_, code)| {
        ["crates/", "tests/", "xtask/", "docs/"].iter().any(|folder| code.starts_with(folder))
            && !code.contains([' ', '*', '{'])
    })
}

/// For each file of the libraries, its globals with their lines.
fn globals() -> Result<BTreeMap<String, BTreeMap<String, usize>>> {
    let mut found = BTreeMap::new();
    let crates = root().join("crates");
    for folder in entries(&crates)? {
        // Code that a macro generates is of the crate that it is in.
        if !folder.ends_with("joblib-macros") && folder.join("src").is_dir() {
            read(&folder.join("src"), &mut found)?;
        }
    }
    Ok(found)
}

fn read(folder: &Path, found: &mut BTreeMap<String, BTreeMap<String, usize>>) -> Result {
    for path in entries(folder)? {
        if path.is_dir() {
            read(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text =
                std::fs::read_to_string(&path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
            let names = statics(&text);
            if !names.is_empty() {
                let file = path.strip_prefix(root()).unwrap_or(&path).display().to_string();
                found.insert(file, names);
            }
        }
    }
    Ok(())
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    std::fs::read_dir(folder)
        .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect())
        .map_err(|e| format!("cannot list {}: {e}", folder.display()))
}

/// The names of the statics of a source file before its tests, with their lines.
fn statics(source: &str) -> BTreeMap<String, usize> {
    let code =
        source.lines().enumerate().take_while(|(_, line)| !line.trim_start().starts_with("#[cfg(test)]"));
    let found = code.filter_map(|(number, line)| {
        let line = line.trim_start();
        let line = line.strip_prefix("pub").map_or(line, |rest| {
            rest.strip_prefix('(')
                .and_then(|rest| rest.split_once(')'))
                .map_or(rest, |(_, rest)| rest)
                .trim_start()
        });
        let rest = line.strip_prefix("static ")?;
        let (name, _) = rest.strip_prefix("mut ").unwrap_or(rest).split_once(':')?;
        Some((name.to_owned(), number + 1))
    });
    found.collect()
}

#[cfg(test)]
mod tests {
    use super::{paths, statics};

    #[test]
    fn statics_of_any_visibility_and_of_threads_are_found_and_those_of_tests_are_not() {
        let source = "
            /// static COMMENT: u8 = 0;
            pub(crate) static TABLE: Mutex<()> = Mutex::new(());
            thread_local! {
                static STACK: Cell<u8> = const { Cell::new(0) };
            }
            fn f() -> &'static str { \"\" }
            #[cfg(test)]
            static OF_TESTS: u8 = 0;
        ";
        assert_eq!(statics(source).into_keys().collect::<Vec<_>>(), ["STACK", "TABLE"]);
    }

    #[test]
    fn paths_are_what_backticks_name_below_a_folder_of_the_repository() {
        let text = "`crates/a/src/b.rs` and `cargo run`\n`crates/*` `tests/x`";
        assert_eq!(paths(text).collect::<Vec<_>>(), [(1, "crates/a/src/b.rs"), (2, "tests/x")]);
    }
}
