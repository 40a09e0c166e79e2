//! Which macros are in sight where one is called.

use crate::lexer::Name;
use crate::meaning::Target;
use crate::model::{ItemId, Model, ScopeId};

/// The macros that a call can mean: those that are in sight by where they stand, else those of the name in the whole crate, or
/// for a path in all.
pub(crate) fn macros_in_sight(model: &Model, scope: ScopeId, name: Name, plain: bool) -> Vec<ItemId> {
    let krate = model.scopes[scope].krate;
    let all = macros_of(model, name, plain.then_some(krate));
    if !plain {
        return all;
    }
    // Textual scope reaches into the modules below.
    let mut around = vec![scope];
    while let Some(parent) = around.last().and_then(|scope| model.scopes[*scope].parent) {
        around.push(parent);
    }
    let is_near = |item: &ItemId| around.contains(&model.items[*item].scope);
    let is_open = |item: &ItemId| {
        // `#[macro_use]` on the module, or `#[macro_export]` on it, takes it further.
        let of = &model.items[*item];
        let source = model.source(*item);
        let exported = (of.attributes.0..of.attributes.1).any(|at| source.text_of(at) == "macro_export");
        let mut at = Some(of.scope);
        let mut taken = exported;
        while let Some(scope) = at {
            taken |= model.scopes[scope].attributes.iter().any(|(file, (from, to))| {
                let source = &model.files[*file].source;
                (*from..*to).any(|at| source.text_of(at) == "macro_use")
            });
            at = model.scopes[scope].parent;
        }
        taken
    };
    let near: Vec<ItemId> = all.iter().copied().filter(|item| is_near(item) || is_open(item)).collect();
    if near.is_empty() { all } else { near }
}

/// The macros of a name, in one crate or in all.
pub(crate) fn macros_of(model: &Model, name: Name, krate: Option<usize>) -> Vec<ItemId> {
    let all = model.macros.get(&name).into_iter().flatten().copied();
    all.filter(|item| krate.is_none_or(|krate| model.scopes[model.items[*item].scope].krate == krate))
        .collect()
}

/// Macros that a module brings beside what it declares: an exported macro is known at the root, wherever it is defined.
pub(crate) fn exported(model: &Model, module: ScopeId, name: Name) -> Vec<Target> {
    let krate = model.scopes[module].krate;
    let is_root = model.crates[krate].root == module;
    let found = if is_root { macros_of(model, name, Some(krate)) } else { Vec::new() };
    found.into_iter().map(Target::Item).collect()
}
