//! The steps of a run as a tree of lines.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::io::{self, Write};
use std::time::Duration;

use super::model::{Answer, Model, Step, Totals};
use crate::style::Style;
use crate::text::{self, Visible};

/// Calls of one function in a row beyond which they are summed up.
const MANY: usize = 6;

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
            write!(out, "{}", self.style.dim(format_args!("{indent}{branch}")))?;
            match group {
                Group::One(at) => {
                    let step = &self.model.steps[at];
                    self.line(at, step, out)?;
                    if !step.children.is_empty() {
                        self.level(&step.children, &format!("{indent}{below}"), depth - 1, out)?;
                    }
                }
                Group::Many(members) => self.sum(&members, out)?,
            }
        }
        Ok(())
    }

    /// Calls of one function and one answer that nothing else is part of are summed up where there are many.
    fn groups(&self, steps: &[usize]) -> Vec<Group> {
        let key = |at: usize| {
            let step = &self.model.steps[at];
            let is_plain = step.children.is_empty() && step.result != Answer::Failed && step.is_call();
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

    fn line(&self, at: usize, step: &Step, out: &mut dyn Write) -> io::Result<()> {
        let name = self.style.key(Visible(step.short_name()));
        let arguments = Visible(step.arguments_text());
        let task = step.task.map_or_else(String::new, |task| format!("task {task}: "));
        let mark = step.result.mark();
        write!(out, "{mark} {} {task}{name}({arguments})", self.style.dim(format_args!("#{}", at + 1)))?;
        let took = text::duration(step.took);
        match step.result {
            Answer::Hit => {
                write!(out, " hit in {took}, {} saved", text::duration(step.saved()))?;
            }
            other if step.is_call() => write!(out, " {} in {took}", other.text())?,
            other => {
                let failed =
                    if step.failed > 0 { format!(", {} failed", step.failed) } else { String::new() };
                let tasks = text::count(usize::try_from(step.done).unwrap_or(usize::MAX), "task", "tasks");
                let ended = if other == Answer::Computed { "" } else { other.text() };
                let space = if ended.is_empty() { "" } else { " " };
                write!(out, "{space}{ended} {tasks}{failed} in {took}")?;
            }
        }
        if !step.waited.is_zero() {
            write!(out, ", {} of it waiting", text::duration(step.waited))?;
        }
        if step.bytes > 0 {
            write!(out, ", {}", text::bytes(step.bytes))?;
        }
        if !step.cause.is_empty() {
            write!(out, ": {}", Visible(&step.cause))?;
        }
        if !step.message.is_empty() {
            write!(out, " — {}", Visible(&step.message))?;
        }
        writeln!(out)
    }

    fn sum(&self, members: &[usize], out: &mut dyn Write) -> io::Result<()> {
        let Some(first) = members.first().map(|at| &self.model.steps[*at]) else { return Ok(()) };
        let mut totals = Totals::default();
        let mut took = Duration::ZERO;
        for at in members {
            totals.add(&self.model.steps[*at]);
            took = took.saturating_add(self.model.steps[*at].took);
        }
        let name = self.style.key(Visible(first.short_name()));
        let (mark, result) = (first.result.mark(), first.result.text());
        write!(out, "{mark} {} × {name} {result} in {}", members.len(), text::duration(took))?;
        if first.result == Answer::Hit {
            write!(out, ", {} saved", text::duration(totals.saved))?;
        }
        if totals.bytes > 0 {
            write!(out, ", {}", text::bytes(totals.bytes))?;
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
            write!(out, ": {}{more}", Visible(cause))?;
        }
        writeln!(out)
    }
}

enum Group {
    One(usize),
    Many(Vec<usize>),
}
