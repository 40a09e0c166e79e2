//! Finds the function that an attribute stands on, by the attribute's place in its file.

use std::path::Path;

use crate::lexer::{Kind, Names};
use crate::model::{FileId, Item, ItemId, ItemKind, Model, ScopeId};
use crate::parse::parse_detached;
use crate::sight::macros_of;
use crate::source::Source;

/// Where an attribute stands, as the compiler tells. Lines and columns are counted from 1.
#[derive(Debug, Clone)]
pub struct Place<'a> {
    /// The file, as the compiler names it.
    pub file: &'a Path,
    /// The line of the attribute's first character.
    pub line: usize,
    /// Its column, in characters.
    pub column: usize,
}

/// What was found there.
#[derive(Debug)]
pub(crate) struct Located {
    /// The function; several where a macro makes it at several places.
    pub(crate) roots: Vec<ItemId>,
    /// How many functions of its name come before it in the same function.
    pub(crate) ordinal: usize,
    /// Whether it stands in a file, and is not made by a macro.
    pub(crate) is_written: bool,
}

/// The function at a place. `code` gives its tokens, for one that a macro made.
pub(crate) fn locate(model: &mut Model, place: &Place<'_>, code: &dyn Fn() -> String) -> Option<Located> {
    let file = file_of(model, place.file)?;
    let at = token_at(&model.files[file].source, place)?;
    let innermost = model.innermost(file, at);
    let is_its_own = |item: &ItemId| {
        let of = &model.items[*item];
        of.kind == ItemKind::Function && (of.attributes.0..of.attributes.1).contains(&at)
    };
    if let Some(item) = innermost.filter(is_its_own) {
        // A file that is a part of several modules is compiled in each, with what is in sight there.
        let path = &model.files[file].path;
        let path = path.canonicalize().unwrap_or_else(|_| path.clone());
        let others = (0..model.files.len()).filter(|other| {
            let of = &model.files[*other];
            *other != file
                && of.source.text == model.files[file].source.text
                && of.path.canonicalize().is_ok_and(|of| of == path)
        });
        let others = others.filter_map(|other| model.innermost(other, at)).filter(is_its_own);
        let roots = [item].into_iter().chain(others).collect();
        return Some(Located { roots, ordinal: ordinal(model, item), is_written: true });
    }
    // A macro made it: by its definition, or from what it is given.
    let mut scopes = Vec::new();
    match innermost {
        Some(item) if model.items[item].kind == ItemKind::Macro => scopes = scopes_of_calls(model, item),
        Some(item) => scopes.push((scope_at(model, item, at), call(model, item))),
        None => scopes.push((module_at(model, file, at), None)),
    }
    let source = Source::new(code(), &mut model.names).ok()?;
    let scopes = scopes.into_iter();
    let roots =
        scopes.filter_map(|(scope, maker)| parse_detached(model, &source, file, scope, maker)).collect();
    Some(Located { roots, ordinal: 0, is_written: false })
}

/// The item at whose attribute a place is, if it is written there.
pub(crate) fn item_at(model: &Model, place: &Place<'_>) -> Option<ItemId> {
    let file = file_of(model, place.file)?;
    let at = token_at(&model.files[file].source, place)?;
    let innermost = model.innermost(file, at)?;
    let (from, to) = model.items[innermost].attributes;
    (from..to).contains(&at).then_some(innermost)
}

fn file_of(model: &Model, path: &Path) -> Option<FileId> {
    let by_name = model.files.iter().position(|file| file.path == path);
    by_name.or_else(|| {
        let path = path.canonicalize().ok()?;
        model.files.iter().position(|file| file.path.canonicalize().is_ok_and(|other| other == path))
    })
}

fn token_at(source: &Source, place: &Place<'_>) -> Option<usize> {
    let start: usize = source.text.split_inclusive('\n').take(place.line.checked_sub(1)?).map(str::len).sum();
    let line = source.text.get(start..)?;
    let offset = line.chars().take(place.column.saturating_sub(1)).map(char::len_utf8).sum::<usize>() + start;
    let index = source.tokens.partition_point(|token| (token.end as usize) <= offset);
    (index < source.tokens.len()).then_some(index)
}

/// Blocks of one function may have functions of one name.
fn ordinal(model: &Model, item: ItemId) -> usize {
    let owner = |item: ItemId| model.scopes[model.items[item].scope].owner;
    let Some(of) = owner(item) else { return 0 };
    (0..item)
        .filter(|other| {
            let same = &model.items[*other];
            same.kind == ItemKind::Function
                && same.name == model.items[item].name
                && owner(*other) == Some(of)
        })
        .count()
}

/// The innermost scope of an item's blocks at a token.
fn scope_at(model: &Model, item: ItemId, at: usize) -> ScopeId {
    let of = &model.items[item];
    let inside = of.blocks.iter().filter(|scope| {
        let inner = &model.scopes[**scope];
        inner.file == of.file && (inner.range.0..inner.range.1).contains(&at)
    });
    inside.max_by_key(|scope| model.scopes[**scope].range.0).copied().unwrap_or(of.scope)
}

