//! What the heads of implementations, and calls of macros that may make some, name.

use crate::map::Map;
use std::rc::Rc;

use crate::lexer::Name;
use crate::macros::{definitions, invents_names};
use crate::meaning::Target;
use crate::model::{ItemId, ItemKind, Model, Range, ScopeId};
use crate::paths::path_at;
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
#[derive(Debug, Clone)]
pub(crate) struct Head {
    pub(crate) of_trait: Of,
    /// What `Self` is.
    pub(crate) this: Vec<Target>,
    /// Types at hand that it names.
    pub(crate) types: Vec<ItemId>,
    /// Those of them that are parts of the type that it is for.
    pub(crate) parts: Vec<ItemId>,
    /// Whether the type that it is for is the associated type of another.
    pub(crate) is_projected: bool,
}

impl Head {
    /// The type that it is for, if its source is at hand.
    pub(crate) fn type_of_this(&self) -> Option<ItemId> {
        self.this.iter().find_map(|target| if let Target::Item(item) = target { Some(*item) } else { None })
    }
}

#[derive(Debug, Default)]
pub(crate) struct Impls {
    heads: Map<ItemId, Rc<Head>>,
    mentioned: Map<ItemId, Rc<[ItemId]>>,
    /// How many implementations, calls of macros that may make some, and values with attributes are in these two.
    indexed: (usize, usize, usize),
    /// How many calls of macros in blocks are.
    in_blocks: usize,
    by_item: Map<ItemId, Vec<ItemId>>,
    by_bound: Map<Name, Vec<ItemId>>,
}

impl Impls {
    /// Finds what those implementations and calls are of that were read since the last time. How many there are.
    pub(crate) fn index(&mut self, model: &mut Model, resolver: &mut Resolver) -> (usize, usize, usize) {
        // To find out more crates may be read.
        while let Some(id) = model.impls.get(self.indexed.0).copied() {
            self.indexed.0 += 1;
            let head = self.of(model, resolver, id);
            let this = head.this.iter().filter_map(|this| match this {
                Target::Item(this) => Some(*this),
                _ => None,
            });
            let items: Vec<ItemId> = match head.of_trait {
                Of::Trait(of) => vec![of],
                Of::Inherent if head.type_of_this().is_some() => this.collect(),
                Of::Inherent | Of::External(_) => head.types.clone(),
            };
            let is_of_written = matches!(head.of_trait, Of::Trait(_)) || !items.is_empty();
            for item in items {
                self.by_item.entry(item).or_default().push(id);
            }
            if !is_of_written {
                // The language allows it for a type of this package only: a macro or a derive wrote that.
                let scope = model.items[id].scope;
                for inventor in resolver.inventors_in_sight(model, scope) {
                    self.by_item.entry(inventor).or_default().push(id);
                }
            }
            if head.is_projected {
                for item in self.projections(model, resolver, &head) {
                    self.by_item.entry(item).or_default().push(id);
                }
            }
            if let Of::External(Some(name)) = head.of_trait {
                self.by_bound.entry(name).or_default().push(id);
            }
        }
        while let Some(id) = model.calls.get(self.indexed.1).copied() {
            self.indexed.1 += 1;
            for item in self.mentioned(model, resolver, id).iter() {
                self.by_item.entry(*item).or_default().push(id);
            }
            for name in implemented_by_call(model, id) {
                self.by_bound.entry(name).or_default().push(id);
            }
        }
        while let Some(id) = model.block_calls.get(self.in_blocks).copied() {
            self.in_blocks += 1;
            // Of others it is not known, and they make none but for `impl` in their arguments.
            if is_at_hand(model, id) {
                for item in self.mentioned(model, resolver, id).iter() {
                    self.by_item.entry(*item).or_default().push(id);
                }
            }
        }
        while let Some(id) = model.attributed.get(self.indexed.2).copied() {
            self.indexed.2 += 1;
            let (scope, range) = (model.items[id].scope, model.items[id].attributes);
            for item in resolver.named(model, id, scope, range) {
                // `#[distributed_slice(ALL)]` puts a value into another.
                if model.items[item].kind == ItemKind::Value {
                    self.by_item.entry(item).or_default().push(id);
                }
            }
        }
        if self.indexed.0 < model.impls.len() { self.index(model, resolver) } else { self.indexed }
    }

    /// Implementations, and calls of macros, that come into play with a type or a trait.
    pub(crate) fn with_item(&self, item: ItemId) -> &[ItemId] {
        self.by_item.get(&item).map_or(&[], Vec::as_slice)
    }

    /// Implementations that come into play when a trait from elsewhere bounds a type.
    pub(crate) fn with_bound(&self, name: Name) -> &[ItemId] {
        self.by_bound.get(&name).map_or(&[], Vec::as_slice)
    }

    /// What the associated types that a head names can be, as in `impl Display for <Model as Fit>::Output`.
    fn projections(&mut self, model: &mut Model, resolver: &mut Resolver, of: &Head) -> Vec<ItemId> {
        let mut found = Vec::new();
        for other in model.impls.clone() {
            let head = self.of(model, resolver, other);
            let gives = match head.of_trait {
                Of::Trait(item) => of.types.contains(&item),
                Of::External(_) => head.types.iter().any(|item| of.types.contains(item)),
                Of::Inherent => false,
            };
            for member in model.items[other].members.clone() {
                if gives && model.items[member].kind == ItemKind::Alias {
                    let (scope, range) = (model.items[member].scope, model.items[member].range);
                    found.extend(types_in(model, resolver, member, scope, range));
                }
            }
        }
        found
    }

