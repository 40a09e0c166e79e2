//! `joblib runs top`.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::thread;
use std::time::Duration;

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
use crate::text::{self, Visible};

/// The time between two looks at the record.
const INTERVAL: Duration = Duration::from_millis(500);
/// Steps that are shown.
const SHOWN: usize = 30;
/// Characters of a progress bar, and of a line.
const BAR: usize = 24;
const WIDTH: usize = 110;

#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    row: Row,
    /// The steps that have not ended.
    steps: Vec<StepDocument<'a>>,
}

pub(crate) fn run(options: &Top, folder: &Path, json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let path = match &options.run {
        Some(run) => find::find(folder, run)?,
        None => find::running(folder)?,
    };
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
            return document::print(&Document { row: Row::new(&model), steps }, out);
        }
        if live {
            // Home, and what is below is cleared: a terminal that scrolls back keeps its history.
            write!(out, "\x1b[H\x1b[2J")?;
        }
        print(&model, out)?;
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

fn print(model: &Model, out: &mut dyn Write) -> Result<(), Failure> {
    let (run, totals) = (&model.run, model.totals());
    let elapsed = match model.state {
        State::Running => model.start().elapsed().unwrap_or_default(),
        _ => model.took(),
    };
    let (command, id) = (Visible(model.command()), Visible(&run.id));
    writeln!(out, "{command}: {}, {} since {id}", model.state.text(), text::duration(elapsed))?;
    writeln!(out, "{}\n", numbers(&totals))?;
    let open = running(model);
    for at in open.iter().take(SHOWN) {
        let step = &model.steps[*at];
        let depth = std::iter::successors(step.parent, |at| model.steps[*at].parent).count();
        let took = elapsed.saturating_sub(Duration::from_micros(step.begin));
        let line = format!(
            "{}#{} {}({}) {} on {}/{}{}",
            "  ".repeat(depth),
            at + 1,
            step.short_name(),
            step.arguments_text(),
            text::duration(took),
            step.pid,
            step.thread,
            progress(step)
        );
        let line: String = Visible(line).to_string().chars().take(WIDTH).collect();
        writeln!(out, "{line}")?;
    }
    if open.len() > SHOWN {
        writeln!(out, "… {} more", open.len() - SHOWN)?;
    }
    workers(model, out)
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

/// Tasks that each worker of the open parallel calls has run.
fn workers(model: &Model, out: &mut dyn Write) -> Result<(), Failure> {
    let mut workers: BTreeMap<(u32, u32), (u64, u64)> = BTreeMap::new();
    for at in running(model) {
        for batch in &model.steps[at].batches {
            let (tasks, busy) = workers.entry((batch.pid, batch.thread)).or_default();
            *tasks = tasks.saturating_add(batch.count);
            *busy = busy.saturating_add(batch.end.saturating_sub(batch.begin));
        }
    }
    for ((pid, thread), (tasks, busy)) in workers.iter().take(SHOWN) {
        let busy = text::duration(Duration::from_micros(*busy));
        writeln!(out, "worker {pid}/{thread}: {tasks} tasks in {busy}")?;
    }
    Ok(())
}
