//! A program is edited and compiled again: what changes what it does is computed again, what does not is not.

use joblib_tests::project::Project;

/// The program around the functions under test: it calls `fit` and says what it got and how often bodies ran.
const MAIN: &str = r#"
use joblib_macros::{cached, tracked};
use joblib_memory::Memory;

fn main() {
    let memory = Memory::new(std::env::args().nth(1).unwrap()).unwrap();
    memory.install().unwrap();
    let value = fit(3.0, 2);
    let stats = fit::stats();
    println!("{value} {} {}", stats.hits, stats.misses);
}
"#;

const ORIGINAL: &str = r"
#[tracked(crate = joblib_memory)]
fn shift(x: f64) -> f64 { x + 1.0 }

#[cached(crate = joblib_memory, depends(shift))]
fn fit(x: f64, times: u32) -> f64 {
    let mut sum = 0.0;
    for _ in 0..times { sum += shift(x); }
    sum
}
";

const REFORMATTED: &str = r"
/// Moves x.
#[tracked(crate = joblib_memory)]
fn shift(
    x: f64, // what to move
) -> f64 {
    /* by one */
    x + 1.0
}

/// What `fit` does is told here at length,
/// in documentation that is new.
#[cached(crate = joblib_memory, depends(shift))]
#[allow(clippy::all)]
fn fit(
    x: f64,
    times: u32,
) -> f64 {
    // The sum of all.
    let mut sum = 0.0;

    for _ in 0..times {
        sum += shift(x);
    }
    sum
}
";

#[test]
fn an_edited_function_is_computed_again_and_a_reformatted_one_is_not() {
    let project = Project::new("edited", "system", &["joblib_macros", "joblib_memory"]);
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().to_str().unwrap();
    // Told by the program: the value, hits, misses.
    let run = |functions: &str| project.run(&format!("{MAIN}{functions}"), &[place]);
    assert_eq!(run(ORIGINAL), "8 0 1\n", "computed");
    assert_eq!(run(ORIGINAL), "8 1 0\n", "read by the next run");
    assert_eq!(run(REFORMATTED), "8 1 0\n", "layout and comments are not code");
    let body = ORIGINAL.replace("sum += shift(x);", "sum += 2.0 * shift(x);");
    assert_eq!(run(&body), "16 0 1\n", "the body is code");
    let helper = ORIGINAL.replace("x + 1.0", "x + 2.0");
    assert_eq!(run(&helper), "10 0 1\n", "the code of what it depends on is its code");
    let signature = ORIGINAL.replace("times: u32", "times: u64");
    assert_eq!(run(&signature), "8 0 1\n", "the signature is code");
    let version = ORIGINAL.replace("depends(shift)", "depends(shift), version = 2");
    assert_eq!(run(&version), "8 0 1\n", "a version is code");
    assert_eq!(run(ORIGINAL), "8 1 0\n", "an edit that is undone costs nothing");
    assert_eq!(run(&body), "16 1 0\n", "and neither does one that is done again");
}
