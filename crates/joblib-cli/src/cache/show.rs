//! `joblib cache show`.

use std::io::Write;

use joblib_memory::StoredEntry;
use joblib_persist::pickle::Value;
use joblib_store::{Item, Store};
use serde::Serialize;

use super::args::Show;
use super::ls::Call;
use super::{contents, key};
use crate::document;
use crate::failure::Failure;
use crate::json::Json;
use crate::style::Style;
use crate::text::{self, Visible};
use crate::tree::Tree;

#[derive(Serialize)]
struct Document<'a> {
    function: &'a str,
    #[serde(flatten)]
    call: Call,
    host: &'a str,
    version: &'a str,
    source: &'a str,
    code_items: Vec<CodeItem<'a>>,
    value: Option<Json<'a>>,
    /// Why there is no value.
    error: Option<String>,
}

#[derive(Serialize)]
struct CodeItem<'a> {
    name: &'a str,
    place: &'a str,
    digest: &'a str,
}

pub(crate) fn run(
    options: &Show,
    store: &dyn Store,
    json: bool,
    style: Style,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let item = key::find(&contents::all(store)?.items, &options.key)?;
    let entry = open(store, &item)?;
    let metadata = entry.metadata().clone();
    let value = entry.result::<Value>();
    let items: Vec<_> = metadata.code_items().collect();
    if json {
        let code_items = items
            .iter()
            .map(|item| CodeItem { name: item.name, place: item.place, digest: &item.digest })
            .collect();
        let document = Document {
            function: metadata.function(),
            call: Call::new(&item, Some(&metadata)),
            host: metadata.host(),
            version: metadata.version(),
            source: item.version.source(),
            code_items,
            value: value.as_ref().ok().map(Json),
            error: value.as_ref().err().map(ToString::to_string),
        };
        document::print(&document, out)?;
        return value.map(|_| ()).map_err(Failure::from);
    }
    let mut line = |name: &str, value: &str| {
        writeln!(out, "{} {}", style.dim(format_args!("{name:<10}")), Visible(value))
    };
    line("Function", metadata.function())?;
    line("Key", &key::whole(&item))?;
    for (number, argument) in metadata.arguments().iter().enumerate() {
        let text = argument.text().unwrap_or("(redacted)");
        line(if number == 0 { "Arguments" } else { "" }, &format!("{} = {text}", argument.name()))?;
    }
    line("Size", &text::bytes(item.bytes))?;
    let host = if metadata.host().is_empty() { String::new() } else { format!(" on {}", metadata.host()) };
    let (time, took) = (text::time(metadata.time()), text::duration(metadata.duration()));
    line("Computed", &format!("{time} in {took}{host}, by joblib {}", metadata.version()))?;
    line("Last use", &text::ago(item.used))?;
    let state = if item.current { "the latest of the function" } else { "superseded by later code" };
    line("Code", &format!("{}, {state}", item.version.code_folder()))?;
    for item in &items {
        let place = if item.place.is_empty() { String::new() } else { format!(" ({})", item.place) };
        line("", &format!("{}{place}", item.name))?;
    }
    if options.source {
        line("Source", "")?;
        text::write_lines(out, item.version.source())?;
        writeln!(out)?;
    }
    write!(out, "{} ", style.dim(format_args!("{:<10}", "Value")))?;
    let value = value?;
    let mut shown = Vec::new();
    // Names in a value are not to colour anything themselves, so the value is shown plain.
    Tree { out: &mut shown, style: Style::plain(), depth: options.depth, items: options.items }
        .print(&value)?;
    text::write_lines(out, &String::from_utf8_lossy(&shown))?;
    Ok(())
}

fn open(store: &dyn Store, item: &Item) -> Result<StoredEntry, Failure> {
    let blob = store.peek(&item.key(), u64::MAX)?;
    let blob = blob.ok_or_else(|| Failure::Other(format!("the result {} is gone", key::whole(item))))?;
    Ok(StoredEntry::open(blob)?)
}
