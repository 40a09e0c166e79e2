//! `joblib cache export`.

use std::collections::HashMap;
use std::io::Write;

use joblib_persist::{DumpOptions, Writer};
use joblib_store::Store;
use serde::Serialize;

use super::args::Export;
use super::contents;
use super::transfer::{CodeVersion, Exported, FORMAT, Header, VERSION};
use crate::convert;
use crate::document;
use crate::failure::Failure;
use crate::interrupt;
use crate::progress;
use crate::text::Visible;

#[derive(Serialize)]
struct Report<'a> {
    function: &'a str,
    results: u64,
    bytes: u64,
}

pub(crate) fn run(
    options: &Export,
    store: &dyn Store,
    json: bool,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let mut contents = contents::of_function(store, &options.function)?;
    if options.current {
        contents.items.retain(|item| item.current);
    }
    let items = std::mem::take(&mut contents.items);
    let function = items.first().map(|item| item.version.function().to_owned());
    let function = function
        .ok_or_else(|| Failure::Other("all results of the function are of earlier code".to_owned()))?;
    // The stores know the code by a part of its hash; the metadata has all of it.
    let mut versions: Vec<CodeVersion> = Vec::new();
    let mut places: HashMap<String, u32> = HashMap::new();
    let mut readable = Vec::new();
    for (item, metadata) in items.iter().zip(contents::metadata(store, &items)) {
        let Some(metadata) = metadata else {
            contents.note_unread(format!("the result {} can't be read", super::key::whole(item)));
            continue;
        };
        let place = *places.entry(item.version.path().to_owned()).or_insert_with(|| {
            versions.push(CodeVersion {
                code: format!("{:032x}", metadata.code()),
                source: item.version.source().to_owned(),
                current: item.current,
            });
            versions.len() as u32 - 1
        });
        readable.push((item, place));
    }
    // What the function has now is imported last, and so is the latest there too.
    readable.sort_by_key(|(item, _)| item.current);

    let mut dump = DumpOptions::new();
    if let Some(how) = &options.compress {
        dump = dump.compress(convert::compress(how)?);
    }
    interrupt::catch();
    let bar = progress::bar(readable.len(), "Exporting");
    let mut writer = Writer::create(&options.output, &dump)?;
    writer.write(&Header {
        format: FORMAT.to_owned(),
        version: VERSION,
        function: function.clone(),
        results: readable.len() as u64,
        versions,
    })?;
    let mut report = Report { function: &function, results: 0, bytes: 0 };
    for (item, version) in readable {
        interrupt::check(|| "nothing was written".to_owned())?;
        bar.inc(1);
        // One that is gone meanwhile is left out.
        let Some(blob) = store.peek(&item.key(), u64::MAX)? else { continue };
        let entry = blob.into_bytes().map_err(|error| {
            Failure::Other(format!("could not read the result {}: {error}", super::key::whole(item)))
        })?;
        report.results += 1;
        report.bytes += entry.len() as u64;
        writer.write(&Exported { version, call: item.call, entry })?;
    }
    writer.finish()?;
    bar.finish_and_clear();
    if json {
        document::print(&report, out)?;
    } else {
        let (amount, path) = (contents::amount(report.results, report.bytes), options.output.display());
        writeln!(out, "exported {amount} of {} to {}", Visible(report.function), Visible(path))?;
    }
    contents.end()
}
