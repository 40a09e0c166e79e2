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
    /// What can't be read, and so was not verified.
    unread: &'a [String],
}

#[derive(Serialize)]
struct Damaged<'a> {
    function: &'a str,
    key: String,
    error: String,
}

/// What is wrong with a result.
enum Finding {
    Damaged(String),
    /// It can't be read, which says nothing of what it is.
    Unread(String),
}

pub(crate) fn run(
    options: &Verify,
    store: &dyn Store,
    json: bool,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let mut contents = contents::all(store)?;
    let items = std::mem::take(&mut contents.items);
    interrupt::catch();
    let bar = progress::bar(items.len(), "Verifying");
    let verified = AtomicUsize::new(0);
    let verify = |item| {
        if interrupt::pressed() {
            return Ok(None);
        }
        let found = check(store, item)?;
        if !matches!(found, Some(Finding::Unread(_))) {
            verified.fetch_add(1, Ordering::Relaxed);
        }
        bar.inc(1);
        Ok(found.map(|found| (item, found)))
    };
    let checked: Result<Vec<Option<(&Item, Finding)>>, Failure> =
        contents::at_once(store, || items.par_iter().map(verify).collect());
    bar.finish_and_clear();
    let verified = verified.into_inner();
    let mut damaged = Vec::new();
    for (item, found) in checked?.into_iter().flatten() {
        match found {
            Finding::Damaged(error) => damaged.push((item, error)),
            Finding::Unread(error) => {
                let function = item.version.function();
                contents.note_unread(format!("{function}, result {}: {error}", key::whole(item)));
            }
        }
    }
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
        document::print(&Report { verified, damaged, deleted, unread: contents.unread() }, out)?;
    } else {
        let fixed = if options.fix { format!(", {deleted} deleted") } else { String::new() };
        writeln!(out, "{} verified, {number} damaged{fixed}", count(verified, "result", "results"))?;
    }
    let unread = contents.end();
    match number {
        1.. if !options.fix => {
            Err(Failure::Other(format!("{number} of {verified} are damaged; --fix deletes them")))
        }
        _ => unread,
    }
}

/// What is wrong with a result, if anything is. One that is gone meanwhile is not damaged.
fn check(store: &dyn Store, item: &Item) -> Result<Option<Finding>, Failure> {
    let blob = match store.peek(&item.key(), u64::MAX) {
        Ok(Some(blob)) => blob,
        Ok(None) => return Ok(None),
        Err(error) if error.subject() == Subject::Entry => {
            return Ok(Some(Finding::Damaged(error.to_string())));
        }
        // It is of another user: others may be of this one.
        Err(error) if error.is_read_only() => return Ok(Some(Finding::Unread(error.to_string()))),
        Err(error) => return Err(error.into()),
    };
    Ok(StoredEntry::verify(blob).err().map(|error| match error.io_kind() {
        Some(_) => Finding::Unread(error.to_string()),
        None => Finding::Damaged(error.to_string()),
    }))
}
