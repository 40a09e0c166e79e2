//! The part of a panicking thread's stack that is the task's: what lies between this crate, which called it, and the
//! panic's own machinery. As the standard library does where it prints a stack itself.

use std::backtrace::Backtrace;
use std::fmt::Write;

use super::name::readable;

/// The last function of the panic's machinery, which the standard library names so for this use.
const PANIC: &str = "__rust_end_short_backtrace";

/// The first function that this crate calls a task by: `panics` has it.
const TASK: &str = "__rust_begin_short_backtrace";

/// A stack as text, all of it only where `RUST_BACKTRACE=full` asks for that. It is of a panic at `location` in a task of
/// `function`.
pub(crate) fn of_task(backtrace: &Backtrace, function: &str, location: Option<&str>) -> String {
    let text = backtrace.to_string();
    // The first of them decides alone where it is set, as for the capture.
    let wanted = std::env::var_os("RUST_LIB_BACKTRACE").or_else(|| std::env::var_os("RUST_BACKTRACE"));
    if wanted.is_some_and(|value| value == "full") { text } else { shorten(&text, function, location) }
}

/// A function on the stack, and the line after it that says where it is.
struct Frame<'a> {
    function: &'a str,
    location: Option<&'a str>,
}

/// The task's frames of a whole stack; the whole stack where they can't be told from others.
fn shorten(text: &str, function: &str, panic: Option<&str>) -> String {
    let frames = parse(text);
    let start = frames.iter().position(|frame| frame.function.contains(PANIC)).map_or(0, |last| last + 1);
    let task = &frames[start..];
    let Some(end) = task.iter().position(|frame| frame.function.contains(TASK)) else {
        return text.to_owned();
    };
    // Where names have paths, what this crate calls the task through is left out as well.
    let own = task[..end].iter().rposition(|frame| !leads_to_task(frame.function));
    let task = &task[..own.map_or(end, |last| last + 1)];
    let mut short = String::new();
    for (i, Frame { function, location }) in task.iter().enumerate() {
        // Writing to a String can't fail.
        let _ = writeln!(short, "{i:>4}: {function}");
        if let Some(location) = location {
            let _ = writeln!(short, "{location}");
        }
    }
    // The compiler may have left of the function nothing but its part in a frame of ours, without a name. What is known
    // without the stack is shown in its stead.
    if task.iter().all(|frame| is_std(frame.function)) {
        let _ = writeln!(short, "{:>4}: {}", task.len(), readable(function));
        if let Some(panic) = panic {
            let _ = writeln!(short, "             at {panic}");
        }
    }
    short.push_str("(the frames around the task are shown with RUST_BACKTRACE=full)");
    short
}

/// Whether a function is of the standard library: its name says so where it has a path.
fn is_std(function: &str) -> bool {
    let path = function.trim_start_matches('<');
    ["core::", "std::", "alloc::", "rust_begin_unwind", "__rustc::"]
        .iter()
        .any(|start| path.starts_with(start))
}

fn parse(text: &str) -> Vec<Frame<'_>> {
    let mut frames: Vec<Frame<'_>> = Vec::new();
    for line in text.lines() {
        let trimmed = line.trim_start();
        match frames.last_mut() {
            Some(frame) if trimmed.starts_with("at ") => frame.location = Some(line),
            // A function that was inlined has no number.
            _ => frames.push(Frame {
                function: trimmed.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start_matches(": "),
                location: None,
            }),
        }
    }
    frames
}

/// Whether a function next to the task's begin is of this crate, or a call through a trait of the standard library.
fn leads_to_task(function: &str) -> bool {
    names(function, concat!(env!("CARGO_CRATE_NAME"), "::")) || names(function, "core::ops::function::")
}

/// Whether `path` stands in a function's name as a whole path, and not as the end of a longer name.
fn names(function: &str, path: &str) -> bool {
    let goes_on = |before: &str| before.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':');
    function.match_indices(path).any(|(at, _)| !goes_on(&function[..at]))
}

#[cfg(test)]
mod tests {
    use super::shorten;

    const WHOLE: &str = "   0: joblib_parallel::panics::keep
             at ./src/panics.rs:34:21
   1: std::panicking::begin_panic_handler::{{closure}}
   2: std::sys::backtrace::__rust_end_short_backtrace
             at /rustc/library/std/src/sys/backtrace.rs:182:18
   3: core::panicking::panic_fmt
   4: study::invert
             at ./src/main.rs:4:5
      study::row
             at ./src/main.rs:9:5
   5: core::ops::function::Fn::call
             at /rustc/library/core/src/ops/function.rs:79:5
   6: <F as joblib_parallel::delayed::Function<(A,)>>::call
             at ./src/delayed.rs:55:17
   7: joblib_parallel::panics::__rust_begin_short_backtrace
   8: rayon_core::registry::WorkerThread::wait_until_cold
   9: std::thread::start
";

    #[test]
    fn only_the_frames_between_the_crate_and_the_panic_are_kept() {
        let expected = "   0: core::panicking::panic_fmt
   1: study::invert
             at ./src/main.rs:4:5
   2: study::row
             at ./src/main.rs:9:5
(the frames around the task are shown with RUST_BACKTRACE=full)";
        assert_eq!(shorten(WHOLE, "study::row", None), expected);
    }

    #[test]
    fn a_task_whose_crate_is_only_named_alike_is_kept() {
        let alike = WHOLE.replace("study::", "my_joblib_parallel::");
        let short = shorten(&alike, "my_joblib_parallel::row", None);
        assert!(short.contains("my_joblib_parallel::row"), "{short}");
    }

    #[test]
    fn a_stack_without_names_is_kept_whole() {
        let unknown = "   0: <unknown>\n   1: <unknown>\n";
        assert_eq!(shorten(unknown, "study::row", None), unknown);
    }

    #[test]
    fn a_task_that_the_compiler_left_without_a_frame_is_named_all_the_same() {
        let inlined: String = WHOLE
            .split_inclusive('\n')
            .filter(|line| !line.contains("study") && !line.contains("main"))
            .collect();
        let short = shorten(&inlined, "study::row", Some("src/main.rs:4:5"));
        assert!(short.contains("1: study::row\n             at src/main.rs:4:5\n"), "{short}");
    }
}
