//! `joblib cache verify`.

use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};

use joblib_memory::StoredEntry;
use joblib_store::{Item, Store, Subject};
use rayon::prelude::*;
use serde::Serialize;

use super::args::Verify;
use super::{contents, key};
use crate::confirm::confirm;
use crate::document;
use crate::failure::Failure;
use crate::interrupt;
use crate::progress;
use crate::text::{Visible, count};

#[derive(Serialize)]
struct Report<'a> {
    verified: usize,
    damaged: Vec<Damaged<'a>>,
    /// How many of them were deleted.
    deleted: usize,
}

#[derive(Serialize)]
struct Damaged<'a> {
    function: &'a str,
    key: String,
    error: String,
}

pub(crate) fn run(
    options: &Verify,
    store: &dyn Store,
    json: bool,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let items = contents::all(store)?;
    interrupt::catch();
    let bar = progress::bar(items.len(), "Verifying");
    let verified = AtomicUsize::new(0);
    let verify = |item| {
        if interrupt::pressed() {
            return Ok(None);
        }
        let damage = check(store, item)?;
        verified.fetch_add(1, Ordering::Relaxed);
        bar.inc(1);
        Ok(damage.map(|error| (item, error)))
    };
    let checked: Result<Vec<Option<(&Item, String)>>, Failure> =
        contents::at_once(store, || items.par_iter().map(verify).collect());
    bar.finish_and_clear();
    let (verified, damaged) = (verified.into_inner(), checked?.into_iter().flatten().collect::<Vec<_>>());
    if !json {
        for (item, error) in &damaged {
            let function = Visible(item.version.function());
            eprintln!("joblib: {function}, result {}: {}", key::whole(item), Visible(error));
        }
    }
    interrupt::check(|| {
        format!("verified {verified} of {}, of which {} are damaged", items.len(), damaged.len())
    })?;
    let mut deleted = 0;
    if options.fix && !damaged.is_empty() {
        let results = count(damaged.len(), "damaged result", "damaged results");
        confirm(&format!("Delete {results}?"), options.yes)?;
        for (item, _) in &damaged {
            deleted += usize::from(store.remove(&item.key())?);
        }
    }
    let number = damaged.len();
    if json {
        let damaged = damaged
            .iter()
            .map(|(item, error)| Damaged {
                function: item.version.function(),
                key: key::whole(item),
                error: error.clone(),
            })
            .collect();
        document::print(&Report { verified, damaged, deleted }, out)?;
    } else {
        let fixed = if options.fix { format!(", {deleted} deleted") } else { String::new() };
        writeln!(out, "{} verified, {number} damaged{fixed}", count(verified, "result", "results"))?;
    }
    match number {
        1.. if !options.fix => {
            Err(Failure::Other(format!("{number} of {verified} are damaged; --fix deletes them")))
        }
        _ => Ok(()),
    }
}

/// What is wrong with a result, if anything is. One that is gone meanwhile is not damaged.
fn check(store: &dyn Store, item: &Item) -> Result<Option<String>, Failure> {
    let blob = match store.peek(&item.key(), u64::MAX) {
        Ok(Some(blob)) => blob,
        Ok(None) => return Ok(None),
        Err(error) if error.subject() == Subject::Entry => return Ok(Some(error.to_string())),
        Err(error) => return Err(error.into()),
    };
    Ok(StoredEntry::verify(blob).err().map(|error| error.to_string()))
}
