//! `joblib cache check`.

use std::io::Write;

use super::args::Check;
use crate::failure::Failure;

/// Checks a bucket; fails when it can't be used, or when its claims don't hold.
#[cfg(feature = "object")]
pub(super) fn run(options: &Check, json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    use joblib_store::{ObjectStore, Store, StoreOptions};
    #[derive(serde::Serialize)]
    struct Checked<'a> {
        location: &'a str,
        put_seconds: f64,
        get_seconds: f64,
        rounds: usize,
        created_once: usize,
        replaced_once: usize,
        atomic: bool,
    }
    let failure = |error: joblib_store::Error| Failure::Other(error.to_string());
    let (backend, opened) = StoreOptions::new(&options.bucket).by_location().map_err(failure)?;
    if backend != "object" {
        return Err(Failure::Usage(format!(
            "{} is a folder, whose claims are the system's; this checks buckets, such as s3://bucket/prefix",
            options.bucket.display()
        )));
    }
    let store = ObjectStore::open(&opened).map_err(failure)?;
    let found = store.check(options.rounds.into()).map_err(failure)?;
    let checked = Checked {
        location: store.location(),
        put_seconds: found.put.as_secs_f64(),
        get_seconds: found.get.as_secs_f64(),
        rounds: found.rounds,
        created_once: found.created_once,
        replaced_once: found.replaced_once,
        atomic: found.is_atomic(),
    };
    if json {
        crate::document::print(&checked, out)?;
    } else {
        let Checked { location, put_seconds, get_seconds, rounds, created_once, replaced_once, .. } = checked;
        writeln!(out, "{}: can be read and written", crate::text::Visible(location))?;
        let (put, get) = (1e3 * put_seconds, 1e3 * get_seconds);
        writeln!(out, "writing 1 KB took {put:.1} ms, reading it {get:.1} ms")?;
        writeln!(out, "eight writers of a new object: one of them won in {created_once} of {rounds} rounds")?;
        writeln!(out, "eight that replace an object: one of them won in {replaced_once} of {rounds} rounds")?;
    }
    if checked.atomic {
        return Ok(());
    }
    let reason = if found.conditional {
        "the server is not atomic: it let several writers win"
    } else {
        "the server has no conditional writes"
    };
    Err(Failure::Other(format!(
        "{}: {reason}; results stay right, and some are computed on several machines",
        checked.location
    )))
}

/// Says what is missing.
#[cfg(not(feature = "object"))]
pub(super) fn run(options: &Check, _: bool, _: &mut dyn Write) -> Result<(), Failure> {
    let Check { bucket, rounds: _ } = options;
    Err(Failure::Other(format!(
        "{} can't be checked, as this command was built without the clients of object stores: cargo install joblib-cli \
         --features s3,gcs,azure",
        bucket.display()
    )))
}
