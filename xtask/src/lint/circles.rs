//! Circles of files: files that import each other, directly or through others.

use std::collections::BTreeSet;

use super::imports::Graph;

/// The circles of a graph: each is a set of two or more files, every one of which reaches every other.
pub(crate) fn find(graph: &Graph) -> Vec<Vec<String>> {
    let reached: Vec<(&String, BTreeSet<&String>)> =
        graph.keys().map(|file| (file, reached_from(graph, file))).collect();
    let mut circles = BTreeSet::new();
    for (file, from) in &reached {
        let circle: Vec<String> = reached
            .iter()
            .filter(|(other, back)| other == file || from.contains(other) && back.contains(file))
            .map(|(other, _)| (*other).clone())
            .collect();
        if circle.len() > 1 {
            circles.insert(circle);
        }
    }
    circles.into_iter().collect()
}

/// All files that a file imports, directly or through others.
fn reached_from<'g>(graph: &'g Graph, file: &String) -> BTreeSet<&'g String> {
    let mut reached = BTreeSet::new();
    let mut left: Vec<&String> = graph.get(file).into_iter().flatten().collect();
    while let Some(next) = left.pop() {
        if reached.insert(next) {
            left.extend(graph.get(next).into_iter().flatten());
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn files_that_reach_each_other_are_one_circle_and_a_chain_is_none() {
        let graph = [("a", "b"), ("b", "c"), ("c", "a"), ("d", "a"), ("e", "f"), ("f", "e"), ("g", "g")];
        let mut all = super::Graph::new();
        for (from, to) in graph {
            all.entry(from.to_owned()).or_default().insert(to.to_owned());
        }
        assert_eq!(find(&all), [vec!["a", "b", "c"], vec!["e", "f"]]);
    }
}
