//! `cargo xtask docs`: rustdoc builds without a warning, and the documents say what is true: of the files they point to,
//! of joblib, and of our tests.

mod design;
mod from_python;
mod joblib_tests;
mod links;
mod table;
mod width;

use crate::run::{Result, cargo, run};
use crate::venv::Venv;

/// Builds rustdoc, then runs every check of the documents and reports all that is wrong at once.
pub(crate) fn execute() -> Result {
    let rustdoc = "doc --workspace --exclude xtask --exclude joblib-bench --no-deps --all-features";
    run(cargo(rustdoc).env("RUSTDOCFLAGS", "-D warnings"))?;
    let mut wrong = Vec::new();
    links::check(&mut wrong)?;
    width::check(&mut wrong)?;
    design::check(&mut wrong)?;
    let python = Venv::Today.python()?;
    from_python::check(&python, &mut wrong)?;
    joblib_tests::check(&python, &mut wrong)?;
    if wrong.is_empty() {
        eprintln!("documents: all checks passed");
        return Ok(());
    }
    for line in &wrong {
        eprintln!("{line}");
    }
    Err(format!("{} statements of the documents do not hold", wrong.len()))
}
