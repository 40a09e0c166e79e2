//! `joblib runs diff`.

use std::collections::{BTreeMap, HashMap};
use std::io::Write;
use std::path::Path;

use serde::Serialize;

use super::args::Diff;
use super::find;
use super::model::{Answer, Model, Step, Totals, short};
use crate::arguments::IN_A_LINE;
use crate::document;
use crate::failure::Failure;
use crate::fold;
use crate::style::Style;
use crate::table::Table;
use crate::text::{self, Visible};

/// Calls that are listed of each function.
const LISTED: usize = 5;

/// The comparison of two runs.
#[derive(Serialize)]
pub(crate) struct Comparison {
    pub(crate) left: String,
    pub(crate) right: String,
    pub(crate) functions: Vec<FunctionComparison>,
}

/// The calls of one function in two runs.
#[derive(Serialize)]
pub(crate) struct FunctionComparison {
    pub(crate) function: String,
    pub(crate) left: Side,
    pub(crate) right: Side,
    /// Calls that the right run computed, or that failed there, and that ended otherwise in the left run.
    pub(crate) computed_right: Vec<Computed>,
    /// Calls that the left run computed, or that failed there, and that the right run did not need to compute.
    pub(crate) computed_left: Vec<Computed>,
    /// Why calls were computed in the right run, the most frequent cause first.
    pub(crate) causes: Vec<(String, usize)>,
}

/// The numbers of a function in one run.
#[derive(Serialize)]
pub(crate) struct Side {
    pub(crate) hits: u64,
    pub(crate) computed: u64,
    pub(crate) failed: u64,
    pub(crate) seconds: f64,
}

/// A call that was computed in one run and not in the other.
#[derive(Serialize)]
pub(crate) struct Computed {
    /// `computed`, `failed`, …
    pub(crate) result: &'static str,
    pub(crate) arguments: String,
    /// The same within the length of a line.
    #[serde(skip)]
    pub(crate) short_arguments: String,
    pub(crate) seconds: f64,
    pub(crate) cause: String,
    /// What went wrong, if something did.
    pub(crate) message: String,
    /// What the other run did with it: `hit`, `failed`, `computed with other code`, …, or `null` if it did not call it.
    pub(crate) elsewhere: Option<&'static str>,
}

type Calls<'m> = HashMap<(&'m str, [u8; 16]), &'m Step>;

impl Comparison {
    pub(crate) fn between(left: &Model, right: &Model) -> Self {
        let (left_calls, right_calls) = (calls(left), calls(right));
        let mut names: BTreeMap<&str, (Totals, Totals)> = BTreeMap::new();
        for step in left.steps.iter().filter(|step| step.is_call()) {
            names.entry(&step.name).or_default().0.add(step);
        }
        for step in right.steps.iter().filter(|step| step.is_call()) {
            names.entry(&step.name).or_default().1.add(step);
        }
        let took = |model: &Model, name: &str| {
            let calls = model.steps.iter().filter(|step| step.is_call() && step.name == name);
            calls.map(|step| step.took.as_secs_f64()).sum()
        };
        let functions = names.into_iter().map(|(name, (left_totals, right_totals))| FunctionComparison {
            function: name.to_owned(),
            left: Side::new(&left_totals, took(left, name)),
            right: Side::new(&right_totals, took(right, name)),
            computed_right: computed(right, name, &left_calls, is_news),
            computed_left: computed(left, name, &right_calls, is_not_needed),
            causes: causes(right, name),
        });
        let functions = functions.collect();
        Self { left: left.run.id.clone(), right: right.run.id.clone(), functions }
    }
}

impl Side {
    fn new(totals: &Totals, seconds: f64) -> Self {
        Self { hits: totals.hits, computed: totals.computed, failed: totals.failed, seconds }
    }

    pub(crate) fn text(&self) -> String {
        let failed = if self.failed > 0 { format!(", {} failed", self.failed) } else { String::new() };
        let hits = text::count(usize::try_from(self.hits).unwrap_or(usize::MAX), "hit", "hits");
        format!("{hits}, {} computed{failed}", self.computed)
    }

    fn took(&self) -> String {
        text::seconds(self.seconds)
    }
}

/// The cached calls of a run. Of one that was made several times, the one that was computed counts.
fn calls(model: &Model) -> Calls<'_> {
    let mut calls: Calls<'_> = HashMap::new();
    for step in model.steps.iter().filter(|step| step.is_call()) {
        let known = calls.entry((&step.name, step.call)).or_insert(step);
        if known.result == Answer::Hit {
            *known = step;
        }
    }
    calls
}

/// Whether a call of the right run ended otherwise in the left one, if it was made there.
fn is_news(step: &Step, left: Option<&Step>) -> bool {
    left.is_none_or(|left| match (step.result, left.result) {
        (Answer::Computed, Answer::Computed) => step.code != left.code,
        (Answer::Failed, Answer::Failed) => step.code != left.code || step.message != left.message,
        (step, left) => step != left,
    })
}

/// Whether a call of the left run was not needed in the right one: the others are among those of the right run.
fn is_not_needed(_: &Step, right: Option<&Step>) -> bool {
    right.is_none_or(|right| right.result == Answer::Hit)
}

