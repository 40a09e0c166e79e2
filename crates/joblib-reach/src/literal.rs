//! The text that a constant expression of literals stands for, as paths of included files are written.

use crate::lexer::{Kind, Names};
use crate::source::Source;

/// The text of `"…"`, `concat!(…)`, `env!("…")` and of these in each other; `None` for anything else.
///
/// `environment` gives the variables that `env!` sees.
pub(crate) fn text_of(
    source: &Source,
    names: &Names,
    environment: &dyn Fn(&str) -> Option<String>,
    from: usize,
    to: usize,
) -> Option<String> {
    let to = if to > from && source.is_punct(to - 1, b',') { to - 1 } else { to };
    if from + 1 == to {
        return match source.kind(from) {
            Kind::Text => unescaped(source, from),
            Kind::Literal => Some(source.text_of(from).to_owned()),
            _ => None,
        };
    }
    let name = names.text(source.word(from)?);
    if !source.is_punct(from + 1, b'!') || !source.is_open(from + 2, b'(') || source.pair(from + 2) + 1 != to
    {
        return None;
    }
    let (mut at, end) = (from + 3, to - 1);
    match name {
        "concat" => {
            let mut text = String::new();
            while at < end {
                let mut comma = at;
                while comma < end && !source.is_punct(comma, b',') {
                    comma = source.after(comma);
                }
                text.push_str(&text_of(source, names, environment, at, comma)?);
                at = comma + 1;
            }
            Some(text)
        }
        "env" => environment(&unescaped(source, at)?),
        _ => None,
    }
}

/// What a string literal stands for.
pub(crate) fn unescaped(source: &Source, at: usize) -> Option<String> {
    let content = source.content(at)?;
    if source.text_of(at).starts_with(['r', 'b', 'c'])
        && source.text_of(at).contains('r')
        && !source.text_of(at).starts_with('"')
    {
        return Some(content.to_owned());
    }
    let mut text = String::with_capacity(content.len());
    let mut letters = content.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            text.push(letter);
            continue;
        }
        match letters.next()? {
            'n' => text.push('\n'),
            't' => text.push('\t'),
            'r' => text.push('\r'),
            '0' => text.push('\0'),
            '\n' => while letters.next_if(|letter| letter.is_whitespace()).is_some() {},
            other @ ('\\' | '"' | '\'') => text.push(other),
            'x' => {
                let digits: String = letters.by_ref().take(2).collect();
                text.push(char::from(u8::from_str_radix(&digits, 16).ok()?));
            }
            'u' => {
                let digits: String = letters.by_ref().take_while(|letter| *letter != '}').collect();
                let digits = digits.trim_start_matches('{').replace('_', "");
                text.push(u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32)?);
            }
            _ => return None,
        }
    }
    Some(text)
}
