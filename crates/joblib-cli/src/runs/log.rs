//! `joblib runs log`.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use joblib_record::{Level, Stream};
use serde::Serialize;

use super::args::Log;
use super::find;
use super::model::{Answer, Model};
use crate::document;
use crate::failure::Failure;
use crate::fold;
use crate::style::Style;
use crate::text::{self, Visible};

#[derive(Serialize)]
struct Document {
    run: String,
    entries: Vec<Entry>,
}

/// Something that happened.
#[derive(Serialize)]
struct Entry {
    /// Seconds since the start of the run.
    time: f64,
    /// The number of the step, if it happened in one.
    step: Option<usize>,
    what: &'static str,
    text: String,
    #[serde(skip)]
    micros: u64,
}

pub(crate) fn run(
    options: &Log,
    folder: &Path,
    json: bool,
    style: Style,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let model = Model::new(find::read(&find::find(folder, &options.run)?)?);
    if let Some(step) = options.step
        && (step == 0 || step > model.steps.len())
    {
        let steps = text::count(model.steps.len(), "step", "steps");
        return Err(Failure::Other(format!("the run has no step {step}; it has {steps}")));
    }
    let mut entries = entries(&model);
    entries.sort_by_key(|entry| entry.micros);
    if let Some(wanted) = options.step {
        entries.retain(|entry| entry.step.is_some_and(|step| is_within(&model, step - 1, wanted - 1)));
    }
    if json {
        return document::print(&Document { run: model.run.id.clone(), entries }, out);
    }
    for entry in &entries {
        let time = style.dim(format!("{:>10.3}", entry.time));
        let step = entry.step.map_or_else(String::new, |step| format!("#{step}"));
        let mut first = format!("{time} {step:<6} {:<9} ", entry.what);
        let rest = " ".repeat(28);
        // A message may have several lines.
        for line in entry.text.lines() {
            fold::print(out, style, (&first, &rest), &Visible(line).to_string())?;
            first.clone_from(&rest);
        }
    }
    Ok(())
}

/// Whether a step is another one, or in it.
fn is_within(model: &Model, step: usize, other: usize) -> bool {
    let mut at = Some(step);
    while let Some(step) = at {
        if step == other {
            return true;
        }
        at = model.steps[step].parent;
    }
    false
}

fn entries(model: &Model) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut push = |micros: u64, step: Option<usize>, what: &'static str, text: String| {
        let time = Duration::from_micros(micros).as_secs_f64();
        entries.push(Entry { time, step: step.map(|step| step + 1), what, text, micros });
    };
    for (at, step) in model.steps.iter().enumerate() {
        let call = format!("{}({})", step.short_name(), step.arguments_text());
        if step.result == Answer::Hit {
            push(step.end, Some(at), "hit", format!("{call} in {}", text::duration(step.took)));
            continue;
        }
        let cause = if step.cause.is_empty() { String::new() } else { format!(": {}", step.cause) };
        push(step.begin, Some(at), "begins", format!("{call}{cause}"));
        if step.result != Answer::Unfinished {
            let message = if step.message.is_empty() { String::new() } else { format!(": {}", step.message) };
            let took = text::duration(step.took);
            push(step.end, Some(at), step.result.text(), format!("{call} in {took}{message}"));
        }
    }
    for event in &model.events {
        let level = match event.what.level {
            Level::Error => "ERROR",
            Level::Warn => "WARN",
            _ => "INFO",
        };
        push(event.time, event.step, level, format!("{}: {}", event.what.target, event.what.message));
    }
    for output in &model.outputs {
        let task = output.what.parent.task.map_or_else(String::new, |task| format!("task {task}: "));
        let stream = if output.what.stream == Stream::Error { "stderr" } else { "stdout" };
        for line in String::from_utf8_lossy(&output.what.bytes).lines() {
            push(output.time, output.step, stream, format!("{task}{line}"));
        }
    }
    entries
}
