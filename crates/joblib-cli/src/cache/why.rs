//! `joblib cache why`: why a call would be computed, as far as the cache tells without the program.

use std::io::Write;

use joblib_memory::{Argument, Metadata};
use joblib_store::{Item, Store};
use serde::Serialize;

use super::args::Why;
use super::contents;
use super::differences::{Differences, Side};
use super::key;
use crate::arguments::IN_A_LINE;
use crate::document;
use crate::failure::Failure;
use crate::fold;
use crate::style::Style;
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
    /// other arguments; without arguments `superseded` or `unchanged`: whether there are results of earlier code.
    cause: &'static str,
    /// The result that is nearest to the call.
    nearest: Option<String>,
    /// Of arguments what was asked for on the right, of code the latest.
    differences: Option<Differences>,
    /// The arguments that no stored call has so, and what the nearest call has.
    arguments: Vec<Missing>,
    /// Results of the latest code of the function, and of earlier code, which no call is answered from.
    latest_results: usize,
    earlier_results: usize,
}

#[derive(Serialize)]
struct Missing {
    name: String,
    asked: String,
    nearest: Option<String>,
}

impl<'f> Answer<'f> {
    fn new(function: &'f str, cause: &'static str, stored: &[Stored]) -> Self {
        let latest_results = stored.iter().filter(|stored| stored.item.current).count();
        Self {
            function,
            cause,
            nearest: None,
            differences: None,
            arguments: Vec::new(),
            latest_results,
            earlier_results: stored.len() - latest_results,
        }
    }
}

pub(crate) fn run(
    options: &Why,
    store: &dyn Store,
    json: bool,
    style: Style,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let contents = contents::of_function(store, &options.function)?;
    let metadata = contents::metadata(store, &contents.items);
    let mut stored: Vec<Stored> = contents
        .items
        .iter()
        .cloned()
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
        document::print(&answer, out)?;
    } else {
        print(&answer, &stored, style, out)?;
    }
    contents.end()
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
    let mut answer = Answer::new(function, "stored", stored);
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
    let before = stored.iter().find(|other| !other.item.current);
    let cause = if before.is_some() { "superseded" } else { "unchanged" };
    let mut answer = Answer::new(function, cause, stored);
    answer.nearest = before.map(|before| key::whole(&before.item));
    answer.differences =
        latest(stored).zip(before).map(|(now, before)| Differences::between(&before.side(), &now.side()));
    answer
}

fn print(answer: &Answer<'_>, stored: &[Stored], style: Style, out: &mut dyn Write) -> Result<(), Failure> {
    let mut line = |indent: &str, text: &str| fold::print(out, style, (indent, &format!("{indent}  ")), text);
    let function = Visible(answer.function);
    let results = |number: usize| text::count(number, "result", "results");
    let nearest = stored.iter().find(|stored| Some(key::whole(&stored.item)) == answer.nearest);
    let call = nearest.map(|Stored { item, metadata }| {
        let arguments = contents::arguments(metadata, IN_A_LINE);
        format!("{}({arguments}), computed {}", key::short(item), text::ago(metadata.time()))
    });
    let call = Visible(call.unwrap_or_default()).to_string();
    match answer.cause {
        "stored" => {
            let what =
                "such a call is stored, with the latest code that the cache knows, and is answered from it:";
            line("", &format!("{function}: {what}"))?;
            line("  ", &call)?;
        }
        "code" => {
            line(
                "",
                &format!("{function}: such a call is stored, with earlier code, and would be computed:"),
            )?;
            line("  ", &call)?;
            if answer.differences.is_some() {
                line("", "changed since then:")?;
            }
        }
        "arguments" => {
            line("", &format!("{function}: no stored call has these arguments; the nearest is"))?;
            line("  ", &call)?;
            line("", "and differs in")?;
            for argument in &answer.arguments {
                let there = argument.nearest.as_deref().unwrap_or("(not known)");
                let (name, asked) = (Visible(&argument.name), Visible(&argument.asked));
                line("  ", &format!("{name}: {} there, {asked} asked for", Visible(there)))?;
            }
        }
        "superseded" => {
            let (latest, earlier) = (results(answer.latest_results), results(answer.earlier_results));
            let what = "no call is answered from these any more; the last of them is";
            line("", &format!("{function}: {latest} of the latest code, {earlier} of earlier code;"))?;
            line("", what)?;
            line("  ", &call)?;
            if answer.differences.is_some() {
                line("", "changed since then:")?;
            }
        }
        _ => {
            let known = results(answer.latest_results);
            let what = "the cache knows no earlier code; name arguments to ask about a call";
            line("", &format!("{function}: {known} of the latest code; {what}"))?;
        }
    }
    if let Some(differences) = &answer.differences {
        differences.print_code(out)?;
        if differences.code.is_empty() && differences.source.is_empty() {
            writeln!(out, "  its items are the same: its `version` or options differ")?;
        }
    }
    Ok(())
}
