//! `cargo xtask docs`: rustdoc builds without a warning, and the documents say what is true: of the files they point to,
//! of joblib, and of our tests.

mod book;
mod chapters;
mod contents;
mod crates;
mod design;
mod ecosystem;
mod from_python;
mod joblib_tests;
mod links;
mod markdown;
mod table;
mod width;

use crate::run::{Result, cargo, run};
use crate::venv::Venv;

/// Builds rustdoc, then runs every check of the documents and reports all that is wrong at once. With `pages`, only the
/// checks that take no time.
pub(crate) fn execute(pages: bool) -> Result {
    let mut wrong = Vec::new();
    if !pages {
        let rustdoc = "doc --workspace --exclude xtask --exclude joblib-bench --no-deps --all-features";
        run(cargo(rustdoc).env("RUSTDOCFLAGS", "-D warnings"))?;
    }
    links::check(&mut wrong)?;
    contents::check(&mut wrong)?;
    chapters::check(&mut wrong)?;
    book::check(&mut wrong)?;
    width::check(&mut wrong)?;
    design::check(&mut wrong)?;
    crates::check(&mut wrong)?;
    ecosystem::check(&mut wrong)?;
    if !pages {
        let python = Venv::Today.python()?;
        from_python::check(&python, &mut wrong)?;
        joblib_tests::check(&python, &mut wrong)?;
    }
    if wrong.is_empty() {
        eprintln!("documents: all checks passed");
        return Ok(());
    }
    for line in &wrong {
        eprintln!("{line}");
    }
    Err(format!("{} statements of the documents do not hold", wrong.len()))
}
