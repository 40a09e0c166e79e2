//! Where warnings of a cache go: to standard error, to `tracing` alone, or nowhere.

use joblib_memory::{Memory, Warnings};
use joblib_tests::child;
use joblib_tests::events::{Events, events};

/// Calls a function under two options that are not valid, which is warned about once each.
#[test]
#[ignore = "the role of a child process"]
fn call_with_invalid_options() {
    let said = child::argument();
    let told = Events::during("joblib::memory", || {
        let memory = Memory::with_backend("in_memory", "warnings").unwrap();
        let memory = match said.parse::<Warnings>() {
            Ok(warnings) => memory.warnings(warnings),
            Err(_) => memory,
        };
        for limit in ["10 apples", "9 pears"] {
            let double = memory.clone().bytes_limit(limit).cache("double", |x: u32| 2 * x);
            assert_eq!([double.eval((1,)), double.eval((1,))], [2, 2]);
        }
    });
    let told = events(&told);
    let count = |part: &str| told.iter().filter(|event| event.contains(part)).count();
    let heard = count("apples") > 0 && count("pears") > 0;
    assert_eq!(heard, std::env::var("EXPECTED_EVENTS").unwrap() == "yes", "{told:?}");
}

/// What the child prints on standard error, of `JOBLIB_WARNINGS` and what the program says.
fn printed(variable: Option<&str>, said: &str, events: &str) -> Vec<String> {
    let mut command = child::command(call_with_invalid_options, said);
    match variable {
        Some(value) => command.env("JOBLIB_WARNINGS", value),
        None => command.env_remove("JOBLIB_WARNINGS"),
    };
    let output = child::complete(command.env("EXPECTED_EVENTS", events));
    let text = String::from_utf8(output.stderr).unwrap();
    text.lines().filter(|line| line.contains("joblib")).map(str::to_owned).collect()
}

#[test]
fn warnings_go_where_the_program_or_else_the_environment_says() {
    for (variable, said) in [(None, ""), (Some("stderr"), ""), (Some("off"), "stderr")] {
        let lines = printed(variable, said, "yes");
        assert_eq!(lines.len(), 2, "{variable:?} {said:?}: {lines:?}");
        assert!(lines[0].starts_with("warning: joblib: ") && lines[0].contains("apples"), "{lines:?}");
        // The first line says how to be rid of them.
        assert!(lines[0].ends_with(" (JOBLIB_WARNINGS=events or off stops these lines)"), "{lines:?}");
        assert!(!lines[1].contains("JOBLIB_WARNINGS"), "{lines:?}");
    }
    for (variable, said, events) in
        [(Some("events"), "", "yes"), (None, "events", "yes"), (Some("off"), "", "no"), (None, "off", "no")]
    {
        assert_eq!(printed(variable, said, events), [""; 0], "{variable:?} {said:?}");
    }
}

#[test]
fn a_variable_that_says_something_else_is_told_once() {
    let lines = printed(Some("quiet"), "", "yes");
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(lines[0].contains("JOBLIB_WARNINGS: ") && lines[0].contains("found \"quiet\""), "{lines:?}");
}
