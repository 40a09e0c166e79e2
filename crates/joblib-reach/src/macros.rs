//! What calls of macros may define, as far as their arguments and the macros' own tokens tell.

use crate::map::Set;

use crate::lexer::{Kind, Name};
use crate::model::{ItemId, ItemKind, Model, Range, ScopeId};
use crate::source::Source;
use crate::standard_macros::reads_no_file;

/// The macros of a name, and those that they call, as far as they are known.
pub(crate) fn definitions(model: &Model, name: Option<Name>) -> Vec<ItemId> {
    let mut found: Vec<ItemId> = name.and_then(|name| model.macros.get(&name)).cloned().unwrap_or_default();
    let mut next = 0;
    while let Some(item) = found.get(next).copied() {
        next += 1;
        let (from, to) = model.items[item].range;
        let source = model.source(item);
        for at in from..to {
            if let (Some(called), true) = (source.word(at), source.is_punct(at + 1, b'!')) {
                let more = model.macros.get(&called).into_iter().flatten().copied();
                let more: Vec<ItemId> = more.filter(|item| !found.contains(item)).collect();
                found.extend(more);
            }
        }
    }
    found
}

/// The names that a call of a macro may define: all in its arguments, which the macro may put where it wants, and those that
/// stand in the macro where names are declared.
pub(crate) fn defined_by(model: &Model, call: ItemId) -> Set<Name> {
    /// Nobody calls an item so, and everybody names them.
    const PRIMITIVE: [&str; 17] = [
        "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize", "f32", "f64",
        "bool", "char", "str",
    ];
    let mut found = Set::default();
    let of = &model.items[call];
    let source = model.source(call);
    found.extend((of.range.0..of.range.1).filter_map(|at| source.word(at)));
    for definition in definitions(model, of.name) {
        declared_in(model, model.source(definition), model.items[definition].range, &mut found);
    }
    found.retain(|name| !PRIMITIVE.contains(&model.names.text(*name)));
    found
}

/// The names that stand where items are declared, or in what another macro is given.
fn declared_in(model: &Model, source: &Source, (from, to): Range, found: &mut Set<Name>) {
    let text = |at: usize| source.word(at).map_or("", |name| model.names.text(name));
    let mut everything_until = from;
    for at in from..to {
        let Some(name) = source.word(at) else { continue };
        if text(at) == "use" {
            let end = (at..to).find(|at| source.is_punct(*at, b';')).unwrap_or(to);
            everything_until = everything_until.max(end);
        }
        let group = at + 2;
        if source.is_punct(at + 1, b'!') && matches!(source.kind(group), Kind::Open(_)) {
            everything_until = everything_until.max(source.pair(group));
        }
        let before = at.checked_sub(1).filter(|before| *before >= from);
        let is_variable = before.is_some_and(|before| source.is_punct(before, b'$'));
        let is_declared = before.is_some_and(|before| {
            source.is_punct(before, b'!')
                || matches!(
                    text(before),
                    "fn" | "struct"
                        | "enum"
                        | "union"
                        | "trait"
                        | "type"
                        | "const"
                        | "static"
                        | "mod"
                        | "mut"
                        | "crate"
                )
        });
        if !is_variable && (is_declared || at < everything_until) {
            found.insert(name);
        }
    }
}

/// Whether a call of a macro can define names that are nowhere written.
pub(crate) fn invents_names(model: &Model, call: ItemId) -> bool {
    let definitions = definitions(model, model.items[call].name);
    if model.items[call]
        .name
        .is_some_and(|name| ["thread_local", "include"].contains(&model.names.text(name)))
    {
        // Of the standard library. What an included file declares is read, if the file is found.
        let krate = model.scopes[model.items[call].scope].krate;
        return model.crates[krate].is_opaque;
    }
    if model.items[call].kind == ItemKind::Call && includes(model, &definitions) {
        return true;
    }
    // `[<a b>]` puts names together, and `a::*` brings all that there are.
    let concatenates = |item: ItemId| {
        let (from, to) = model.items[item].range;
        let source = model.source(item);
        (from..to).any(|at| {
            source.is_open(at, b'[') && source.is_punct(at + 1, b'<')
                || at > from && source.is_punct(at + 1, b'*') && source.is_pair(at - 1, b':', b':')
        })
    };
    definitions.is_empty() || concatenates(call) || definitions.into_iter().any(concatenates)
}

/// What may write items of any name into a scope: calls of macros, attributes and derives.
pub(crate) fn inventors(model: &Model, scope: ScopeId) -> Vec<ItemId> {
    let here = &model.scopes[scope];
    let calls = here.calls.iter().copied().filter(|call| invents_names(model, *call));
    here.makers.iter().copied().chain(calls).collect()
}

/// Whether one of these macros calls another that is not at hand, for which `is_plain` does not stand.
pub(crate) fn leads_elsewhere(
    model: &Model,
    definitions: &[ItemId],
    is_plain: impl Fn(&str) -> bool,
) -> bool {
    definitions.iter().any(|item| {
        let (from, to) = model.items[*item].range;
        let source = model.source(*item);
        (from..to).any(|at| {
            let called = source
                .word(at)
                .filter(|_| source.is_punct(at + 1, b'!') && matches!(source.kind(at + 2), Kind::Open(_)));
            called.is_some_and(|name| !model.macros.contains_key(&name) && !is_plain(model.names.text(name)))
        })
    })
}

/// Whether one of these macros includes a file, whose name may be an argument.
pub(crate) fn includes(model: &Model, definitions: &[ItemId]) -> bool {
    definitions.iter().any(|item| {
        let (from, to) = model.items[*item].range;
        let source = model.source(*item);
        (from..to).any(|at| source.text_of(at) == "include" && source.is_punct(at + 1, b'!'))
    })
}

/// Whether macros of a name may make a text of tokens, in which the spaces between these count: their own tokens say so, or they
/// are from elsewhere.
pub(crate) fn prints(model: &Model, name: Name) -> bool {
    let definitions = definitions(model, Some(name));
    if definitions.is_empty() {
        return !reads_no_file(model.names.text(name));
    }
    leads_elsewhere(model, &definitions, reads_no_file)
        || definitions.iter().any(|item| {
            let (from, to) = model.items[*item].range;
            let source = model.source(*item);
            (from..to).any(|at| source.text_of(at) == "stringify" && source.is_punct(at + 1, b'!'))
        })
}
