//! Steps and tasks on the time axis, by the thread that ran them.

use std::collections::BTreeMap;

use serde::Serialize;

use super::steps::{MOST, shortened};
use crate::runs::model::{Answer, Model, Step};
use crate::text;

/// The width of the drawing, and the least of a bar, so that it is seen.
const WIDTH: f64 = 1000.0;
const LEAST: f64 = 0.4;
/// The height of a level of nesting, and the levels that are drawn.
const LEVEL: usize = 12;
const LEVELS: usize = 24;
/// Threads that have a lane of their own.
const LANES: usize = 200;

#[derive(Serialize)]
pub(super) struct Timeline {
    lanes: Vec<Lane>,
    /// The time at the right edge.
    end: String,
    seconds: f64,
}

#[derive(Serialize)]
struct Lane {
    name: String,
    label: String,
    height: usize,
    bars: Vec<Bar>,
}

#[derive(Serialize)]
struct Bar {
    class: &'static str,
    x: f64,
    y: usize,
    width: f64,
    title: String,
}

/// Puts bars where they belong.
struct Drawing {
    end: f64,
    lanes: BTreeMap<(u32, u32), (usize, Vec<Bar>)>,
}

impl Timeline {
    pub(super) fn new(model: &Model) -> Self {
        let mut drawing = Drawing { end: model.end.max(1) as f64, lanes: BTreeMap::new() };
        let mut levels: Vec<usize> = Vec::with_capacity(model.steps.len());
        for (at, step) in model.steps.iter().enumerate() {
            levels.push(level(model, &levels, step));
            if at < MOST {
                drawing.step(at, step, levels[at]);
            }
        }
        let batches = model
            .steps
            .iter()
            .zip(&levels)
            .flat_map(|(step, level)| step.batches.iter().map(move |batch| (step, *level, batch)));
        for (step, level, batch) in batches.take(MOST) {
            let is_own = (batch.pid, batch.thread) == (step.pid, step.thread);
            let level = if is_own { level + 1 } else { 0 };
            let last = batch.first.saturating_add(batch.count).saturating_sub(1);
            let tasks = if batch.count == 1 {
                format!("task {last}")
            } else {
                format!("tasks {}–{last}", batch.first)
            };
            let took = text::seconds(batch.end.saturating_sub(batch.begin) as f64 / 1e6);
            let span = (batch.begin, batch.end);
            drawing.bar((batch.pid, batch.thread), level, "tasks", span, format!("{tasks} {took}"));
        }
        let lanes = drawing.lanes.into_iter().take(LANES).map(|((pid, thread), (levels, bars))| Lane {
            name: format!("Process {pid}, thread {thread}"),
            label: format!("{} of process {pid}, thread {thread}", text::count(bars.len(), "bar", "bars")),
            height: (levels + 1) * LEVEL,
            bars,
        });
        Self {
            lanes: lanes.collect(),
            end: text::duration(model.took()),
            seconds: model.took().as_secs_f64(),
        }
    }
}

/// How deep a step is in the lane of its thread. The tasks of a parallel call are a level of their own.
fn level(model: &Model, levels: &[usize], step: &Step) -> usize {
    let Some((at, parent)) = step.parent.map(|at| (at, &model.steps[at])) else { return 0 };
    let tasks = usize::from(!parent.is_call());
    let is_same = (parent.pid, parent.thread) == (step.pid, step.thread);
    if is_same { levels[at] + 1 + tasks } else { tasks }
}

impl Drawing {
    fn step(&mut self, at: usize, step: &Step, level: usize) {
        let class = match step.result {
            _ if !step.is_call() && step.result == Answer::Computed => "parallel",
            Answer::Hit => "hit",
            Answer::Computed => "computed",
            Answer::Failed => "failed",
            Answer::Cancelled | Answer::Unfinished => "open",
        };
        let name = shortened(step.short_name(), 60);
        let title = format!("#{} {name} {}", at + 1, text::duration(step.took));
        self.bar((step.pid, step.thread), level, class, (step.begin, step.end), title);
    }

    fn bar(
        &mut self,
        lane: (u32, u32),
        level: usize,
        class: &'static str,
        (begin, end): (u64, u64),
        title: String,
    ) {
        let level = level.min(LEVELS - 1);
        let (levels, bars) = self.lanes.entry(lane).or_default();
        *levels = (*levels).max(level);
        let place = |time: u64| rounded(time as f64 / self.end * WIDTH);
        let width = rounded((place(end) - place(begin)).max(LEAST));
        bars.push(Bar { class, x: place(begin).min(WIDTH - LEAST), y: level * LEVEL + 1, width, title });
    }
}

/// A number with two digits behind the point.
fn rounded(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}