/// The calls of a function that a run computed, or that failed there, and that are `listed` beside what the other run did.
fn computed(
    model: &Model,
    name: &str,
    other: &Calls<'_>,
    listed: fn(&Step, Option<&Step>) -> bool,
) -> Vec<Computed> {
    let is_computed = |step: &&Step| step.is_call() && step.name == name && step.result != Answer::Hit;
    let mut computed: Vec<Computed> = model
        .steps
        .iter()
        .filter(is_computed)
        .filter_map(|step| {
            let other = other.get(&(name, step.call)).copied();
            let elsewhere = other.map(|other| match other.result {
                Answer::Computed if other.code != step.code => "computed with other code",
                result => result.text(),
            });
            listed(step, other).then(|| Computed {
                result: step.result.text(),
                arguments: step.arguments_text(),
                short_arguments: step.arguments_within(IN_A_LINE),
                seconds: step.took.as_secs_f64(),
                cause: step.cause.clone(),
                message: step.message.clone(),
                elsewhere,
            })
        })
        .collect();
    computed.sort_by(|a, b| b.seconds.total_cmp(&a.seconds));
    computed
}

impl Computed {
    /// What became of some calls, as a title says it.
    pub(crate) fn results(calls: &[Self]) -> String {
        let mut results: Vec<&str> = calls.iter().map(|call| call.result).collect();
        results.sort_unstable();
        results.dedup();
        results.join(" or ")
    }

    /// How it ended, such as "failed in 2.0 s", where that is not what all calls of the title did.
    pub(crate) fn ended(&self) -> String {
        let took = text::seconds(self.seconds);
        if self.result == Answer::Computed.text() {
            format!("in {took}")
        } else {
            format!("{} in {took}", self.result)
        }
    }
}

fn causes(model: &Model, name: &str) -> Vec<(String, usize)> {
    let mut causes: HashMap<&str, usize> = HashMap::new();
    for step in
        model.steps.iter().filter(|step| step.is_call() && step.name == name && !step.cause.is_empty())
    {
        *causes.entry(&step.cause).or_default() += 1;
    }
    let mut causes: Vec<(String, usize)> =
        causes.into_iter().map(|(cause, count)| (cause.to_owned(), count)).collect();
    causes.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    causes
}

pub(crate) fn run(
    options: &Diff,
    folder: &Path,
    json: bool,
    style: Style,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let model = |name: &str| Ok::<_, Failure>(Model::new(find::read(&find::find(folder, name)?)?));
    let (left, right) = (model(&options.left)?, model(&options.right)?);
    let comparison = Comparison::between(&left, &right);
    if json {
        return document::print(&comparison, out);
    }
    for (name, model) in [("Before", &left), ("After", &right)] {
        let (id, command, took) = (&model.run.id, model.command(), text::duration(model.took()));
        let name = style.dim(format!("{name:<7}"));
        let line = format!("{}, took {took}: {}", Visible(id), Visible(command));
        fold::print(out, style, (&format!("{name} "), "        "), &line)?;
    }
    writeln!(out)?;
    let mut table = Table::new(&["FUNCTION", "BEFORE", " TOOK", "AFTER", " TOOK"]);
    for function in &comparison.functions {
        table.row([
            short(&function.function).to_owned(),
            function.left.text(),
            function.left.took(),
            function.right.text(),
            function.right.took(),
        ]);
    }
    table.print(style, out)?;
    for function in &comparison.functions {
        print(function, style, out)?;
    }
    if comparison
        .functions
        .iter()
        .all(|function| function.computed_left.is_empty() && function.computed_right.is_empty())
    {
        writeln!(out, "\nBoth runs computed the same calls.")?;
    }
    Ok(())
}

fn print(function: &FunctionComparison, style: Style, out: &mut dyn Write) -> Result<(), Failure> {
    let name = short(&function.function);
    for (computed, which, other) in
        [(&function.computed_right, "after", "before"), (&function.computed_left, "before", "after")]
    {
        if computed.is_empty() {
            continue;
        }
        let calls = text::count(computed.len(), "call", "calls");
        let results = Computed::results(computed);
        writeln!(out, "\n{}: {calls} {results} {which} and not {other}", style.key(Visible(name)))?;
        for call in computed.iter().take(LISTED) {
            let elsewhere = match call.elsewhere {
                Some(result) => format!("{result} {other}"),
                None => format!("not called {other}"),
            };
            let cause = if call.cause.is_empty() { String::new() } else { format!(": {}", call.cause) };
            let (arguments, ended) = (Visible(&call.short_arguments), call.ended());
            let mut message = call.message.lines();
            let first = message.next().map_or_else(String::new, |first| format!(" — {first}"));
            let line = format!("({arguments}) {ended}, {elsewhere}{}{}", Visible(cause), Visible(first));
            fold::print(out, style, ("  ", "    "), &line)?;
            for line in message {
                fold::print(out, style, ("    ", "    "), &Visible(line).to_string())?;
            }
        }
        if computed.len() > LISTED {
            writeln!(out, "  … {} more; --json lists all", computed.len() - LISTED)?;
        }
    }
    Ok(())
}