    pub(crate) fn of(&mut self, model: &mut Model, resolver: &mut Resolver, id: ItemId) -> Rc<Head> {
        if let Some(head) = self.heads.get(&id) {
            return Rc::clone(head);
        }
        let item = &model.items[id];
        let (scope, of_trait, of_type) = (item.scope, item.of_trait, item.of_type.unwrap_or(item.range));
        let head_end = item.body.map_or(item.range.1, |(from, _)| from - 1);
        let whole = (item.range.0, head_end);
        let this = first_path(model, resolver, id, scope, of_type);
        let written = types_of_macros(model, resolver, scope, &this);
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
        let mut types = types_in(model, resolver, id, scope, whole);
        let parts = types_in(model, resolver, id, scope, of_type);
        let is_projected = resolver
            .named(model, id, scope, of_type)
            .into_iter()
            .filter(|item| model.items[*item].kind == ItemKind::Alias)
            .map(|alias| (alias, model.items[alias].range))
            .chain([(id, of_type)])
            .any(|(item, range)| projects(model, item, range));
        types.extend(&written);
        // The trait itself is not what it is for.
        types.retain(|item| !matches!(of_trait, Of::Trait(of) if of == *item));
        // An alias stands for the type that it names, and so does a macro.
        let is_macro = |target: &Target| matches!(target, Target::Item(item) if model.items[*item].kind == ItemKind::Macro);
        let this: Vec<Target> = this.into_iter().filter(|target| !is_macro(target)).collect();
        let this = this
            .into_iter()
            .flat_map(|target| match target {
                Target::Item(item) if model.items[item].kind == ItemKind::Alias => {
                    resolver.types_of_alias(model, item).into_iter().map(Target::Item).collect()
                }
                other => vec![other],
            })
            .chain(written.into_iter().map(Target::Item))
            .collect();
        let mut head = Head { of_trait, this, types, parts, is_projected };
        self.heads.insert(id, Rc::new(head.clone()));
        if model.source(id).is_punct(of_type.0, b'<') {
            // `impl Fit for <Model as Trait>::Output`
            let more = self.projections(model, resolver, &head);
            head.this.extend(more.into_iter().map(Target::Item));
        }
        let head = Rc::new(head);
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
            let mut of = resolver.named(model, call, scope, range);
            for item in macros {
                // Names in a macro are those where it is called, or where it stands.
                let (range, own) = (model.items[item].range, model.items[item].scope);
                of.extend(resolver.named(model, item, scope, range));
                of.extend(resolver.named(model, item, own, range));
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

/// Whether the macro that is called is at hand.
fn is_at_hand(model: &Model, call: ItemId) -> bool {
    model.items[call].name.is_some_and(|name| model.macros.contains_key(&name))
}

/// The names in the heads of implementations that a call of a macro may make, a trait's among them.
fn implemented_by_call(model: &Model, call: ItemId) -> Vec<Name> {
    let mut found = Vec::new();
    for item in definitions(model, model.items[call].name).into_iter().chain([call]) {
        let (source, (from, to)) = (model.source(item), model.items[item].range);
        for start in (from..to).filter(|at| source.text_of(*at) == "impl") {
            let head =
                (start + 1..to).take_while(|at| !source.is_open(*at, b'{') && source.text_of(*at) != "for");
            found.extend(head.filter_map(|at| source.word(at)));
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// Whether `<Type as Trait>` stands in a range of an item's tokens.
fn projects(model: &Model, item: ItemId, (from, to): Range) -> bool {
    let source = model.source(item);
    (from..to).any(|at| source.word(at).is_some_and(|name| model.names.text(name) == "as"))
}

/// The types that a range of an item's tokens names, also through aliases.
fn types_in(
    model: &mut Model,
    resolver: &mut Resolver,
    item: ItemId,
    scope: ScopeId,
    range: Range,
) -> Vec<ItemId> {
    let mut types = Vec::new();
    for item in resolver.named(model, item, scope, range) {
        match model.items[item].kind {
            ItemKind::Type | ItemKind::Trait | ItemKind::Call => types.push(item),
            ItemKind::Alias => types.extend(resolver.types_of_alias(model, item)),
            _ => {}
        }
    }
    types
}

/// The types that macros name which stand in the place of a type.
fn types_of_macros(
    model: &mut Model,
    resolver: &mut Resolver,
    scope: ScopeId,
    targets: &[Target],
) -> Vec<ItemId> {
    let macros: Vec<ItemId> = targets
        .iter()
        .filter_map(|target| match target {
            Target::Item(item) if model.items[*item].kind == ItemKind::Macro => Some(*item),
            _ => None,
        })
        .collect();
    let mut types = Vec::new();
    for item in macros {
        for definition in definitions(model, model.items[item].name) {
            let (range, own) = (model.items[definition].range, model.items[definition].scope);
            types.extend(types_in(model, resolver, definition, scope, range));
            types.extend(types_in(model, resolver, definition, own, range));
        }
    }
    types
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
    let Some((path, _)) = path_at(&source, at, to, |_| ()) else { return Vec::new() };
    resolver.path(model, scope, &path, false, None).targets
}
