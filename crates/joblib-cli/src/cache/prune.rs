//! `joblib cache prune`.

use std::collections::{BTreeMap, HashMap};
use std::io::Write;
use std::time::SystemTime;

use joblib_memory::StoredEntry;
use joblib_store::{ByteSize, Candidate, Item, Limits, Policy, Store, Usage, choose};
use rayon::prelude::*;
use serde::Serialize;

use super::args::Prune;
use super::contents;
use super::rm::Deleted;
use crate::confirm::confirm;
use crate::document;
use crate::failure::Failure;
use crate::interrupt;
use crate::progress;
use crate::style::Style;
use crate::table::Table;
use crate::text::{self, bytes};

/// Results that are deleted in one step: few enough to stop soon after Ctrl-C, and to hold the store's lock
/// for a moment only.
const STEP: usize = 500;
/// Bytes at the start of an entry that tell what it cost.
const HEAD: u64 = 16 * 1024;

pub(crate) fn run(
    options: &Prune,
    store: &dyn Store,
    json: bool,
    style: Style,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let limits = limits(options);
    let contents = contents::all(store)?;
    let items = &contents.items;
    let candidates: Vec<Candidate> =
        contents::at_once(store, || items.par_iter().map(|item| candidate(store, item, &limits)).collect());
    let usage = items.iter().fold(Usage::default(), |usage, item| Usage {
        bytes: usage.bytes + item.bytes,
        items: usage.items + 1,
    });
    let chosen: Vec<Item> =
        choose(&candidates, usage, &limits).into_iter().map(|index| items[index].clone()).collect();
    if options.dry_run {
        show(&chosen, json, style, out)?;
        return contents.end();
    }
    if !chosen.is_empty() {
        let size = bytes(chosen.iter().map(|item| item.bytes).sum());
        let (all, results) = (items.len(), text::count(chosen.len(), "result", "results"));
        confirm(&format!("Delete {results} ({size}) of {all}?"), options.yes)?;
    }
    evict(store, &chosen)?.print(json, out)?;
    contents.end()
}

fn limits(options: &Prune) -> Limits {
    let policy = if options.cost_aware { Policy::CostAware } else { Policy::LeastRecentlyUsed };
    let mut limits = Limits::default()
        .superseded_age_limit(options.superseded_age)
        .policy(policy)
        .as_of(SystemTime::now());
    limits.bytes = options.bytes.map(ByteSize::bytes);
    limits.items = options.items;
    limits.age = options.age;
    limits
}

fn candidate(store: &dyn Store, item: &Item, limits: &Limits) -> Candidate {
    let cost = || StoredEntry::times(store.peek(&item.key(), HEAD).ok()??).map(|(_, cost)| cost);
    let cost = if limits.policy == Policy::CostAware { cost() } else { None };
    Candidate { bytes: item.bytes, idle: limits.idle(item.used), cost, current: item.current }
}

/// Deletes in steps, each of which is complete when the next begins.
fn evict(store: &dyn Store, chosen: &[Item]) -> Result<Deleted, Failure> {
    interrupt::catch();
    let bar = progress::bar(chosen.len(), "Deleting");
    let mut deleted = Deleted { results: 0, bytes: 0 };
    for step in chosen.chunks(STEP) {
        interrupt::check(|| {
            format!("deleted {}; the rest is as it was", contents::amount(deleted.results, deleted.bytes))
        })?;
        let reduced = store.evict(step)?;
        deleted.results += reduced.items;
        deleted.bytes += reduced.bytes;
        bar.inc(step.len() as u64);
    }
    bar.finish_and_clear();
    if deleted.results < chosen.len() as u64 {
        delete_rest(store, chosen, &mut deleted)?;
    }
    Ok(deleted)
}

/// Deletes what is still there and was not used meanwhile, or says why it can't be deleted.
fn delete_rest(store: &dyn Store, chosen: &[Item], deleted: &mut Deleted) -> Result<(), Failure> {
    let id = |item: &Item| (item.version.path().to_owned(), item.call);
    let used: HashMap<_, _> = chosen.iter().map(|item| (id(item), item.used)).collect();
    let left = contents::of(store, |item| used.get(&id(item)).is_some_and(|used| item.used <= *used))?.items;
    for (place, item) in left.iter().enumerate() {
        let removed = store.remove(&item.key()).map_err(|error| {
            Failure::Other(format!(
                "deleted {}; {} can't be deleted: {error}",
                contents::amount(deleted.results, deleted.bytes),
                text::count(left.len() - place, "result", "results")
            ))
        })?;
        if removed {
            deleted.results += 1;
            deleted.bytes += item.bytes;
        }
    }
    Ok(())
}

#[derive(Serialize)]
struct Plan<'a> {
    results: usize,
    bytes: u64,
    functions: &'a [Part],
}

/// What would be deleted of a function.
#[derive(Serialize)]
struct Part {
    function: String,
    results: u64,
    bytes: u64,
}

fn show(chosen: &[Item], json: bool, style: Style, out: &mut dyn Write) -> Result<(), Failure> {
    let mut parts: BTreeMap<&str, Part> = BTreeMap::new();
    for item in chosen {
        let function = item.version.function();
        let part = parts.entry(function).or_insert_with(|| Part {
            function: function.to_owned(),
            results: 0,
            bytes: 0,
        });
        part.results += 1;
        part.bytes += item.bytes;
    }
    let parts: Vec<Part> = parts.into_values().collect();
    let total = parts.iter().map(|part| part.bytes).sum();
    if json {
        return document::print(&Plan { results: chosen.len(), bytes: total, functions: &parts }, out);
    }
    writeln!(out, "would delete {}", contents::amount(chosen.len() as u64, total))?;
    if !parts.is_empty() {
        let mut table = Table::new(&["FUNCTION", " RESULTS", " SIZE"]);
        for part in parts {
            table.row([part.function, part.results.to_string(), bytes(part.bytes)]);
        }
        table.print(style, out)?;
    }
    Ok(())
}
