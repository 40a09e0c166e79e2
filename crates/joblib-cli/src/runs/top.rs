//! `joblib runs top`.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::thread;
use std::time::Duration;

use console::truncate_str;
use joblib_record::Follow;
use serde::Serialize;

use super::args::Top;
use super::find;
use super::ls::Row;
use super::model::{Answer, Model, State, Step};
use super::show::numbers;
use super::step_document::StepDocument;
use crate::document;
use crate::failure::Failure;
use crate::interrupt;
use crate::style::Style;
use crate::text::{self, Visible};

/// The time between two looks at the record.
const INTERVAL: Duration = Duration::from_millis(500);
/// Steps and workers that are shown where the output is no terminal, whose rows would limit them.
const SHOWN: usize = 30;
/// Rows beside those of the steps and the workers.
const OTHERS: usize = 7;
/// Characters of a progress bar, and of a line.
const BAR: usize = 24;
const WIDTH: usize = 110;
/// Levels of nesting that are indented.
const DEEPEST: usize = 16;
/// Other running programs that are named.
const NAMED: usize = 3;

#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    row: Row,
    /// The steps that have not ended.
    steps: Vec<StepDocument<'a>>,
    /// The ids of other runs that are not over.
    running: &'a [String],
}

pub(crate) fn run(
    options: &Top,
    folder: &Path,
    json: bool,
    style: Style,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let mut others = find::running(folder)?;
    let path = match &options.run {
        Some(run) => find::find(folder, run)?,
        None => others.last().map_or_else(|| find::find(folder, "last"), |latest| Ok(latest.clone()))?,
    };
    others.retain(|other| *other != path);
    let others: Vec<String> = others.iter().rev().map(|other| find::id(other)).collect();
    let open = |error: io::Error| Failure::Other(format!("{}: {error}", path.display()));
    let mut follow = Follow::open(&path).map_err(open)?;
    let mut model = Model::empty(find::id(&path));
    let live = io::stdout().is_terminal() && !options.once && !json;
    if live {
        interrupt::catch();
    }
    loop {
        let is_over = follow.is_over();
        model.extend(follow.read_new().map_err(open)?);
        model.settle(is_over, follow.problems());
        if json {
            let open = running(&model);
            let steps = open.iter().map(|at| StepDocument::new(*at, &model.steps[*at])).collect();
            return document::print(&Document { row: Row::new(&model), steps, running: &others }, out);
        }
        if live {
            // Home, and what is below is cleared: a terminal that scrolls back keeps its history.
            write!(out, "\x1b[H\x1b[2J")?;
        }
        print(&model, &others, style, out)?;
        out.flush()?;
        if !live || model.state != State::Running || interrupt::pressed() {
            return Ok(());
        }
        thread::sleep(INTERVAL);
    }
}

/// The steps that have not ended.
fn running(model: &Model) -> Vec<usize> {
    let is_open = |at: &usize| model.steps[*at].result == Answer::Unfinished;
    (0..model.steps.len()).filter(is_open).collect()
}

fn print(model: &Model, others: &[String], style: Style, out: &mut dyn Write) -> Result<(), Failure> {
    let (run, totals) = (&model.run, model.totals());
    let elapsed = match model.state {
        State::Running => model.start().elapsed().unwrap_or_default(),
        _ => model.took(),
    };
    let since = match model.state {
        State::Running => "for",
        State::Ended => "after",
        State::Killed => "after at least",
    };
    let room = style.columns().unwrap_or(WIDTH);
    let mut line = |text: String| writeln!(out, "{}", truncate_str(&Visible(text).to_string(), room, "…"));
    line(model.command())?;
    line(format!("{} {since} {}, run {}", model.state.text(), text::duration(elapsed), run.id))?;
    line(numbers(&totals))?;
    if !others.is_empty() {
        let ids = others.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
        let more = if others.len() > NAMED { ", …" } else { "" };
        line(format!("also running: {ids}{more}"))?;
    }
    line(String::new())?;
    let open = running(model);
    let rows = style.rows().map_or(2 * SHOWN, |rows| rows.saturating_sub(OTHERS).max(2));
    let workers = workers(model);
    // The workers have half of the rows, or what the steps leave.
    let steps = rows.saturating_sub(workers.len()).max(rows / 2);
    for at in open.iter().take(steps) {
        let step = &model.steps[*at];
        let depth = std::iter::successors(step.parent, |at| model.steps[*at].parent).take(DEEPEST).count();
        let head = format!("{}#{} {}", "  ".repeat(depth), at + 1, step.short_name());
        let tail = format!("{} on {}/{}{}", text::duration(step.took), step.pid, step.thread, progress(step));
        let used = head.chars().count() + tail.chars().count() + 3;
        let arguments = step.arguments_within(room.saturating_sub(used));
        line(format!("{head}({arguments}) {tail}"))?;
    }
    if open.len() > steps {
        line(format!("… {} more", open.len() - steps))?;
    }
    for ((pid, thread), (tasks, busy)) in workers.iter().take(rows.saturating_sub(open.len().min(steps))) {
        let busy = text::duration(Duration::from_micros(*busy));
        line(format!("worker {pid}/{thread}: {tasks} tasks in {busy}"))?;
    }
    Ok(())
}

/// The progress of a parallel call.
fn progress(step: &Step) -> String {
    match (step.is_call(), step.tasks) {
        (true, _) => String::new(),
        (false, 0) => format!(" {} tasks done", step.done),
        (false, tasks) => {
            let done = step.done.min(tasks);
            let full = (done as f64 / tasks as f64 * BAR as f64) as usize;
            format!(" [{}{}] {done}/{tasks}", "=".repeat(full), " ".repeat(BAR - full))
        }
    }
}

/// Tasks that each worker of the open parallel calls has run, and microseconds that they took.
fn workers(model: &Model) -> BTreeMap<(u32, u32), (u64, u64)> {
    let mut workers: BTreeMap<(u32, u32), (u64, u64)> = BTreeMap::new();
    for at in running(model) {
        for batch in &model.steps[at].batches {
            let (tasks, busy) = workers.entry((batch.pid, batch.thread)).or_default();
            *tasks = tasks.saturating_add(batch.count);
            *busy = busy.saturating_add(batch.end.saturating_sub(batch.begin));
        }
    }
    workers
}
