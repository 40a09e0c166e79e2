//! Each mistake with tasks and cached functions is one compile error, which `cargo check` finds, at the line of the mistake, with a text that says
//! what is wrong.
//!
//! The programs are files beside this one, in which a comment `//~ text` stands behind each mistake.

use joblib_tests::project::{CompileError, Project};

/// Checks that the errors of a program are those that it says it has.
#[track_caller]
fn check(name: &str, source: &str) {
    let errors = Project::new(name, "system", &["joblib", "serde"]).errors(source);
    let line_of = |line: usize| source.lines().nth(line.wrapping_sub(1)).unwrap_or_default();
    let mut wrong: Vec<String> = Vec::new();
    for CompileError { text, line } in &errors {
        match line_of(*line).split_once("//~ ") {
            Some((_, expected)) if text.contains(expected) => {}
            Some((_, expected)) => wrong.push(format!("line {line}: no {expected:?} in {text}")),
            None => wrong.push(format!("line {line}, {:?}: {text}", line_of(*line))),
        }
    }
    for (line, text) in (1..).zip(source.lines()).filter(|(_, text)| text.contains("//~ ")) {
        let count = errors.iter().filter(|error| error.line == line).count();
        if count != 1 {
            wrong.push(format!("line {line} has {count} errors: {}", text.trim()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn a_wrong_type_is_one_error_that_names_the_argument_the_result_or_the_error() {
    check("types", include_str!("types.rs"));
}

#[test]
fn what_no_task_can_be_made_of_is_one_error_at_its_place() {
    check("macros", include_str!("macros.rs"));
}

/// `cargo check` does not look at the size of closures.
#[test]
fn a_closure_that_captures_is_one_error_of_the_build_that_names_the_line_of_its_task() {
    let source = "use joblib::prelude::*;\n\
        fn main() {\n\
            let factor = std::env::args().count();\n\
            let scale = move |n: usize| n * factor;\n\
            let _ = Parallel::new().run([\n\
                delayed(scale, (1,)),\n\
            ]);\n\
        }\n";
    let project = Project::new("captures", "system", &["joblib"]);
    project.write("main.rs", source);
    let printed = project.refused("main.rs");
    assert_eq!(printed.matches("error[").count(), 1, "{printed}");
    assert!(printed.contains("a closure that captures nothing"), "{printed}");
    assert!(printed.contains("main.rs:6:"), "{printed}");
}

#[test]
fn what_can_not_be_cached_is_one_error_at_its_place_that_says_what_to_write() {
    check("cached", include_str!("cached.rs"));
}
