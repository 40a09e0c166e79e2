//! The run beside the one before.

use serde::Serialize;

use super::steps::{MESSAGE, shortened};
use crate::arguments::cut;
use crate::runs::diff::{self, Computed, FunctionComparison};
use crate::runs::model::{Model, short};
use crate::text::{self, Visible};

/// Calls that are listed of each function.
const LISTED: usize = 10;
/// Characters of a cause.
const CAUSE: usize = 1000;

#[derive(Serialize)]
pub(super) struct Comparison {
    before: String,
    functions: Vec<Function>,
    groups: Vec<Group>,
}

#[derive(Serialize)]
struct Function {
    path: String,
    name: String,
    before: String,
    before_seconds: f64,
    before_took: String,
    after: String,
    after_seconds: f64,
    after_took: String,
}

/// The calls of a function that only one of the runs computed.
#[derive(Serialize)]
struct Group {
    title: String,
    calls: Vec<Call>,
    more: usize,
}

#[derive(Serialize)]
struct Call {
    text: String,
    ended: String,
    elsewhere: String,
    cause: String,
    message: String,
}

impl Comparison {
    pub(super) fn new(before: &Model, run: &Model) -> Self {
        let comparison = diff::Comparison::between(before, run);
        let groups = comparison.functions.iter().flat_map(|function| {
            let name = short(&function.function);
            [
                group(name, &function.computed_right, "in this run and not before", "before"),
                group(name, &function.computed_left, "before and not in this run", "in this run"),
            ]
        });
        Self {
            before: format!(
                "{}, {}, took {}",
                Visible(&before.run.id),
                text::time(before.start()),
                text::duration(before.took())
            ),
            groups: groups.flatten().collect(),
            functions: comparison.functions.iter().map(Function::new).collect(),
        }
    }
}

impl Function {
    fn new(function: &FunctionComparison) -> Self {
        Self {
            path: Visible(&function.function).to_string(),
            name: Visible(short(&function.function)).to_string(),
            before: function.left.text(),
            before_seconds: function.left.seconds,
            before_took: text::seconds(function.left.seconds),
            after: function.right.text(),
            after_seconds: function.right.seconds,
            after_took: text::seconds(function.right.seconds),
        }
    }
}

fn group(name: &str, computed: &[Computed], which: &str, other: &str) -> Option<Group> {
    if computed.is_empty() {
        return None;
    }
    let calls = computed.iter().take(LISTED).map(|call| Call {
        text: format!("{}({})", Visible(name), Visible(&call.short_arguments)),
        ended: call.ended(),
        elsewhere: match call.elsewhere {
            Some(result) => format!("{result} {other}"),
            None => format!("not called {other}"),
        },
        cause: shortened(&call.cause, CAUSE),
        message: text::lines(&cut(&call.message, MESSAGE)),
    });
    Some(Group {
        title: format!(
            "{}: {} {} {which}",
            Visible(name),
            text::count(computed.len(), "call", "calls"),
            Computed::results(computed)
        ),
        calls: calls.collect(),
        more: computed.len().saturating_sub(LISTED),
    })
}
