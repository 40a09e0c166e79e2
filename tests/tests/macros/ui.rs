//! Every misuse of `#[cached]` is a compile error, at the right place, that says what to write instead.
//!
//! What the compiler prints of the program `ui/x.rs` stands in `ui/x.stderr`. With `JOBLIB_TEST_WRITE=1` the test writes it
//! there.

use std::fs;
use std::path::{Path, PathBuf};

use joblib_tests::project::Project;

/// What the compiler prints, without what differs between machines and between builds.
fn comparable(printed: &str) -> String {
    let mut comparable = String::new();
    for line in printed.lines() {
        if [
            "error: aborting due to",
            "For more information about",
            "Some errors have detailed",
            "warning: 1 warn",
        ]
        .iter()
        .any(|start| line.starts_with(start))
        {
            continue;
        }
        // The sources of the library are edited: the file is enough, wherever the workspace is.
        let line = match line.split_once("crates/") {
            Some((before, place)) if before.trim_start().starts_with("--> ") => {
                let indent = before.split("--> ").next().unwrap_or_default();
                format!("{indent}--> crates/{}", place.split(':').next().unwrap_or_default())
            }
            _ => line.to_owned(),
        };
        comparable.push_str(line.trim_end());
        comparable.push('\n');
    }
    comparable.trim_end().to_owned() + "\n"
}

#[test]
fn misuse_is_a_compile_error_that_says_what_to_write_instead() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/macros/ui");
    let project = Project::new("misuse", "macros", &["joblib", "joblib_macros", "joblib_memory", "serde"]);
    let files = fs::read_dir(&folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let mut sources: Vec<PathBuf> =
        files.filter(|path| path.extension().is_some_and(|e| e == "rs")).collect();
    sources.sort();
    assert!(!sources.is_empty());
    let mut wrong = Vec::new();
    for source in sources {
        let name = source.file_name().expect("a name").to_string_lossy();
        project.write(&name, &fs::read_to_string(&source).expect("a source"));
        let printed = comparable(&project.refused(&name));
        let file = source.with_extension("stderr");
        if std::env::var_os("JOBLIB_TEST_WRITE").is_some() {
            fs::write(&file, &printed).expect("the file is written");
        } else if fs::read_to_string(&file).expect("what is expected") != printed {
            wrong.push(format!("{name}: expected what {} says, found\n{printed}", file.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
