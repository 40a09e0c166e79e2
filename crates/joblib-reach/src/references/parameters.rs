//! The names of a function's parameters: in its body they hide functions of the same name.

use crate::lexer::Name;
use crate::model::Range;
use crate::parse::extent::skip_angles;
use crate::source::Source;

/// The parameters of a function that are names, `name: Type` or `mut name: Type`; those in patterns are left out.
pub(crate) fn parameters(source: &Source, (from, to): Range) -> Vec<Name> {
    let mut names = Vec::new();
    let Some(open) =
        (from..to).find(|at| source.text_of(*at) == "fn").map(|at| behind_generics(source, at + 2, to))
    else {
        return names;
    };
    if !source.is_open(open, b'(') {
        return names;
    }
    let (mut at, mut begins) = (open + 1, true);
    while at < source.pair(open) {
        if begins && source.is_punct(at, b'#') {
            at = source.after(at + 1);
            continue;
        }
        if begins {
            let name_at = if source.text_of(at) == "mut" { at + 1 } else { at };
            let is_typed = source.is_punct(name_at + 1, b':') && !source.is_pair(name_at + 1, b':', b':');
            names.extend(source.word(name_at).filter(|_| is_typed));
        }
        begins = source.is_punct(at, b',');
        at = source.after(at);
    }
    names
}

fn behind_generics(source: &Source, at: usize, to: usize) -> usize {
    if source.is_punct(at, b'<') { skip_angles(source, at, to) } else { at }
}
