//! `joblib cache import`.

use std::io::Write;
use std::sync::Arc;

use joblib_memory::StoredEntry;
use joblib_persist::{LoadOptions, NativeReader};
use joblib_store::{Blob, FunctionVersion, Item, Key, Store};
use serde::Serialize;

use super::args::Import;
use super::contents;
use super::transfer::{Exported, FORMAT, Header, VERSION};
use crate::document;
use crate::failure::Failure;
use crate::interrupt;
use crate::progress;
use crate::text::{Visible, count};

#[derive(Serialize)]
struct Report<'a> {
    function: &'a str,
    imported: u64,
    bytes: u64,
    /// Results that were there already, and stay as they were.
    present: u64,
    /// Results that are damaged, or of another function than the file says.
    refused: u64,
}

pub(crate) fn run(
    options: &Import,
    store: &dyn Store,
    json: bool,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let path = options.input.display();
    let mut reader = NativeReader::open(&options.input, &LoadOptions::new())?;
    let no_export = || Failure::Other(format!("{path}: not a file that `joblib cache export` wrote"));
    let header: Header = reader.next().ok().flatten().ok_or_else(no_export)?;
    if header.format != FORMAT {
        return Err(no_export());
    }
    if header.version != VERSION {
        return Err(Failure::Other(format!(
            "{path}: the file has version {} of its layout; this command knows version {VERSION}",
            header.version
        )));
    }
    let versions = versions(&header).ok_or_else(no_export)?;
    let before = latest(store, &header.function)?;
    let mut report = Report { function: &header.function, imported: 0, bytes: 0, present: 0, refused: 0 };
    let all = import(&mut reader, &header, &versions, store, &mut report);
    // Also where the file is damaged or the work was interrupted: what was imported until then stays.
    keep_latest(store, before.as_ref(), &header.function)?;
    store.flush()?;
    if !all? {
        return Err(no_export());
    }
    print(&report, json, out)
}

/// Imports all results; returns whether the file names a version of the code for each.
fn import(
    reader: &mut NativeReader<'_>,
    header: &Header,
    versions: &[Arc<FunctionVersion>],
    store: &dyn Store,
    report: &mut Report<'_>,
) -> Result<bool, Failure> {
    interrupt::catch();
    let bar = progress::bar(usize::try_from(header.results).unwrap_or(usize::MAX), "Importing");
    while let Some(Exported { version, call, entry }) = reader.next()? {
        interrupt::check(|| {
            format!("imported {}, each of them whole", contents::amount(report.imported, report.bytes))
        })?;
        bar.inc(1);
        let Some(version) = versions.get(version as usize) else { return Ok(false) };
        let key = Key::new(version, call);
        if store.contains(&key)? {
            report.present += 1;
        } else if is_sound(&entry, version) {
            report.bytes += store.put(&key, &mut |out| out.write_all(&entry))?;
            report.imported += 1;
        } else {
            report.refused += 1;
        }
    }
    bar.finish_and_clear();
    Ok(true)
}

fn versions(header: &Header) -> Option<Vec<Arc<FunctionVersion>>> {
    let version = |code: &str, source: &str| {
        let code = u128::from_str_radix(code, 16).ok()?;
        Some(FunctionVersion::new(header.function.clone(), code, source))
    };
    header.versions.iter().map(|given| version(&given.code, &given.source)).collect()
}

/// Whether an entry is undamaged, and a result of this version of the function.
fn is_sound(entry: &[u8], version: &FunctionVersion) -> bool {
    let blob = || Blob::Bytes(entry.into());
    StoredEntry::verify(blob()).is_ok()
        && StoredEntry::open(blob()).is_ok_and(|entry| {
            let metadata = entry.metadata();
            metadata.function() == version.function() && metadata.code() == version.code()
        })
}

/// A result of the code that the function has in this cache.
fn latest(store: &dyn Store, function: &str) -> Result<Option<Item>, Failure> {
    let latest = contents::of(store, |item| item.current && item.version.function() == function)?;
    Ok(latest.items.into_iter().max_by_key(|item| item.used))
}

/// Has the code that the function had here stay its latest: a store takes that of the last result for it, and
/// drops results of other code sooner.
fn keep_latest(store: &dyn Store, before: Option<&Item>, function: &str) -> Result<(), Failure> {
    let Some(before) = before else { return Ok(()) };
    let now = latest(store, function)?;
    if now.is_none_or(|now| now.version.path() == before.version.path()) {
        return Ok(());
    }
    let Some(blob) = store.peek(&before.key(), u64::MAX)? else { return Ok(()) };
    let bytes = blob.into_bytes().map_err(|error| Failure::Other(error.to_string()))?;
    store.put(&before.key(), &mut |out| out.write_all(&bytes))?;
    Ok(())
}

fn print(report: &Report<'_>, json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    if json {
        document::print(report, out)?;
    } else {
        let amount = contents::amount(report.imported, report.bytes);
        let present = match report.present {
            0 => String::new(),
            present => format!(", {present} were there already"),
        };
        writeln!(out, "imported {amount} of {}{present}", Visible(report.function))?;
    }
    match usize::try_from(report.refused).unwrap_or(usize::MAX) {
        0 => Ok(()),
        refused => Err(Failure::Other(format!(
            "{} damaged or not of the function that the file names, and left out",
            count(refused, "result is", "results are")
        ))),
    }
}
