//! What the heads of implementations, and calls of macros that may make some, name.

use std::collections::HashMap;
use std::rc::Rc;

use crate::lexer::Name;
use crate::macros::{definitions, invents_names};
use crate::meaning::Target;
use crate::model::{ItemId, ItemKind, Model, Range, ScopeId};
use crate::resolve::Resolver;

/// What an implementation is of.
#[derive(Debug, Clone)]
pub(crate) enum Of {
    /// A type's own.
    Inherent,
    /// A trait whose source is at hand.
    Trait(ItemId),
    /// A trait from elsewhere, by the last part of its name: who calls its methods is not seen.
    External(Option<Name>),
}

/// The head of an implementation.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) of_trait: Of,
    /// What `Self` is.
    pub(crate) this: Vec<Target>,
    /// Types at hand that it names.
    pub(crate) types: Vec<ItemId>,
}

impl Head {
    /// The type that it is for, if its source is at hand.
    pub(crate) fn type_of_this(&self) -> Option<ItemId> {
        self.this.iter().find_map(|target| if let Target::Item(item) = target { Some(*item) } else { None })
    }
}

#[derive(Debug, Default)]
pub(crate) struct Impls {
    heads: HashMap<ItemId, Rc<Head>>,
    mentioned: HashMap<ItemId, Rc<[ItemId]>>,
}

impl Impls {
    pub(crate) fn of(&mut self, model: &mut Model, resolver: &mut Resolver, id: ItemId) -> Rc<Head> {
        if let Some(head) = self.heads.get(&id) {
            return Rc::clone(head);
        }
        let item = &model.items[id];
        let (scope, of_trait, of_type) = (item.scope, item.of_trait, item.of_type.unwrap_or(item.range));
        let head_end = item.body.map_or(item.range.1, |(from, _)| from - 1);
        let whole = (item.range.0, head_end);
        let this = first_path(model, resolver, id, scope, of_type);
        let of_trait = match of_trait {
            None => Of::Inherent,
            Some(range) => {
                let found = first_path(model, resolver, id, scope, range);
                let at_hand = found.iter().find_map(|target| match target {
                    Target::Item(item) if model.items[*item].kind == ItemKind::Trait => Some(*item),
                    _ => None,
                });
                let named = found.iter().find_map(|target| match target {
                    Target::External(path) => path.rsplit("::").next().map(|name| model.names.of(name)),
                    _ => None,
                });
                at_hand.map_or(Of::External(named), Of::Trait)
            }
        };
        let mut types = Vec::new();
        for item in named(model, resolver, id, scope, whole) {
            match model.items[item].kind {
                ItemKind::Type | ItemKind::Trait | ItemKind::Call => types.push(item),
                ItemKind::Alias => types.extend(resolver.types_of_alias(model, item)),
                _ => {}
            }
        }
        // The trait itself is not what it is for.
        types.retain(|item| !matches!(of_trait, Of::Trait(of) if of == *item));
        // An alias stands for the type that it names.
        let this = this
            .into_iter()
            .flat_map(|target| match target {
                Target::Item(item) if model.items[item].kind == ItemKind::Alias => {
                    resolver.types_of_alias(model, item).into_iter().map(Target::Item).collect()
                }
                other => vec![other],
            })
            .collect();
        let head = Rc::new(Head { of_trait, this, types });
        self.heads.insert(id, Rc::clone(&head));
        head
    }

    /// Types and traits that a call of a macro names, where it may implement something for them.
    pub(crate) fn mentioned(
        &mut self,
        model: &mut Model,
        resolver: &mut Resolver,
        call: ItemId,
    ) -> Rc<[ItemId]> {
        if let Some(known) = self.mentioned.get(&call) {
            return Rc::clone(known);
        }
        let (scope, range) = (model.items[call].scope, model.items[call].range);
        let macros = definitions(model, model.items[call].name);
        let implements = model.items[call].parent.is_none()
            && (invents_names(model, call)
                || macros.iter().copied().chain([call]).any(|item| {
                    let (from, to) = model.items[item].range;
                    (from..to).any(|at| model.source(item).text_of(at) == "impl")
                }));
        let found: Rc<[ItemId]> = if implements {
            let mut of = named(model, resolver, call, scope, range);
            for item in macros {
                // Names in a macro are those where it is called, or where it stands.
                let (range, own) = (model.items[item].range, model.items[item].scope);
                of.extend(named(model, resolver, item, scope, range));
                of.extend(named(model, resolver, item, own, range));
            }
            of.into_iter()
                .filter(|item| matches!(model.items[*item].kind, ItemKind::Type | ItemKind::Trait))
                .collect()
        } else {
            Rc::from([])
        };
        self.mentioned.insert(call, Rc::clone(&found));
        found
    }
}

/// What the first path in a range means.
fn first_path(
    model: &mut Model,
    resolver: &mut Resolver,
    item: ItemId,
    scope: ScopeId,
    (from, to): Range,
) -> Vec<Target> {
    let source = Rc::clone(model.source(item));
    let mut at = from;
    while at < to {
        let skip = source
            .word(at)
            .is_none_or(|name| matches!(model.names.text(name), "dyn" | "mut" | "const" | "for" | "impl"));
        if !skip {
            break;
        }
        at += 1;
    }
    let Some(first) = source.word(at).filter(|_| at < to) else { return Vec::new() };
    let mut path = vec![first];
    let mut next = at + 1;
    while next < to && source.is_pair(next, b':', b':') {
        let Some(name) = source.word(next + 2) else { break };
        path.push(name);
        next += 3;
    }
    resolver.path(model, scope, &path, false, None).targets
}

/// All items that the words in a range can mean.
fn named(
    model: &mut Model,
    resolver: &mut Resolver,
    item: ItemId,
    scope: ScopeId,
    (from, to): Range,
) -> Vec<ItemId> {
    let source = Rc::clone(model.source(item));
    let mut found = Vec::new();
    let mut at = from;
    while at < to {
        let Some(first) = source.word(at) else {
            at += 1;
            continue;
        };
        let mut path = vec![first];
        at += 1;
        while at < to && source.is_pair(at, b':', b':') {
            let Some(name) = source.word(at + 2) else { break };
            path.push(name);
            at += 3;
        }
        for target in resolver.path(model, scope, &path, false, None).targets {
            if let Target::Item(item) = target
                && !found.contains(&item)
            {
                found.push(item);
            }
        }
    }
    found
}
