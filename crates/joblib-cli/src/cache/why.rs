//! `joblib cache why`: why a call would be computed, as far as the cache tells without the program.

use std::io::Write;

use joblib_memory::{Argument, Metadata};
use joblib_store::{Item, Store};
use serde::Serialize;

use super::args::Why;
use super::contents;
use super::differences::{Differences, Side};
use super::key;
use crate::document;
use crate::failure::Failure;
use crate::text::{self, Visible};

/// An argument of the call that is asked about.
struct Asked<'a> {
    name: &'a str,
    text: &'a str,
}

/// A stored result and its metadata.
struct Stored {
    item: Item,
    metadata: Metadata,
}

impl Stored {
    fn side(&self) -> Side<'_> {
        Side { version: &self.item.version, metadata: &self.metadata }
    }
}

#[derive(Serialize)]
struct Answer<'a> {
    function: &'a str,
    /// `stored`, `code` or `arguments`: a call like this is stored, was computed with earlier code, or with
    /// other arguments; without arguments `code` or `unchanged`.
    cause: &'static str,
    /// The result that is nearest to the call.
    nearest: Option<String>,
    /// Of arguments what was asked for on the right, of code the latest.
    differences: Option<Differences>,
    /// The arguments that no stored call has so, and what the nearest call has.
    arguments: Vec<Missing>,
}

#[derive(Serialize)]
struct Missing {
    name: String,
    asked: String,
    nearest: Option<String>,
}

pub(crate) fn run(options: &Why, store: &dyn Store, json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let items = contents::of_function(store, &options.function)?;
    let metadata = contents::metadata(store, &items);
    let mut stored: Vec<Stored> = items
        .into_iter()
        .zip(metadata)
        .filter_map(|(item, metadata)| Some(Stored { item, metadata: metadata? }))
        .collect();
    // The latest first.
    stored.sort_by_key(|stored| std::cmp::Reverse(stored.metadata.time()));
    let Some(first) = stored.first() else {
        return Err(Failure::Other("none of the function's results can be read".to_owned()));
    };
    let function = first.item.version.function().to_owned();
    let asked = asked(&options.arguments, &first.metadata)?;
    let answer =
        if asked.is_empty() { of_code(&function, &stored) } else { of_call(&function, &stored, &asked) };
    if json {
        return document::print(&answer, out);
    }
    print(&answer, &stored, out)
}

/// The arguments as they were written, by name.
fn asked<'a>(written: &'a [String], metadata: &'a Metadata) -> Result<Vec<Asked<'a>>, Failure> {
    let known: Vec<&str> = metadata.arguments().iter().map(Argument::name).collect();
    let mut asked = Vec::new();
    for (place, text) in written.iter().enumerate() {
        let named = text.split_once('=').filter(|(name, _)| known.contains(&name.trim()));
        asked.push(match named {
            Some((name, text)) => Asked { name: name.trim(), text: text.trim() },
            None => match known.get(place) {
                Some(name) => Asked { name, text: text.trim() },
                None => {
                    return Err(Failure::Usage(format!(
                        "{text}: the function has no such argument; it has {}",
                        known.join(", ")
                    )));
                }
            },
        });
    }
    Ok(asked)
}

/// How many of the arguments that were asked for a call does not have.
fn missing(stored: &Stored, asked: &[Asked<'_>]) -> usize {
    asked.iter().filter(|asked| text_of(stored, asked.name) != Some(asked.text)).count()
}

fn text_of<'s>(stored: &'s Stored, name: &str) -> Option<&'s str> {
    stored.metadata.arguments().iter().find(|argument| argument.name() == name)?.text()
}

/// The latest result of the code that the function has now, as far as the cache knows.
fn latest(stored: &[Stored]) -> Option<&Stored> {
    stored.iter().find(|stored| stored.item.current)
}

fn of_call<'f>(function: &'f str, stored: &[Stored], asked: &[Asked<'_>]) -> Answer<'f> {
    let alike = |current: bool| {
        stored.iter().find(|stored| stored.item.current == current && missing(stored, asked) == 0)
    };
    let mut answer =
        Answer { function, cause: "stored", nearest: None, differences: None, arguments: Vec::new() };
    if let Some(found) = alike(true) {
        answer.nearest = Some(key::whole(&found.item));
    } else if let Some(found) = alike(false) {
        answer.cause = "code";
        answer.nearest = Some(key::whole(&found.item));
        answer.differences = latest(stored).map(|now| Differences::between(&found.side(), &now.side()));
    } else if let Some(found) = stored.iter().min_by_key(|stored| missing(stored, asked)) {
        answer.cause = "arguments";
        answer.nearest = Some(key::whole(&found.item));
        let differing = asked.iter().filter(|asked| text_of(found, asked.name) != Some(asked.text));
        answer.arguments = differing
            .map(|asked| Missing {
                name: asked.name.to_owned(),
                asked: asked.text.to_owned(),
                nearest: text_of(found, asked.name).map(str::to_owned),
            })
            .collect();
    }
    answer
}

/// Compares the latest code with the code before it.
fn of_code<'f>(function: &'f str, stored: &[Stored]) -> Answer<'f> {
    let now = latest(stored);
    let before = now.and_then(|now| stored.iter().find(|other| other.metadata.code() != now.metadata.code()));
    let differences = now.zip(before).map(|(now, before)| Differences::between(&before.side(), &now.side()));
    let cause = if differences.is_some() { "code" } else { "unchanged" };
    let nearest = before.map(|before| key::whole(&before.item));
    Answer { function, cause, nearest, differences, arguments: Vec::new() }
}

fn print(answer: &Answer<'_>, stored: &[Stored], out: &mut dyn Write) -> Result<(), Failure> {
    let function = Visible(answer.function);
    let nearest = stored.iter().find(|stored| Some(key::whole(&stored.item)) == answer.nearest);
    let call = nearest.map(|nearest| {
        let Stored { item, metadata } = nearest;
        let arguments = contents::arguments(metadata);
        format!("{}({arguments}), computed {}", key::short(item), text::ago(metadata.time()))
    });
    let call = Visible(call.unwrap_or_default());
    match answer.cause {
        "stored" => writeln!(
            out,
            "{function}: such a call is stored, with the latest code that the cache knows, and is answered from \
             it:\n  {call}"
        )?,
        "code" if nearest.is_some_and(|nearest| nearest.item.current) => {}
        "code" => {
            let when = if answer.differences.is_some() { "since then:" } else { "since then" };
            writeln!(out, "{function}: the code has changed\n  {call}\n{when}")?;
        }
        "arguments" => {
            writeln!(
                out,
                "{function}: no stored call has these arguments; the nearest is\n  {call}\nand differs in"
            )?;
            for argument in &answer.arguments {
                let there = argument.nearest.as_deref().unwrap_or("(not known)");
                let (name, asked) = (Visible(&argument.name), Visible(&argument.asked));
                writeln!(out, "  {name}: {} there, {asked} asked for", Visible(there))?;
            }
        }
        _ => writeln!(
            out,
            "{function}: all {} are of one version of the code; name arguments to ask about a call",
            text::count(stored.len(), "result", "results")
        )?,
    }
    if let Some(differences) = &answer.differences {
        differences.print_code(out)?;
        if differences.code.is_empty() && differences.source.is_empty() {
            writeln!(out, "  its items are the same: its `version` or options differ")?;
        }
    }
    Ok(())
}
