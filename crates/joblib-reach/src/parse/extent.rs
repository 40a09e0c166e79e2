//! Where items, statements and generic arguments end.

use crate::lexer::Kind;
use crate::model::Range;
use crate::source::Source;

/// Where an item ends: behind its braces, where it has any that are its body, or behind its semicolon.
pub(super) fn end_of_item(source: &Source, at: usize, to: usize, has_body: bool) -> (usize, Option<Range>) {
    let mut angles = 0usize;
    let mut at = at;
    while at < to {
        match source.kind(at) {
            Kind::Punct(b';') => return (at + 1, None),
            Kind::Punct(b'<') => angles += 1,
            Kind::Punct(b'>')
                if !(at > 0
                    && (source.is_pair(at - 1, b'-', b'>') || source.is_pair(at - 1, b'=', b'>'))) =>
            {
                angles = angles.saturating_sub(1);
            }
            Kind::Open(b'{') if has_body && angles == 0 => {
                let close = source.pair(at);
                return (close + 1, Some((at + 1, close)));
            }
            _ => {}
        }
        at = source.after(at);
    }
    (to, None)
}

pub(super) fn ends_statement(source: &Source, at: usize) -> bool {
    let attribute = source.is_open(at, b'[') && at > 0 && source.is_punct(at - 1, b'#');
    matches!(source.kind(at), Kind::Punct(b';') | Kind::Open(b'{')) || attribute
}

/// Whether `for<'a>` stands here, and not the `for` of an implementation.
pub(crate) fn binds_lifetimes(source: &Source, at: usize) -> bool {
    source.is_punct(at + 1, b'<') && (source.kind(at + 2) == Kind::Lifetime || source.is_punct(at + 2, b'>'))
}

/// The index behind the `>` that closes the `<` at `at`.
pub(crate) fn skip_angles(source: &Source, at: usize, to: usize) -> usize {
    let (mut depth, mut at) = (0usize, at);
    while at < to {
        match source.kind(at) {
            Kind::Punct(b'<') => depth += 1,
            Kind::Punct(b'>') if !(at > 0 && source.is_pair(at - 1, b'-', b'>')) => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            Kind::Punct(b';') => return to,
            _ => {}
        }
        at = source.after(at);
    }
    to
}
