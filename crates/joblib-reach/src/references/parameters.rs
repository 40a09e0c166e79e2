//! The names of a function's parameters: in its body they hide functions of the same name.

use crate::lexer::Name;
use crate::model::Range;
use crate::parse::extent::skip_angles;
use crate::source::Source;

/// The parameters of a function that are names, `name: Type` or `mut name: Type`, and where; those in patterns are left out.
pub(crate) fn parameters(source: &Source, (from, to): Range) -> Vec<(Name, usize)> {
    let mut names = Vec::new();
    let Some(open) =
        (from..to).find(|at| source.text_of(*at) == "fn").map(|at| behind_generics(source, at + 2, to))
    else {
        return names;
    };
    if !source.is_open(open, b'(') {
        return names;
    }
    let (mut at, close) = (open + 1, source.pair(open));
    let (mut begins, mut is_plain) = (true, true);
    while at < close {
        if begins && source.is_punct(at, b'#') {
            // Others may take the parameter away, as `#[cfg]` does.
            is_plain &= matches!(source.text_of(at + 2), "cached" | "allow" | "expect");
            at = source.after(at + 1);
            continue;
        }
        if begins {
            let name_at = if source.text_of(at) == "mut" { at + 1 } else { at };
            let is_typed = source.is_punct(name_at + 1, b':') && !source.is_pair(name_at + 1, b':', b':');
            names.extend(source.word(name_at).filter(|_| is_typed && is_plain).map(|name| (name, name_at)));
        }
        begins = source.is_punct(at, b',');
        is_plain |= begins;
        at = if source.is_punct(at, b'<') { skip_angles(source, at, close) } else { source.after(at) };
    }
    names
}

fn behind_generics(source: &Source, at: usize, to: usize) -> usize {
    if source.is_punct(at, b'<') { skip_angles(source, at, to) } else { at }
}
