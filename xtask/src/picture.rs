//! `cargo xtask picture`: the picture in the guide of a run as a page, taken in a browser.

use crate::run::{Result, cargo, root, run};
use crate::test::WHAT;

/// The test that runs the study of the flights three times, and can picture the page of the last run.
const TEST: &str = "three_runs_of_the_study_say_what_was_recomputed_and_why";

/// Takes the picture with the browser that `JOBLIB_TEST_CHROMIUM` names, else `chromium`.
pub(crate) fn execute() -> Result {
    let mut test = cargo(&format!("test {WHAT} --test system {TEST}"));
    test.env("JOBLIB_TEST_SELECTION", WHAT).env("JOBLIB_TEST_PICTURE", root().join("docs/img/report.png"));
    run(&mut test)
}
