//! Paths as they stand among tokens.

use crate::lexer::Name;
use crate::map::Set;
use crate::parse::extent::skip_angles;
use crate::source::Source;

/// The path whose first name stands at `at`, and where it ends. Generic arguments between names are passed over; `each` gets
/// the place of each further name.
pub(crate) fn path_at(
    source: &Source,
    at: usize,
    to: usize,
    mut each: impl FnMut(usize),
) -> Option<(Vec<Name>, usize)> {
    let mut path = vec![source.word(at).filter(|_| at < to)?];
    let mut end = at + 1;
    while end < to && source.is_pair(end, b':', b':') {
        if let Some(next) = source.word(end + 2) {
            path.push(next);
            each(end + 2);
            end += 3;
        } else if source.is_punct(end + 2, b'<') {
            end = skip_angles(source, end + 2, to);
        } else {
            break;
        }
    }
    Some((path, end))
}

/// All paths in a range, also those in generic arguments, and where each begins.
pub(crate) fn paths(source: &Source, from: usize, to: usize) -> Vec<(usize, Vec<Name>)> {
    let mut found = Vec::new();
    let mut further = Set::default();
    for at in from..to {
        if further.contains(&at) {
            continue;
        }
        let path = path_at(source, at, to, |at| {
            further.insert(at);
        });
        if let Some((path, _)) = path {
            found.push((at, path));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lexer::Names;

    #[test]
    fn paths_are_found_whole_and_in_generic_arguments() {
        let mut names = Names::default();
        let source = Source::new("a::B::<c::D, E>::f(g) + h :: i".to_owned(), &mut names).unwrap();
        let found: Vec<String> = paths(&source, 0, source.tokens.len())
            .into_iter()
            .map(|(_, path)| path.iter().map(|name| names.text(*name)).collect::<Vec<_>>().join("::"))
            .collect();
        assert_eq!(found, ["a::B::f", "c::D", "E", "g", "h::i"]);
    }
}
