//! `joblib cache diff`: in what two calls, or two versions of a function's code, differ.

use std::io::Write;

use joblib_memory::Metadata;
use joblib_store::{FunctionVersion, Item, Store};
use serde::Serialize;
use similar::TextDiff;

use super::args::Diff;
use super::{contents, key};
use crate::document;
use crate::failure::Failure;
use crate::text::{Visible, write_lines};

/// In what two results differ.
#[derive(Debug, Serialize)]
pub(crate) struct Differences {
    pub(crate) arguments: Vec<ArgumentDifference>,
    pub(crate) code: Vec<CodeDifference>,
    /// The lines of the function's source, as a unified diff; empty if it is the same.
    pub(crate) source: String,
}

/// An argument that differs. A side is `null` if it has no such argument, or it is redacted.
#[derive(Debug, Serialize)]
pub(crate) struct ArgumentDifference {
    name: String,
    left: Option<String>,
    right: Option<String>,
}

/// An item of the code that differs.
#[derive(Debug, Serialize)]
pub(crate) struct CodeDifference {
    name: String,
    place: String,
    what: What,
}

#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
enum What {
    Changed,
    Added,
    Removed,
}

/// The result and its metadata.
pub(crate) struct Side<'a> {
    pub(crate) version: &'a FunctionVersion,
    pub(crate) metadata: &'a Metadata,
}

impl Differences {
    pub(crate) fn between(left: &Side<'_>, right: &Side<'_>) -> Self {
        Self {
            arguments: arguments(left.metadata, right.metadata),
            code: code(left, right),
            source: source(left.version, right.version),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.arguments.is_empty() && self.code.is_empty() && self.source.is_empty()
    }

    /// Prints the differences of the code.
    pub(crate) fn print_code(&self, out: &mut dyn Write) -> Result<(), Failure> {
        for item in &self.code {
            let what = match item.what {
                What::Changed => "was edited",
                What::Added => "counts now",
                What::Removed => "does not count any more",
            };
            let place = if item.place.is_empty() { String::new() } else { format!(" ({})", item.place) };
            writeln!(out, "  {}{} {what}", Visible(&item.name), Visible(&place))?;
        }
        if !self.source.is_empty() {
            write_lines(out, &self.source)?;
        }
        Ok(())
    }

    /// Prints the differences of the arguments.
    pub(crate) fn print_arguments(&self, out: &mut dyn Write) -> Result<(), Failure> {
        for argument in &self.arguments {
            let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "(not known)".to_owned());
            let (left, right) = (text(&argument.left), text(&argument.right));
            if left == right {
                writeln!(
                    out,
                    "  {} differs, beyond what is shown of it: {}",
                    Visible(&argument.name),
                    Visible(left)
                )?;
            } else {
                writeln!(out, "  {}: {} → {}", Visible(&argument.name), Visible(left), Visible(right))?;
            }
        }
        Ok(())
    }
}

fn arguments(left: &Metadata, right: &Metadata) -> Vec<ArgumentDifference> {
    let mut differences = Vec::new();
    let find = |of: &'_ Metadata, name: &str| {
        of.arguments().iter().find(|argument| argument.name() == name).cloned()
    };
    for argument in left.arguments() {
        let other = find(right, argument.name());
        if other.as_ref().is_none_or(|other| other.digest() != argument.digest()) {
            differences.push(ArgumentDifference {
                name: argument.name().to_owned(),
                left: argument.text().map(str::to_owned),
                right: other.and_then(|other| other.text().map(str::to_owned)),
            });
        }
    }
    for argument in right.arguments() {
        if find(left, argument.name()).is_none() {
            let right = argument.text().map(str::to_owned);
            differences.push(ArgumentDifference { name: argument.name().to_owned(), left: None, right });
        }
    }
    differences
}

fn code(left: &Side<'_>, right: &Side<'_>) -> Vec<CodeDifference> {
    if left.metadata.code() == right.metadata.code() {
        return Vec::new();
    }
    let (before, now): (Vec<_>, Vec<_>) =
        (left.metadata.code_items().collect(), right.metadata.code_items().collect());
    let mut differences = Vec::new();
    let mut push = |name: &str, place: &str, what| {
        differences.push(CodeDifference { name: name.to_owned(), place: place.to_owned(), what });
    };
    for item in &now {
        // A name may stand for several items, as several `impl` of one type do.
        if before.iter().any(|other| (other.name, &other.digest) == (item.name, &item.digest)) {
            continue;
        }
        let known = before.iter().any(|other| other.name == item.name);
        push(item.name, item.place, if known { What::Changed } else { What::Added });
    }
    for item in &before {
        if !now.iter().any(|other| other.name == item.name) {
            push(item.name, item.place, What::Removed);
        }
    }
    differences
}

fn source(left: &FunctionVersion, right: &FunctionVersion) -> String {
    if left.source() == right.source() {
        return String::new();
    }
    TextDiff::from_lines(left.source(), right.source()).unified_diff().context_radius(3).to_string()
}

#[derive(Serialize)]
struct Document<'a> {
    left: Named<'a>,
    right: Named<'a>,
    differences: &'a Differences,
}

#[derive(Serialize)]
struct Named<'a> {
    function: &'a str,
    key: String,
}

pub(crate) fn run(options: &Diff, store: &dyn Store, json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let items = contents::all(store)?.items;
    let (left, right) = (key::find(&items, &options.left)?, key::find(&items, &options.right)?);
    let read = |item: &Item| {
        let metadata = contents::metadata_of(store, item);
        metadata.ok_or_else(|| Failure::Other(format!("the result {} can't be read", key::whole(item))))
    };
    let (left_metadata, right_metadata) = (read(&left)?, read(&right)?);
    let differences = Differences::between(
        &Side { version: &left.version, metadata: &left_metadata },
        &Side { version: &right.version, metadata: &right_metadata },
    );
    if json {
        let named = |item: &'_ Item| (item.version.function().to_owned(), key::whole(item));
        let ((left_name, left_key), (right_name, right_key)) = (named(&left), named(&right));
        let document = Document {
            left: Named { function: &left_name, key: left_key },
            right: Named { function: &right_name, key: right_key },
            differences: &differences,
        };
        return document::print(&document, out);
    }
    if left.version.function() != right.version.function() {
        let (left, right) = (left.version.function(), right.version.function());
        writeln!(out, "Two functions: {} and {}", Visible(left), Visible(right))?;
    }
    if !differences.arguments.is_empty() {
        writeln!(out, "Arguments:")?;
        differences.print_arguments(out)?;
    }
    if left_metadata.code() != right_metadata.code() {
        writeln!(out, "Code:")?;
        if differences.code.is_empty() && differences.source.is_empty() {
            writeln!(out, "  another version, whose items are the same: its `version` or options differ")?;
        }
        differences.print_code(out)?;
    } else if differences.is_empty() {
        writeln!(out, "One call: its arguments and its code are the same")?;
    }
    Ok(())
}
