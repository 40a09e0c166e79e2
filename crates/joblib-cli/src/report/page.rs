//! What the page says, in the order of the page.

use std::collections::BTreeMap;

use serde::Serialize;

use super::comparison::Comparison;
use super::growth::{Earlier, Growth};
use super::steps::{Causes, Failed, Slow, Steps, failures, slowest};
use super::timeline::Timeline;
use crate::runs::model::{Model, Totals, short};
use crate::text::{self, Visible};

#[derive(Serialize)]
pub(super) struct Page {
    run: Head,
    functions: Vec<Function>,
    comparison: Option<Comparison>,
    failures: Vec<Failed>,
    slowest: Vec<Slow>,
    timeline: Timeline,
    growth: Vec<Growth>,
    steps: Steps,
    causes: Vec<String>,
}

#[derive(Serialize)]
struct Head {
    id: String,
    command: String,
    facts: Vec<Fact>,
    /// What a reader has to know before the rest.
    notes: Vec<String>,
}

#[derive(Serialize)]
struct Fact {
    name: &'static str,
    value: String,
}

/// The calls of one function.
#[derive(Serialize)]
struct Function {
    path: String,
    name: String,
    hits: u64,
    computed: u64,
    failed: u64,
    seconds: f64,
    took: String,
    saved_seconds: f64,
    saved: String,
    /// What it saved, in hundredths of what the function saved that saved most.
    share: f64,
    bytes: u64,
    stored: String,
}

impl Page {
    pub(super) fn new(model: &Model, earlier: &Earlier) -> Self {
        let mut causes = Causes::default();
        let steps = Steps::new(model, &mut causes);
        Self {
            run: Head::new(model),
            functions: functions(model),
            comparison: earlier.before.as_ref().map(|before| Comparison::new(before, model)),
            failures: failures(model),
            slowest: slowest(model),
            timeline: Timeline::new(model),
            growth: earlier.growth(model),
            steps,
            causes: causes.into_texts(),
        }
    }
}

impl Head {
    fn new(model: &Model) -> Self {
        let run = &model.run;
        let mut facts = Vec::new();
        let mut fact = |name, value: String| {
            if !value.is_empty() {
                facts.push(Fact { name, value: Visible(value).to_string() });
            }
        };
        let totals = model.totals();
        fact("State", model.state.text().to_owned());
        fact("Started", text::time(model.start()));
        fact("Took", text::duration(model.took()));
        fact("Hits", totals.hits.to_string());
        fact("Computed", format!("{} in {}", totals.computed, text::duration(totals.computing)));
        fact("Failed", totals.failed.to_string());
        fact("Saved", text::duration(totals.saved));
        fact("Stored", text::bytes(totals.bytes));
        fact("Peak memory of a process", text::bytes(model.memory));
        fact("Folder", run.folder.clone());
        fact("User", run.user.clone());
        fact("Host", run.host.clone());
        fact("Commit", run.commit.clone());
        let mut notes = model.problems.clone();
        if model.is_full {
            notes.push("The record is full: later calls are not in it.".to_owned());
        }
        Self {
            id: Visible(&run.id).to_string(),
            command: Visible(model.command()).to_string(),
            facts,
            notes: notes.into_iter().map(|note| Visible(note).to_string()).collect(),
        }
    }
}

fn functions(model: &Model) -> Vec<Function> {
    let mut totals: BTreeMap<&str, (Totals, f64)> = BTreeMap::new();
    for step in model.steps.iter().filter(|step| step.is_call()) {
        let (totals, seconds) = totals.entry(&step.name).or_default();
        totals.add(step);
        *seconds += step.took.as_secs_f64();
    }
    let most = totals.values().map(|(totals, _)| totals.saved.as_secs_f64()).fold(0.0, f64::max);
    let mut functions: Vec<Function> = totals
        .into_iter()
        .map(|(path, (totals, seconds))| {
            let saved_seconds = totals.saved.as_secs_f64();
            Function {
                path: Visible(path).to_string(),
                name: Visible(short(path)).to_string(),
                hits: totals.hits,
                computed: totals.computed,
                failed: totals.failed,
                seconds,
                took: text::seconds(seconds),
                saved_seconds,
                saved: text::duration(totals.saved),
                share: if most > 0.0 { (1000.0 * saved_seconds / most).round() / 10.0 } else { 0.0 },
                bytes: totals.bytes,
                stored: text::bytes(totals.bytes),
            }
        })
        .collect();
    functions.sort_by(|one, other| other.seconds.total_cmp(&one.seconds));
    functions
}
