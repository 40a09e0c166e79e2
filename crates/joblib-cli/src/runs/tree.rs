//! The steps of a run as a tree of lines.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::io::{self, Write};
use std::time::Duration;

use super::model::{Answer, Model, State, Step, Totals};
use crate::arguments::IN_A_LINE;
use crate::fold;
use crate::style::Style;
use crate::text::{self, Visible};

/// Calls of one function in a row beyond which they are summed up.
const MANY: usize = 6;
/// Levels of parallel calls in a call that are summed up with it.
const LOOPS: usize = 3;

/// Prints the steps of a run.
pub(crate) struct Tree<'m> {
    pub(crate) model: &'m Model,
    pub(crate) style: Style,
    /// Whether every call has a line of its own.
    pub(crate) all: bool,
}

impl Tree<'_> {
    /// Prints so many levels of the tree.
    pub(crate) fn print(&self, depth: usize, out: &mut dyn Write) -> io::Result<()> {
        self.level(&self.model.roots, "", depth, out)
    }

    fn level(&self, steps: &[usize], indent: &str, depth: usize, out: &mut dyn Write) -> io::Result<()> {
        if depth == 0 {
            return writeln!(out, "{indent}{}", self.style.dim(format_args!("└─ … {} more", steps.len())));
        }
        let groups = self.groups(steps);
        let last = groups.len();
        for (number, group) in groups.into_iter().enumerate() {
            let (branch, below) = if number + 1 == last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
            let below = format!("{indent}{below}");
            let first = self.style.dim(format_args!("{indent}{branch}")).to_string();
            match group {
                Group::One(at) => {
                    let step = &self.model.steps[at];
                    // The line of the steps in it begins where this one's text does.
                    let bar = if step.children.is_empty() { "  " } else { "│ " };
                    let rest = self.style.dim(format_args!("{below}{bar}")).to_string();
                    fold::print(out, self.style, (&first, &rest), &self.line(at, step))?;
                    for line in step.message.lines().skip(1) {
                        let line = format!("  {}", Visible(line));
                        fold::print(out, self.style, (&rest, &rest), &line)?;
                    }
                    if !step.children.is_empty() {
                        self.level(&step.children, &below, depth - 1, out)?;
                    }
                }
                Group::Many(members) => {
                    let rest = self.style.dim(format_args!("{below}  ")).to_string();
                    fold::print(out, self.style, (&first, &rest), &self.sum(&members))?;
                }
            }
        }
        Ok(())
    }

    /// Calls of one function and one answer in which no other cached call was made are summed up where there are many.
    fn groups(&self, steps: &[usize]) -> Vec<Group> {
        let key = |at: usize| {
            let step = &self.model.steps[at];
            let is_plain =
                step.is_call() && step.result != Answer::Failed && self.has_only_loops(step, LOOPS);
            (is_plain && !self.all).then_some((step.name.as_str(), step.result))
        };
        let mut members: HashMap<_, Vec<usize>> = HashMap::new();
        for at in steps {
            if let Some(key) = key(*at) {
                members.entry(key).or_default().push(*at);
            }
        }
        let mut groups = Vec::new();
        for at in steps {
            let many = key(*at).and_then(|key| members.get_mut(&key)).filter(|members| members.len() > MANY);
            match many {
                // The group stands where its first member does.
                Some(members) if members[0] == *at => groups.push(Group::Many(members.clone())),
                Some(_) => {}
                None => groups.push(Group::One(*at)),
            }
        }
        groups
    }

    /// Whether all that happened in a step is parallel calls without failures, so many levels deep at most.
    fn has_only_loops(&self, step: &Step, levels: usize) -> bool {
        step.children.iter().all(|at| {
            let child = &self.model.steps[*at];
            let is_loop = !child.is_call() && child.result != Answer::Failed;
            is_loop && levels > 0 && self.has_only_loops(child, levels - 1)
        })
    }

    fn line(&self, at: usize, step: &Step) -> String {
        let name = self.style.key(Visible(step.short_name()));
        let arguments = Visible(step.arguments_within(IN_A_LINE));
        let task = step.task.map_or_else(String::new, |task| format!("task {task}: "));
        let (mark, number) = (step.result.mark(), self.style.dim(format!("#{}", at + 1)));
        let mut parts = vec![format!("{mark} {number} {task}{name}({arguments})")];
        let took = text::duration(step.took);
        match step.result {
            Answer::Hit => parts.push(format!(" hit in {took}, {} saved", text::duration(step.saved()))),
            Answer::Unfinished => {
                let is_running = self.model.state == State::Running;
                parts.push(format!(
                    " {}{took}",
                    if is_running { "runs for " } else { "unfinished, after at least " }
                ));
                if !step.is_call() {
                    parts.push(format!(", {} done", tasks(step)));
                }
            }
            other if step.is_call() => parts.push(format!(" {} in {took}", other.text())),
            other => {
                let failed =
                    if step.failed > 0 { format!(", {} failed", step.failed) } else { String::new() };
                let tasks = tasks(step);
                let ended = if other == Answer::Computed { "" } else { other.text() };
                let space = if ended.is_empty() { "" } else { " " };
                parts.push(format!("{space}{ended} {tasks}{failed} in {took}"));
            }
        }
        if !step.waited.is_zero() {
            parts.push(format!(", {} of it waiting", text::duration(step.waited)));
        }
        if step.bytes > 0 {
            parts.push(format!(", {}", text::bytes(step.bytes)));
        }
        if !step.cause.is_empty() {
            parts.push(format!(": {}", Visible(&step.cause)));
        }
        if let Some(message) = step.message.lines().next() {
            parts.push(format!(" — {}", Visible(message)));
        }
        parts.concat()
    }

    fn sum(&self, members: &[usize]) -> String {
        let Some(first) = members.first().map(|at| &self.model.steps[*at]) else { return String::new() };
        let mut totals = Totals::default();
        let mut took = Duration::ZERO;
        for at in members {
            totals.add(&self.model.steps[*at]);
            took = took.saturating_add(self.model.steps[*at].took);
        }
        let name = self.style.key(Visible(first.short_name()));
        let (mark, result) = (first.result.mark(), first.result.text());
        let mut parts =
            vec![format!("{mark} {} × {name} {result} in {}", members.len(), text::duration(took))];
        if first.result == Answer::Hit {
            parts.push(format!(", {} saved", text::duration(totals.saved)));
        }
        if totals.bytes > 0 {
            parts.push(format!(", {}", text::bytes(totals.bytes)));
        }
        let mut causes: Vec<(&str, usize)> = Vec::new();
        for at in members {
            let cause = self.model.steps[*at].cause.as_str();
            match causes.iter_mut().find(|(known, _)| *known == cause) {
                Some((_, count)) => *count += 1,
                None => causes.push((cause, 1)),
            }
        }
        causes.retain(|(cause, _)| !cause.is_empty());
        causes.sort_by_key(|(_, count)| Reverse(*count));
        if let Some((cause, _)) = causes.first() {
            let more = if causes.len() > 1 { ", and others" } else { "" };
            parts.push(format!(": {}{more}", Visible(cause)));
        }
        parts.concat()
    }
}

/// The tasks of a parallel call that have run.
fn tasks(step: &Step) -> String {
    text::count(usize::try_from(step.done).unwrap_or(usize::MAX), "task", "tasks")
}

enum Group {
    One(usize),
    Many(Vec<usize>),
}
