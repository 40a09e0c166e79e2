//! The loop of people who tune programs: edit, compile, run. An edit that can change a result is computed again, and every
//! other edit is not.
//!
//! Every row of the table is a module of one program with a cached function of its own, so that one build makes many edits.

mod rows;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use joblib_tests::example::printed;
use joblib_tests::project::Project;

use rows::{Row, rows};

/// The files of a row's module, by name.
fn files(row: &Row, edited: bool) -> BTreeMap<String, String> {
    let mut source = row.source.to_owned();
    if edited {
        for (from, to) in row.edits {
            assert!(source.contains(from), "{}: there is no `{from}`", row.what);
            source = source.replace(from, to);
        }
    }
    let attribute = "#[cached(crate = joblib_memory";
    let source = source
        .replace("@cached(", &format!("{attribute}, "))
        .replace("@cached\n", &format!("{attribute})]\n"));
    // The attribute's list was closed by the row.
    let source: Vec<String> = source
        .lines()
        .map(|line| match line.find(&format!("{attribute}, ")) {
            Some(at) if !line[at..].contains(")]") => format!("{}]", line.trim_end()),
            _ => line.to_owned(),
        })
        .collect();
    let mut files = BTreeMap::new();
    let mut file = "mod.rs".to_owned();
    for line in source {
        if let Some(name) = line.strip_prefix("//- ") {
            name.clone_into(&mut file);
            continue;
        }
        let is_code = file == "mod.rs";
        let text: &mut String = files.entry(file.clone()).or_insert_with(|| {
            if is_code {
                "#![allow(unused)]\nuse joblib_macros::{cached, tracked};\n".to_owned()
            } else {
                String::new()
            }
        });
        text.push_str(&line);
        text.push('\n');
    }
    files
}

/// A program of all rows: it says of each what the function gave, what its body gives, and how often it was computed.
fn main_of(count: usize) -> String {
    let mut main = "use joblib_memory::Memory;\n".to_owned();
    for index in 0..count {
        let _ = writeln!(main, "mod r{index};");
    }
    main.push_str(
        "fn main() {\n Memory::new(std::env::args().nth(1).unwrap()).unwrap().install().unwrap();\n",
    );
    for index in 0..count {
        let _ = writeln!(
            main,
            " println!(\"{{}} {{}} {{}}\", r{index}::fit(2.0), r{index}::fit::uncached(2.0), r{index}::fit::stats().misses);"
        );
    }
    main.push_str("}\n");
    main
}

/// The program of all rows, edited or not.
fn build(project: &Project, edited: bool) -> PathBuf {
    let _ = std::fs::remove_dir_all(project.folder().join("src"));
    project.write("src/main.rs", &main_of(rows().count()));
    for (index, row) in rows().enumerate() {
        for (name, text) in files(row, edited) {
            project.write(&format!("src/r{index}/{name}"), &text);
        }
    }
    let program = project.compile("src/main.rs", &[], &[("JOBLIB_REACH_B", "3")]);
    let kept = program.with_extension(if edited { "edited" } else { "original" });
    std::fs::rename(program, &kept).expect("the program is there");
    kept
}

/// Of each row: what the function gave, what its body gives, and whether it was computed.
fn run(program: &Path, cache: &str) -> Vec<(String, String, bool)> {
    let output = Command::new(program).arg(cache).output().expect("the program starts");
    assert!(output.status.success(), "the program failed:\n{}", printed(&output));
    let told = String::from_utf8(output.stdout).expect("the program prints text");
    let told: Vec<_> = told
        .lines()
        .map(|line| {
            let words: Vec<&str> = line.split(' ').collect();
            (words[0].to_owned(), words[1].to_owned(), words[2] != "0")
        })
        .collect();
    assert_eq!(told.len(), rows().count());
    told
}

#[test]
fn the_compiler_warns_once_where_the_sources_are_not_seen() {
    let project = Project::new("reach", "system", &["joblib_macros", "joblib_memory", "serde"]);
    let source = |option: &str| {
        let attribute = format!("#[joblib_macros::cached(crate = joblib_memory{option})]");
        format!(
            "{attribute}\npub fn one(x: f64) -> f64 {{ x }}\n{attribute}\npub fn two(x: f64) -> f64 {{ x }}\n\
             fn main() {{ one(two(1.0)); }}\n"
        )
    };
    let about_sources = |root: &str| {
        let mut warnings = project.warnings(root);
        warnings.retain(|warning| warning.contains("joblib"));
        warnings
    };
    // The arguments of the compiler don't tell that this is the root.
    project.write("main.code", &source(""));
    let warnings = about_sources("main.code");
    let [warning] = &warnings[..] else { panic!("there is one warning: {warnings:?}") };
    assert!(warning.contains("the compiler names no source file"), "{warning}");
    assert!(warning.contains("write `code = \"own\"` to accept that"), "{warning}");

    project.write("main.code", &source(", code = \"own\""));
    assert!(about_sources("main.code").is_empty());
    project.write("main.rs", &source(""));
    assert!(about_sources("main.rs").is_empty());
}

#[test]
fn every_edit_that_can_change_a_result_is_computed_again_and_others_are_not() {
    let project = Project::new("reach", "system", &["joblib_macros", "joblib_memory", "serde"]);
    project.write("Cargo.toml", "[package]\nname = \"reach\"\n");
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().to_str().unwrap();
    let [original, changed] = [false, true].map(|edited| build(&project, edited));
    let mut wrong = Vec::new();
    let mut check = |edited: bool, expected: fn(&Row) -> bool| {
        let program = if edited { &changed } else { &original };
        for ((value, body, computed), row) in run(program, cache).into_iter().zip(rows()) {
            if value != body {
                wrong.push(format!("{}: gave {value} instead of {body}", row.what));
            }
            if computed != expected(row) {
                let what = if computed { "was computed without need" } else { "was not computed" };
                wrong.push(format!("{}: {what}{}", row.what, if edited { "" } else { ", unedited" }));
            }
        }
    };
    check(false, |_| true);
    check(true, |row| row.computed);
    // An edit that is undone costs nothing, and neither does one that is done again.
    check(false, |_| false);
    check(true, |_| false);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
