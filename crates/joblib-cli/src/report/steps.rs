//! The tables of steps: all of them, the slowest, and those that failed.

use std::collections::HashMap;

use serde::Serialize;

use crate::arguments::cut;
use crate::runs::model::{Answer, Model, Step};
use crate::text::{self, Visible};

/// Steps in the table of all, so that the page opens at once.
pub(super) const MOST: usize = 10_000;
/// Steps in the table of the slowest, and in the list of failures.
const SLOWEST: usize = 20;
const FAILURES: usize = 200;
/// Characters of the arguments of a call, and of a message.
const ARGUMENTS: usize = 80;
pub(super) const MESSAGE: usize = 2000;

#[derive(Serialize)]
pub(super) struct Steps {
    rows: Vec<Row>,
    left_out: usize,
}

#[derive(Serialize)]
struct Row {
    number: usize,
    parent: String,
    call: String,
    result: &'static str,
    begin: f64,
    start: String,
    seconds: f64,
    took: String,
    bytes: u64,
    stored: String,
    worker: String,
    /// The number of the cause, which many steps share.
    cause: Option<usize>,
}

/// The causes of all steps, each once.
#[derive(Default)]
pub(super) struct Causes {
    numbers: HashMap<String, usize>,
    texts: Vec<String>,
}

impl Causes {
    /// The number of a cause, counted from 1.
    fn number(&mut self, cause: &str) -> Option<usize> {
        if cause.is_empty() {
            return None;
        }
        Some(*self.numbers.entry(cause.to_owned()).or_insert_with(|| {
            self.texts.push(shortened(cause, MESSAGE));
            self.texts.len()
        }))
    }

    pub(super) fn into_texts(self) -> Vec<String> {
        self.texts
    }
}

impl Steps {
    pub(super) fn new(model: &Model, causes: &mut Causes) -> Self {
        let rows = model.steps.iter().enumerate().take(MOST).map(|(at, step)| Row {
            number: at + 1,
            parent: step.parent.map_or_else(String::new, |parent| (parent + 1).to_string()),
            call: call(step),
            result: step.result.text(),
            begin: rounded(step.begin as f64 / 1e6),
            start: text::seconds(step.begin as f64 / 1e6),
            seconds: rounded(step.took.as_secs_f64()),
            took: text::duration(step.took),
            bytes: step.bytes,
            stored: if step.bytes > 0 { text::bytes(step.bytes) } else { String::new() },
            worker: worker(step),
            cause: causes.number(&step.cause),
        });
        Self { rows: rows.collect(), left_out: model.steps.len().saturating_sub(MOST) }
    }
}

#[derive(Serialize)]
pub(super) struct Slow {
    number: usize,
    call: String,
    result: &'static str,
    seconds: f64,
    took: String,
    cause: String,
}

pub(super) fn slowest(model: &Model) -> Vec<Slow> {
    let mut order: Vec<usize> = (0..model.steps.len()).collect();
    order.sort_by_key(|at| std::cmp::Reverse(model.steps[*at].took));
    let slow = order.into_iter().take(SLOWEST).map(|at| {
        let step = &model.steps[at];
        Slow {
            number: at + 1,
            call: call(step),
            result: step.result.text(),
            seconds: step.took.as_secs_f64(),
            took: text::duration(step.took),
            cause: shortened(&step.cause, MESSAGE),
        }
    });
    slow.collect()
}

#[derive(Serialize)]
pub(super) struct Failed {
    number: usize,
    call: String,
    result: &'static str,
    took: String,
    message: String,
}

/// The steps that failed, and those that had not ended when the record did.
pub(super) fn failures(model: &Model) -> Vec<Failed> {
    let failed =
        model.steps.iter().enumerate().filter(|(_, step)| {
            matches!(step.result, Answer::Failed | Answer::Cancelled | Answer::Unfinished)
        });
    let failed = failed.take(FAILURES).map(|(at, step)| Failed {
        number: at + 1,
        call: call(step),
        result: step.result.text(),
        took: text::duration(step.took),
        message: text::lines(&cut(&step.message, MESSAGE)),
    });
    failed.collect()
}

/// The name and the arguments, as a short text.
pub(super) fn call(step: &Step) -> String {
    let task = step.task.map_or_else(String::new, |task| format!("task {task}: "));
    let (name, arguments) = (shortened(step.short_name(), ARGUMENTS), step.arguments_within(ARGUMENTS));
    format!("{task}{name}({})", Visible(arguments))
}

/// The process and the thread.
pub(super) fn worker(step: &Step) -> String {
    format!("{}/{}", step.pid, step.thread)
}

/// The beginning of a text, without what a terminal or a browser would obey.
pub(super) fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((at, _)) => format!("{}…", Visible(&text[..at])),
        None => Visible(text).to_string(),
    }
}

/// A number with six digits behind the point.
fn rounded(number: f64) -> f64 {
    (number * 1e6).round() / 1e6
}
