//! The layers of the crates that have many files: a file imports from its own layer and from those below.

use super::imports::Graph;

/// The layers of a crate from the top down, each with the modules in it. `docs/design.md` describes them.
const CRATES: [(&str, &[&[&str]]); 2] = [
    (
        "crates/joblib-memory/src",
        &[
            &["cache_fn", "internal", "memorized"],
            &["call"],
            &["memory"],
            &["function"],
            &["elsewhere", "entry", "files", "report", "single_flight", "tier"],
            &["append_map", "date", "error", "lock", "wake", "quick_hash", "shape"],
        ],
    ),
    (
        "crates/joblib-parallel/src",
        &[
            &["conformance", "internal", "parallel"],
            &["engine"],
            &["backend"],
            &["worker"],
            &["task"],
            &["carriers"],
            &["sys", "wire"],
            &["cancel", "error", "sync"],
        ],
    ),
];

/// The crates with layers, by their `src` folders, and their modules.
pub(crate) fn modules() -> impl Iterator<Item = (&'static str, impl Iterator<Item = &'static str>)> {
    CRATES.iter().map(|(source, layers)| (*source, layers.iter().flat_map(|layer| layer.iter().copied())))
}

/// What is wrong with the imports of the crate in a `src` folder: those that run up, and modules without a layer.
pub(crate) fn check(source: &str, graph: &Graph) -> Vec<String> {
    CRATES.iter().find(|(name, _)| *name == source).map_or_else(Vec::new, |(_, layers)| upward(layers, graph))
}

fn upward(layers: &[&[&str]], graph: &Graph) -> Vec<String> {
    let layer = |file: &str| {
        let module = file.split("::").next().unwrap_or(file);
        layers.iter().position(|modules| modules.contains(&module))
    };
    let mut wrong = Vec::new();
    for (file, imported) in graph {
        let Some(own) = layer(file) else {
            wrong.push(format!("`{file}` is in no layer: declare it in xtask/src/lint/layers.rs"));
            continue;
        };
        for other in imported.iter().filter(|other| layer(other).is_some_and(|layer| layer < own)) {
            wrong.push(format!("`{file}` imports `{other}`, which is in a layer above it"));
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Graph, upward};

    #[test]
    fn an_import_that_runs_up_and_a_module_without_a_layer_are_wrong() {
        let graph: Graph =
            [("top::a", "ground"), ("ground", "top::a"), ("new", "ground"), ("top::b", "top::a")]
                .map(|(from, to)| (from.to_owned(), BTreeSet::from([to.to_owned()])))
                .into();
        let wrong = upward(&[&["top"], &["ground"]], &graph);
        assert_eq!(wrong.len(), 2, "{wrong:?}");
        assert!(wrong[0].contains("`ground` imports `top::a`"), "{wrong:?}");
        assert!(wrong[1].contains("`new` is in no layer"), "{wrong:?}");
    }
}
