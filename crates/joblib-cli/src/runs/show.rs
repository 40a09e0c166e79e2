//! `joblib runs show`.

use std::io::Write;
use std::path::Path;

use serde::Serialize;

use super::args::Show;
use super::find;
use super::ls::Row;
use super::model::{Model, State, Totals};
use super::step_document::StepDocument;
use super::tree::Tree;
use crate::document;
use crate::failure::Failure;
use crate::fold;
use crate::style::Style;
use crate::text::{self, Visible};

#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    row: Row,
    steps: Vec<StepDocument<'a>>,
}

pub(crate) fn run(
    options: &Show,
    folder: &Path,
    json: bool,
    style: Style,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let model = Model::new(find::read(&find::find(folder, &options.run)?)?);
    if json {
        let steps =
            model.steps.iter().enumerate().map(|(number, step)| StepDocument::new(number, step)).collect();
        return document::print(&Document { row: Row::new(&model), steps }, out);
    }
    head(&model, style, out)?;
    Ok(Tree { model: &model, style, all: options.all }.print(options.depth, out)?)
}

fn head(model: &Model, style: Style, out: &mut dyn Write) -> Result<(), Failure> {
    let mut line = |name: &str, value: &str| {
        let name = style.dim(format_args!("{name:<8} ")).to_string();
        fold::print(out, style, (&name, "         "), &Visible(value).to_string())
    };
    let (run, totals) = (&model.run, model.totals());
    line("Run", &format!("{}, {}", run.id, model.state.text()))?;
    line("Program", &model.command())?;
    line("Start", &format!("{}, in {}", text::time(model.start()), run.folder))?;
    line("By", &format!("{} on {}", run.user, run.host))?;
    if !run.commit.is_empty() {
        line("Commit", &run.commit)?;
    }
    let memory = if model.memory > 0 {
        format!(", peak memory of a process {}", text::bytes(model.memory))
    } else {
        String::new()
    };
    let least = if model.state == State::Killed { "at least " } else { "" };
    line("Took", &format!("{least}{}{memory}", text::duration(model.took())))?;
    line("Calls", &numbers(&totals))?;
    if model.is_full {
        line("Note", "the record is full: later calls are not in it")?;
    }
    writeln!(out)?;
    Ok(())
}

/// Such as "3 hits, 1 computed".
pub(crate) fn numbers(totals: &Totals) -> String {
    let mut parts = vec![
        text::count(usize::try_from(totals.hits).unwrap_or(usize::MAX), "hit", "hits"),
        format!("{} computed in {}", totals.computed, text::duration(totals.computing)),
    ];
    if totals.failed > 0 {
        parts.push(format!("{} failed", totals.failed));
    }
    if totals.open > 0 {
        parts.push(format!("{} not finished", totals.open));
    }
    parts.push(format!("{} saved", text::duration(totals.saved)));
    parts.join(", ")
}
