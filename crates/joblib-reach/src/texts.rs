//! Names in strings: paths in attributes, what a format string takes from around it, and code that a procedural macro writes.

use std::rc::Rc;

use crate::lexer::{Name, Names};
use crate::literal;
use crate::meaning::{Found, Target, dedup};
use crate::model::{ItemKind, Model, ScopeId};
use crate::paths::paths;
use crate::resolve::Resolver;
use crate::source::Source;

/// What paths in the string of an attribute mean, as in `#[serde(with = "module")]`.
pub(crate) fn in_attribute(
    model: &mut Model,
    resolver: &mut Resolver,
    scope: ScopeId,
    this: Option<&[Target]>,
    (source, at): (&Source, usize),
) -> Vec<Found> {
    let Some(text) = literal::unescaped(source, at) else { return Vec::new() };
    let Ok(inner) = Source::new(text, &mut model.names) else { return Vec::new() };
    let mut all = Vec::new();
    for (at, path) in paths(&inner, 0, inner.tokens.len()) {
        if at > 0 && inner.is_punct(at - 1, b'.') {
            // `self.rate() * 2.0`
            all.push(Found { of_any: path, ..Found::default() });
            continue;
        }
        if inner.text_of(at) == "self" && inner.is_punct(at + 1, b'.') {
            continue;
        }
        let absolute = at >= 2 && inner.is_pair(at - 2, b':', b':');
        let mut found = resolver.path(model, scope, &path, absolute, this);
        // Functions of a module are called by names that are not written.
        let modules: Vec<ScopeId> = found
            .targets
            .iter()
            .filter_map(|target| if let Target::Module(module) = target { Some(*module) } else { None })
            .collect();
        for module in modules {
            found.targets.extend(resolver.everything(model, module));
        }
        // `#[serde(with = "Type")]` calls these of a type.
        let types: Vec<_> = found
            .targets
            .iter()
            .filter_map(|target| match target {
                Target::Item(item) if model.items[*item].kind == ItemKind::Type => Some(*item),
                _ => None,
            })
            .collect();
        for of in types {
            let called = ["serialize", "deserialize"].map(|name| (of, model.names.of(name)));
            found.members.extend(called);
        }
        dedup(&mut found.targets);
        // Words such as "camelCase" are none.
        found.targets.retain(|target| !target.is_elsewhere());
        all.push(found);
    }
    all
}

/// The constants and unit structs that a format string names. Functions can't be formatted.
pub(crate) fn in_format(
    model: &mut Model,
    resolver: &mut Resolver,
    scope: ScopeId,
    content: &str,
) -> Vec<Found> {
    let mut names: Vec<(Name, bool)> = Vec::new();
    for part in content.split('{').skip(1) {
        let inside = part.split('}').next().unwrap_or_default();
        for word in inside.split(|c: char| c != '_' && !c.is_alphanumeric()) {
            let is_constant = word.starts_with(char::is_uppercase);
            // A macro may have put the name of a constant together.
            let name = if is_constant { Some(model.names.of(word)) } else { model.names.find(word) };
            names.extend(name.map(|name| (name, is_constant)));
        }
    }
    let mut all = Vec::new();
    for (name, is_constant) in names {
        let mut found = resolver.path(model, scope, &[name], false, None);
        let is_unknown = found.is_elsewhere();
        found.targets.retain(|target| match target {
            Target::Item(item) => {
                !matches!(model.items[*item].kind, ItemKind::Function | ItemKind::Trait | ItemKind::Macro)
            }
            _ => false,
        });
        if is_constant && is_unknown {
            let inventors = resolver.inventors_in_sight(model, scope);
            found.targets.extend(inventors.into_iter().map(Target::Item));
        }
        if !found.targets.is_empty() {
            all.push(found);
        }
    }
    all
}

/// The code that a string holds, as what a procedural macro writes.
pub(crate) fn as_code(source: &Source, at: usize, names: &mut Names) -> Option<Rc<Source>> {
    // Braces of a format string stand for themselves.
    let text = literal::unescaped(source, at)?.replace("{{", "{").replace("}}", "}");
    Source::new(text, names).ok().map(Rc::new)
}

/// A part of a name that is put together.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Part {
    First(String),
    Inner(String),
    Last(String),
}

impl Part {
    /// Whether a name can have been put together from it.
    pub(crate) fn is_of(&self, name: &str) -> bool {
        match self {
            Self::First(part) => name.starts_with(part),
            Self::Inner(part) => name.contains(part),
            Self::Last(part) => name.ends_with(part),
        }
    }
}

/// The parts of names that a text holds: letters beside a place for another text, as in `default_{}()`, and the whole of
/// `default_` and `_default`, to which a program adds the rest.
pub(crate) fn parts_of_names(text: &str) -> Vec<Part> {
    let is_part = |letter: char| letter == '_' || letter.is_alphanumeric();
    let text = text.replace("{{", "(").replace("}}", ")");
    if !text.contains('{') {
        let is_name = text.chars().all(is_part) && text.contains(|letter| letter != '_');
        return match (is_name, text.starts_with('_'), text.ends_with('_')) {
            (true, true, true) => vec![Part::Inner(text)],
            (true, true, false) => vec![Part::Last(text)],
            (true, false, true) => vec![Part::First(text)],
            _ => Vec::new(),
        };
    }
    let pieces: Vec<&str> = text.split(['{', '}']).step_by(2).collect();
    let mut parts = Vec::new();
    for (index, piece) in pieces.iter().enumerate() {
        let (after, before) = (index > 0, index + 1 < pieces.len());
        if after && before && piece.chars().all(is_part) {
            parts.push(Part::Inner((*piece).to_owned()));
            continue;
        }
        let first = piece.split(|letter| !is_part(letter)).next().unwrap_or_default();
        let last = piece.rsplit(|letter| !is_part(letter)).next().unwrap_or_default();
        parts.extend(after.then(|| Part::Last(first.to_owned())));
        parts.extend(before.then(|| Part::First(last.to_owned())));
    }
    let has_letters = |part: &String| part.contains(char::is_alphanumeric);
    parts.retain(|part| match part {
        Part::First(part) | Part::Inner(part) | Part::Last(part) => has_letters(part),
    });
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_names_stand_beside_places_for_others() {
        let parts = |text: &str| {
            let parts = parts_of_names(text).into_iter().map(|part| match part {
                Part::First(part) => format!("{part}-"),
                Part::Inner(part) => format!("-{part}-"),
                Part::Last(part) => format!("-{part}"),
            });
            parts.collect::<Vec<_>>().join(" ")
        };
        assert_eq!(parts("default_{}"), "default_-");
        assert_eq!(parts("fn {}_impl() {{ default_{x}() }}"), "-_impl default_-");
        assert_eq!(parts("a{}_b_{}c"), "a- -_b_- -c");
        assert_eq!(parts("_impl") + &parts(" get_"), "-_impl");
        assert_eq!(parts("expected {}, not {}") + &parts("{}_{}") + &parts("word") + &parts("{}"), "");
    }
}