fn module_at(model: &Model, file: FileId, at: usize) -> ScopeId {
    let inside = (0..model.scopes.len()).filter(|scope| {
        let scope = &model.scopes[*scope];
        scope.is_module && scope.file == file && (scope.range.0..scope.range.1).contains(&at)
    });
    inside.max_by_key(|scope| model.scopes[*scope].range.0).unwrap_or(model.files[file].scope)
}

/// The item, if it is a call of a macro where items stand.
fn call(model: &Model, item: ItemId) -> Option<ItemId> {
    Some(item).filter(|item| model.items[*item].kind == ItemKind::Call)
}

/// The scopes in which a macro is called, in the order of the sources, and that of its definition; with the calls that are
/// items.
fn scopes_of_calls(model: &Model, definition: ItemId) -> Vec<(ScopeId, Option<ItemId>)> {
    let mut names: Vec<_> = model.items[definition].name.into_iter().collect();
    // Macros that call it stand for it.
    let mut next = 0;
    while let Some(name) = names.get(next).copied() {
        next += 1;
        for (other, items) in &model.macros {
            let calls = items.iter().any(|item| {
                let (from, to) = model.items[*item].range;
                calls_macro(model.source(*item), from, to, name)
            });
            if calls && !names.contains(other) {
                names.push(*other);
            }
        }
    }
    let mut scopes = vec![(model.items[definition].scope, None)];
    for (file, of) in model.files.iter().enumerate() {
        for at in 0..of.source.tokens.len() {
            let called = of.source.word(at).is_some_and(|name| names.contains(&name))
                && of.source.is_punct(at + 1, b'!');
            if !called || !matches!(of.source.kind(at + 2), Kind::Open(_)) {
                continue;
            }
            let innermost = model.innermost(file, at);
            let scope =
                innermost.map_or_else(|| module_at(model, file, at), |item| scope_at(model, item, at));
            let found = (scope, innermost.and_then(|item| call(model, item)));
            if !scopes.contains(&found) {
                scopes.push(found);
            }
        }
    }
    scopes
}

fn calls_macro(source: &Source, from: usize, to: usize, name: crate::lexer::Name) -> bool {
    (from..to).any(|at| source.word(at) == Some(name) && source.is_punct(at + 1, b'!'))
}

/// Types that have one name in one function: their names don't tell them apart.
pub(crate) fn ambiguous_types(model: &Model) -> Vec<String> {
    let mut seen = std::collections::BTreeMap::new();
    for item in &model.items {
        if let (ItemKind::Type, Some(name), Some(owner)) =
            (item.kind, item.name, model.scopes[item.scope].owner)
            && let Some(function) = model.items[owner].name
        {
            *seen.entry((function, name)).or_insert(0usize) += 1;
        }
    }
    let text = |names: &Names, name| names.text(name).to_owned();
    let twice = seen.into_iter().filter(|(_, count)| *count > 1);
    twice
        .map(|((function, name), _)| {
            format!("{}::{}", text(&model.names, function), text(&model.names, name))
        })
        .collect()
}

/// Whether a macro of the package has this name.
pub(crate) fn is_own_macro(model: &Model, name: crate::lexer::Name) -> bool {
    !macros_of(model, name, None).is_empty()
}

/// What a function is declared in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Within {
    /// A module or a block.
    Module,
    /// An implementation of a type's own.
    Type,
    /// A trait or an implementation of one.
    Trait,
    /// A macro made it, and so it is not known.
    Unknown,
}

/// What the item is declared in whose attribute stands at a place.
pub(crate) fn within_at(model: &Model, place: &Place<'_>) -> Option<Within> {
    let file = file_of(model, place.file)?;
    let at = token_at(&model.files[file].source, place)?;
    let innermost = model.innermost(file, at).map(|item| &model.items[item]);
    let is_its_own = |item: &&Item| (item.attributes.0..item.attributes.1).contains(&at);
    let around = match innermost {
        Some(item) if is_its_own(&item) => item.parent.map(|parent| &model.items[parent]),
        other => other,
    };
    Some(match around {
        Some(item) if item.kind == ItemKind::Macro => Within::Unknown,
        Some(item) if item.kind == ItemKind::Trait || item.of_trait.is_some() => Within::Trait,
        Some(item) if item.kind == ItemKind::Impl => Within::Type,
        _ => Within::Module,
    })
}

pub(crate) fn within(model: &Model, located: &Located) -> Within {
    let root = match located.roots[..] {
        [root] => root,
        [root, ..] if located.is_written => root,
        _ => return Within::Unknown,
    };
    let of = &model.items[root];
    match of.parent.map(|parent| &model.items[parent]) {
        // What stands in no file was made by a macro.
        None if !model.scopes[of.scope].is_module && model.scopes[of.scope].owner.is_none() => {
            Within::Unknown
        }
        None => Within::Module,
        Some(parent) if parent.kind == ItemKind::Trait || parent.of_trait.is_some() => Within::Trait,
        Some(_) => Within::Type,
    }
}
