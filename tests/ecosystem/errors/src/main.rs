//! Functions that fail with the errors of anyhow, eyre and thiserror: an error is not stored, and goes up with `?` beside the
//! errors of joblib.

use anyhow::{Context, ensure};
use joblib::prelude::*;

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("no number in {0:?}")]
    NoNumber(String),
    #[error("the step failed")]
    Step(#[from] joblib::persist::Error),
}

#[cached]
fn root(x: f64) -> anyhow::Result<f64> {
    ensure!(x >= 0.0, "{x} has no root");
    Ok(x.sqrt())
}

#[cached]
fn length(text: &str) -> eyre::Result<usize> {
    if text.is_empty() {
        eyre::bail!("an empty text");
    }
    Ok(text.len())
}

#[cached]
fn number(text: &str) -> Result<f64, Error> {
    text.parse().map_err(|_| Error::NoNumber(text.to_owned()))
}

fn read(path: &str) -> anyhow::Result<Vec<f64>> {
    load(path).with_context(|| format!("the numbers of {path}"))
}

/// Errors that cross processes have a text that serde can carry.
fn checked(x: f64) -> Result<f64, String> {
    root(x).map_err(|error| format!("{error:#}"))
}

fn steps() -> Result<f64, Error> {
    let number = number("2.25")?;
    dump(&vec![number], "numbers.joblib")?;
    Ok(number)
}

fn eyre_steps() -> eyre::Result<usize> {
    dump(&1, "one.joblib")?;
    length("four")
}

fn main() -> anyhow::Result<()> {
    let again = std::env::args().nth(1).as_deref() == Some("again");
    Memory::new("cache")?.install()?;

    assert_eq!(root(2.25)?, 1.5);
    assert_eq!(root(-1.0).unwrap_err().to_string(), "-1 has no root");
    assert_eq!(steps()?, 2.25);
    assert!(matches!(number("two"), Err(Error::NoNumber(text)) if text == "two"));
    assert_eq!(eyre_steps().expect("no step fails"), 4);
    assert!(length("").is_err());
    assert_eq!([root::stats().hits, number::stats().hits, length::stats().hits], [u64::from(again); 3]);

    assert_eq!(read("numbers.joblib")?, [2.25]);
    let error = read("missing.joblib").unwrap_err();
    assert!(format!("{error:#}").starts_with("the numbers of missing.joblib: "), "{error:#}");
    let error =
        error.downcast_ref::<joblib::persist::Error>().or(error.chain().find_map(|e| e.downcast_ref()));
    assert!(error.is_some(), "the cause is that of `load`");

    let parallel = Parallel::new().n_jobs(2).backend("loky");
    let roots = parallel.try_run([4.0, 9.0].map(|x| delayed!(checked(x)))).context("all roots")?;
    assert_eq!(roots, [2.0, 3.0]);
    let error = parallel.try_run([4.0, -9.0].map(|x| delayed!(checked(x)))).unwrap_err();
    assert!(error.to_string().contains("-9 has no root"), "{error}");
    Ok(())
}
