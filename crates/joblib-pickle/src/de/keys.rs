//! Keys that Python tells apart and a map of text does not: `"a"` and `b"a"`, `"1.5"` and `Decimal("1.5")`.

use serde::Deserialize;

use super::node::De;
use super::problem::Problem;
use super::walk::Walk;
use crate::tree::{Id, Node};

/// Refuses keys that would be one key where all are read as text; `runs` are keys and values by turns.
pub(super) fn check_distinct(walk: &Walk<'_>, runs: [&[Id]; 2]) -> Result<(), Problem> {
    let keys = || runs.into_iter().flat_map(|run| run.iter().step_by(2).copied());
    // Of one class, Python has told them apart.
    let all = |is: fn(Node) -> bool| keys().all(|id| is(walk.tree.node(id)));
    if all(|node| matches!(node, Node::Str(_))) || all(|node| matches!(node, Node::Int(_))) {
        return Ok(());
    }
    let mut seen = std::collections::HashSet::new();
    for id in keys() {
        let mut text = String::new();
        // Equal numbers are one key of Python's; it is what is read as text that may be equal besides.
        if identity(walk, id, &mut text, 0) && !seen.insert(text.clone()) {
            let shown = text.trim_matches('\0').replace('\0', " ");
            return Err(Problem::wrong(format!(
                "two keys that Python tells apart by their classes are both {shown:?} as text, and a map has one value for \
                 a key: load the map with the keys `Value`"
            ))
            .near(walk.tree.offset_near(id)));
        }
    }
    Ok(())
}

/// Appends what a key is when it is read as text; false for one that can't be, or is too deep.
fn identity(walk: &Walk<'_>, id: Id, to: &mut String, depth: usize) -> bool {
    match walk.tree.node(id) {
        Node::Tuple(items) if depth < 8 => {
            to.push('(');
            let items = walk.tree.items(items);
            let all = items.iter().all(|&item| identity(walk, item, to, depth + 1));
            to.push(')');
            all
        }
        // Within a tuple numbers count, too.
        Node::Int(value) if depth > 0 => {
            to.push_str(&value.to_string());
            to.push('\0');
            true
        }
        Node::Bool(value) if depth > 0 => {
            to.push_str(if value { "True\0" } else { "False\0" });
            true
        }
        _ => match String::deserialize(De { walk, id }) {
            Ok(text) => {
                to.push_str(&text);
                to.push('\0');
                true
            }
            Err(_) => false,
        },
    }
}
