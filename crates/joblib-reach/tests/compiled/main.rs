//! What a function reaches is compared with what the compiler makes of it: everything that its machine code can call, and all
//! statics that it uses, have to be among the items that count. The compiler knows what the standard library calls, such as the
//! `Ord` of a type that is sorted, and where a value is dropped.

mod program;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use joblib_reach::{Index, Place};
use program::{Item, Program};

const ATTRIBUTE: &str = "#[cached] ";

/// What was compared.
struct Comparison {
    /// What the compiler needs of each function, and is not among what the function reaches.
    missed: Vec<String>,
    /// How many functions were compared.
    functions: usize,
    /// All pairs of a function and what the compiler needs of it.
    needed: BTreeSet<(String, String)>,
    /// The share of the package's functions that a function reaches, on average.
    share: f64,
}

/// Compares every `step`-th function of a crate.
fn compare(root: &Path, step: usize) -> Comparison {
    let program = Program::compile(root);
    let folder = tempfile::tempdir().unwrap();
    let source = root.parent().unwrap();
    copy(source, &folder.path().join("src"), &program);
    std::fs::write(folder.path().join("Cargo.toml"), "[package]\nname = \"study\"\nedition = \"2024\"\n")
        .unwrap();
    let moved = |item: &Item| folder.path().join("src").join(item.file.strip_prefix(source).unwrap());
    let root = folder.path().join("src").join(root.file_name().unwrap());
    let mut index = Index::of_crate("study", &root, folder.path(), |_| true).unwrap();
    let written: Vec<&Item> =
        program.items.iter().filter(|item| item.is_function && item.is_written()).collect();
    let mut found = Comparison { missed: Vec::new(), functions: 0, needed: BTreeSet::new(), share: 0.0 };
    for function in written.iter().filter(|item| !item.is_generic).step_by(step) {
        let file = moved(function);
        let place = Place { file: &file, line: function.line, column: function.column() };
        let code = index.code(&place, &String::new, false).unwrap();
        let reached: BTreeSet<(PathBuf, usize)> =
            code.items.iter().map(|item| (PathBuf::from(&item.file), item.line as usize)).collect();
        let counts = |item: &Item| item.declared().is_none_or(|line| reached.contains(&(moved(item), line)));
        found.functions += 1;
        found.share += written.iter().filter(|item| counts(item)).count() as f64 / written.len() as f64;
        for needed in program.needed_by(function) {
            found.needed.insert((function.name.clone(), needed.name.clone()));
            if !counts(needed) {
                found.missed.push(format!("{function} needs {needed}"));
            }
        }
    }
    found.share /= found.functions as f64;
    found
}

/// Copies sources, with an attribute before each function that was compiled.
fn copy(from: &Path, to: &Path, program: &Program) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let copied = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &copied, program);
            continue;
        }
        let mut lines: Vec<String> =
            std::fs::read_to_string(&path).unwrap().lines().map(str::to_owned).collect();
        let here: BTreeSet<(usize, usize)> = program
            .items
            .iter()
            .filter(|item| item.file == path && item.is_function && item.is_written())
            .map(|item| (item.line, item.column()))
            .collect();
        for (line, column) in here {
            lines[line - 1].insert_str(column - 1, ATTRIBUTE);
        }
        std::fs::write(copied, lines.join("\n") + "\n").unwrap();
    }
}

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn everything_that_the_compiler_needs_of_a_function_is_reached() {
    let found = compare(&here().join("tests/compiled/study/lib.rs"), 1);
    assert!(found.missed.is_empty(), "{}", found.missed.join("\n"));
    assert!(found.share < 0.1, "a function reaches {:.2} of all", found.share);
    // What is compared is more than what the code says.
    for (function, needed) in [
        ("by_pointer", "tripled"),
        ("by_static", "opened"),
        ("walked", "forget"),
        ("walked", "told"),
        ("sorted", "folded"),
        ("distinct", "salted"),
        ("boxed", "counted"),
        ("looked_up", "bare"),
        ("quoted", "escaped"),
        ("worst", "squared"),
        ("smoothed", "blended"),
        ("by_default", "usual"),
        ("measured", "added"),
        ("stepped", "twice"),
    ] {
        let pair = (function.to_owned(), needed.to_owned());
        assert!(found.needed.contains(&pair), "the compiler does not say that `{function}` needs `{needed}`");
    }
}

#[test]
fn everything_that_the_compiler_needs_of_a_function_of_this_crate_is_reached() {
    let found = compare(&here().join("src/lib.rs"), 3);
    assert!(found.missed.is_empty(), "{}", found.missed.join("\n"));
    assert!(found.functions > 100, "only {} functions were compiled", found.functions);
    assert!(found.share < 0.35, "a function reaches {:.2} of all", found.share);
}
