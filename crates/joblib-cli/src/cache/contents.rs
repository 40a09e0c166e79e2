//! What a cache holds, and the functions and results that a person names.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::{Duration, SystemTime};

use joblib_memory::{Metadata, StoredEntry};
use joblib_store::{Item, Store};
use rayon::prelude::*;

use crate::arguments;
use crate::failure::Failure;
use crate::text::count;

/// Bytes at the start of an entry that hold the times of most.
const HEAD: u64 = 16 * 1024;
/// Names that an error lists.
const NAMES: usize = 10;

/// All results of a store.
pub(crate) fn all(store: &dyn Store) -> Result<Vec<Item>, Failure> {
    of(store, |_| true)
}

/// The results that are `wanted`.
pub(crate) fn of(store: &dyn Store, wanted: impl Fn(&Item) -> bool) -> Result<Vec<Item>, Failure> {
    let mut items = Vec::new();
    store.visit(&mut |item| {
        if wanted(&item) {
            items.push(item);
        }
        ControlFlow::Continue(())
    })?;
    Ok(items)
}

/// The results of one function, which may be named by the end of its name.
pub(crate) fn of_function(store: &dyn Store, name: &str) -> Result<Vec<Item>, Failure> {
    let items = all(store)?;
    let function = function(&items, name)?;
    Ok(items.into_iter().filter(|item| item.version.function() == function).collect())
}

/// The whole name of a function among those with results.
pub(crate) fn function(items: &[Item], name: &str) -> Result<String, Failure> {
    let counted = functions(items);
    if counted.contains_key(name) {
        return Ok(name.to_owned());
    }
    let ends: Vec<&str> = counted
        .keys()
        .copied()
        .filter(|known| known.strip_suffix(name).is_some_and(|before| before.ends_with("::")))
        .collect();
    match ends.as_slice() {
        [only] => Ok((*only).to_owned()),
        [] => Err(Failure::Other(format!(
            "no function called {name} has results here; there {}",
            list(&counted)
        ))),
        several => Err(Failure::Other(format!("{name} is the end of several names: {}", several.join(", ")))),
    }
}

/// The functions and their numbers of results.
fn functions(items: &[Item]) -> BTreeMap<&str, usize> {
    let mut counted = BTreeMap::new();
    for item in items {
        *counted.entry(item.version.function()).or_default() += 1;
    }
    counted
}

fn list(counted: &BTreeMap<&str, usize>) -> String {
    if counted.is_empty() {
        return "are none: the cache is empty".to_owned();
    }
    let names: Vec<&str> = counted.keys().copied().take(NAMES).collect();
    let more = counted.len().saturating_sub(NAMES);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{} {}{more}", if counted.len() == 1 { "is" } else { "are" }, names.join(", "))
}

/// When each result had been computed and how long that took; `None` of those that can't be read.
pub(crate) fn times(store: &dyn Store, items: &[Item]) -> Vec<Option<(SystemTime, Duration)>> {
    items.par_iter().map(|item| StoredEntry::times(store.peek(&item.key(), HEAD).ok()??)).collect()
}

/// The metadata of each result; `None` of those that can't be read.
pub(crate) fn metadata<'i>(
    store: &dyn Store,
    items: impl IntoParallelIterator<Item = &'i Item, Iter: IndexedParallelIterator>,
) -> Vec<Option<Metadata>> {
    items.into_par_iter().map(|item| metadata_of(store, item)).collect()
}

pub(crate) fn metadata_of(store: &dyn Store, item: &Item) -> Option<Metadata> {
    [HEAD, u64::MAX].into_iter().find_map(|bytes| {
        let entry = StoredEntry::open(store.peek(&item.key(), bytes).ok()??).ok()?;
        Some(entry.metadata().clone())
    })
}

/// The arguments of a call as one text, within a number of characters.
pub(crate) fn arguments(metadata: &Metadata, most: usize) -> String {
    let named = metadata.arguments().iter().map(|argument| (argument.name(), argument.text()));
    arguments::within(&named, most)
}

/// Such as "3 results of 1.2 MB".
pub(crate) fn amount(items: u64, bytes: u64) -> String {
    let items = usize::try_from(items).unwrap_or(usize::MAX);
    format!("{} of {}", count(items, "result", "results"), crate::text::bytes(bytes))
}
