//! What a cache holds, and the functions and results that a person names.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::{Duration, SystemTime};

use indicatif::ProgressBar;
use joblib_memory::{Metadata, StoredEntry};
use joblib_store::{Blob, Item, Key, Store};
use rayon::prelude::*;

use crate::arguments;
use crate::failure::Failure;
use crate::progress;
use crate::text::{Visible, count};

/// Bytes at the start of an entry that hold the times of most.
const HEAD: u64 = 16 * 1024;
/// Requests to a bucket that are under way at a time.
const REQUESTS: usize = 32;
/// Places that can't be read that are told one by one.
const UNREAD: usize = 20;
/// Results beyond which reading the beginnings of their files takes time.
const MANY: usize = 50_000;
/// Names that an error lists.
const NAMES: usize = 10;

/// Results of a store, and what of it can't be read.
#[derive(Debug)]
pub(crate) struct Contents {
    pub(crate) items: Vec<Item>,
    unread: Vec<String>,
}

impl Contents {
    /// What can't be read, for programs.
    pub(crate) fn unread(&self) -> &[String] {
        &self.unread
    }

    /// Notes something else that can't be read.
    pub(crate) fn note_unread(&mut self, reason: String) {
        if self.unread.len() < UNREAD {
            eprintln!("joblib: {}", Visible(&reason));
        }
        self.unread.push(reason);
    }

    /// Fails if something could not be read, after all else was done.
    pub(crate) fn end(&self) -> Result<(), Failure> {
        let more = self.unread.len().saturating_sub(UNREAD);
        if more > 0 {
            eprintln!("joblib: … {more} more");
        }
        match self.unread.len() {
            0 => Ok(()),
            number => Err(Failure::Other(format!(
                "{} can't be read, and what is there is left out",
                count(number, "place of the cache", "places of the cache")
            ))),
        }
    }
}

/// All results of a store.
pub(crate) fn all(store: &dyn Store) -> Result<Contents, Failure> {
    of(store, |_| true)
}

/// The results that are `wanted`. What can't be read is told at once, and [`Contents::end`] tells the status.
pub(crate) fn of(store: &dyn Store, wanted: impl Fn(&Item) -> bool) -> Result<Contents, Failure> {
    let mut items = Vec::new();
    let unread = store.visit(&mut |item| {
        if wanted(&item) {
            items.push(item);
        }
        ControlFlow::Continue(())
    })?;
    let mut contents = Contents { items, unread: Vec::new() };
    for error in unread {
        contents.note_unread(error.to_string());
    }
    Ok(contents)
}

/// The results of one function, which may be named by the end of its name.
pub(crate) fn of_function(store: &dyn Store, name: &str) -> Result<Contents, Failure> {
    let mut contents = all(store)?;
    let function = function(&contents.items, name)?;
    contents.items.retain(|item| item.version.function() == function);
    Ok(contents)
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

/// Does something that reads many results in parallel. Those of a bucket are waited for, and not computed: more at once
/// than there are processors.
pub(crate) fn at_once<T: Send>(store: &dyn Store, work: impl FnOnce() -> T + Send) -> T {
    if !is_remote(store) {
        return work();
    }
    match rayon::ThreadPoolBuilder::new().num_threads(REQUESTS).build() {
        Ok(pool) => pool.install(work),
        // Slower is better than not at all.
        Err(_) => work(),
    }
}

/// Whether each result costs a request to another machine.
fn is_remote(store: &dyn Store) -> bool {
    store.backend() == "object"
}

/// The progress bar of reading the beginnings of results, where that takes time.
fn bar(store: &dyn Store, results: usize) -> ProgressBar {
    if is_remote(store) || results > MANY { progress::bar(results, "Reading") } else { ProgressBar::hidden() }
}

/// When each result had been computed and how long that took; `None` of those that can't be read.
pub(crate) fn times(store: &dyn Store, items: &[Item]) -> Vec<Option<(SystemTime, Duration)>> {
    let bar = bar(store, items.len());
    let times = |items: &[Item]| -> Vec<_> {
        bar.inc(items.len() as u64);
        let keys: Vec<Key> = items.iter().map(Item::key).collect();
        let heads = match keys.as_slice() {
            [key] => vec![store.peek(key, HEAD)],
            keys => store.peek_all(keys, HEAD),
        };
        let whole = |key: &Key| StoredEntry::times(store.peek(key, u64::MAX).ok()??);
        let times = |(head, key): (Result<Option<Blob>, joblib_store::Error>, &Key)| {
            StoredEntry::times(head.ok()??).or_else(|| whole(key))
        };
        heads.into_iter().zip(&keys).map(times).collect()
    };
    let all = at_once(store, || items.par_chunks(together(store)).flat_map_iter(times).collect());
    bar.finish_and_clear();
    all
}

/// Results that one thread asks a store for at a time. One of a folder is a file that is open until it is read.
fn together(store: &dyn Store) -> usize {
    if store.backend() == "sqlite" { 64 } else { 1 }
}

/// The metadata of each result; `None` of those that can't be read.
pub(crate) fn metadata<'i>(
    store: &dyn Store,
    items: impl IntoParallelIterator<Item = &'i Item, Iter: IndexedParallelIterator>,
) -> Vec<Option<Metadata>> {
    let items = items.into_par_iter();
    let bar = bar(store, items.len());
    let metadata = |item: &Item| {
        bar.inc(1);
        metadata_of(store, item)
    };
    let all = at_once(store, || items.map(metadata).collect());
    bar.finish_and_clear();
    all
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
