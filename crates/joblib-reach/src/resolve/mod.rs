//! What a path can mean. In doubt everything that it could: what counts too much is computed again, what is missed would be
//! a stale value.

mod names;
mod seen;
pub(crate) mod traits;

use crate::map::{Map, Set};
use std::rc::Rc;

use self::seen::{Imported, Seen, Sight};
use crate::lexer::Name;
use crate::load;
use crate::macros::{defined_by, inventors, invents_names};
use crate::meaning::{Found, Target, dedup, may_have_types};
use crate::model::{Brings, ItemId, ItemKind, Model, Range, ScopeId, Use};
use crate::paths::paths;
use crate::sight::exported;

/// Looks names up, and remembers what they mean.
#[derive(Debug, Default)]
pub(crate) struct Resolver {
    in_scope: Map<(ScopeId, Name), Seen>,
    chains: Map<(ScopeId, Name), Rc<[Target]>>,
    visible: Map<(ItemId, ScopeId), Sight>,
    imported: Map<ScopeId, Rc<[Imported]>>,
    /// Scopes whose imports were followed.
    opened: Set<ScopeId>,
    /// Look-ups that are under way: a circle of imports ends.
    active: Set<(ScopeId, Name)>,
    /// Whether a circle was met, so that what is found meanwhile may be a part only.
    partial: bool,
    /// Whether it is being looked for what may have written a name.
    hunting: bool,
    /// The names that calls of macros may define.
    defined: Map<ItemId, Rc<Set<Name>>>,
    /// The members of traits by their names, while so many items are known.
    members: (usize, Map<Name, Rc<[ItemId]>>),
    /// Calls of macros among them that may have any name.
    unnamed: Vec<ItemId>,
}

impl Resolver {
    /// What may write items of any name into a scope, those around it in its module, and the modules from which all is
    /// imported: calls of macros, attributes and derives.
    pub(crate) fn inventors_in_sight(&mut self, model: &mut Model, scope: ScopeId) -> Vec<ItemId> {
        if std::mem::replace(&mut self.hunting, true) {
            return Vec::new();
        }
        let (mut found, mut seen, mut waiting) = (Vec::new(), Set::default(), vec![scope]);
        while let Some(scope) = waiting.pop() {
            if !seen.insert(scope) {
                continue;
            }
            found.extend(inventors(model, scope));
            let globs: Vec<Use> =
                model.scopes[scope].uses.iter().filter(|u| u.brings == Brings::All).cloned().collect();
            for declaration in globs {
                let brought = self.resolve_use(model, scope, &declaration);
                waiting.extend(brought.into_iter().filter_map(|target| match target {
                    Target::Module(module) => Some(module),
                    _ => None,
                }));
            }
            if !model.scopes[scope].is_module {
                waiting.extend(model.scopes[scope].parent);
            }
        }
        self.hunting = false;
        found
    }

    /// Everything that a module declares or brings, and the modules in it.
    pub(crate) fn everything(&mut self, model: &mut Model, module: ScopeId) -> Vec<Target> {
        let (mut found, mut seen, mut waiting) = (Vec::new(), Set::default(), vec![module]);
        while let Some(scope) = waiting.pop() {
            if !seen.insert(scope) {
                continue;
            }
            let here = &model.scopes[scope];
            let mut items: Vec<ItemId> = here.items.values().flatten().copied().collect();
            items.extend(&here.calls);
            items.sort_unstable();
            found.extend(items.into_iter().map(Target::Item));
            let mut inner: Vec<ScopeId> = here.modules.values().flatten().copied().collect();
            inner.sort_unstable();
            waiting.extend(inner);
            for declaration in here.uses.clone() {
                let brought = self.resolve_use(model, scope, &declaration);
                if declaration.brings == Brings::All {
                    waiting.extend(brought.into_iter().filter_map(|target| match target {
                        Target::Module(module) if !seen.contains(&module) => Some(module),
                        _ => None,
                    }));
                } else {
                    found.extend(brought.into_iter().filter(|target| matches!(target, Target::Item(_))));
                }
            }
        }
        dedup(&mut found);
        found
    }

    /// Whether a call of a macro can define this name: it is among its arguments, or the macro defines it.
    fn may_define(&mut self, model: &Model, call: ItemId, name: Name) -> bool {
        let defined = self.defined.entry(call).or_insert_with(|| Rc::new(defined_by(model, call)));
        defined.contains(&name)
    }

    /// Members of traits that may have this name, those that a macro makes among them.
    pub(crate) fn members_of_traits(&mut self, model: &Model, name: Name) -> Rc<[ItemId]> {
        if self.members.0 != model.items.len() {
            self.members = (model.items.len(), Map::default());
            let calls = model.trait_calls.iter().copied();
            self.unnamed = calls.filter(|call| invents_names(model, *call)).collect();
        }
        if let Some(known) = self.members.1.get(&name) {
            return Rc::clone(known);
        }
        let mut found = model.trait_members.get(&name).cloned().unwrap_or_default();
        for call in &model.trait_calls {
            if self.may_define(model, *call, name) || self.unnamed.contains(call) {
                found.push(*call);
            }
        }
        let found: Rc<[ItemId]> = found.into();
        self.members.1.insert(name, Rc::clone(&found));
        found
    }

    /// What a path means. `this` is what `Self` stands for.
    pub(crate) fn path(
        &mut self,
        model: &mut Model,
        scope: ScopeId,
        path: &[Name],
        absolute: bool,
        this: Option<&[Target]>,
    ) -> Found {
        let Some((first, rest)) = path.split_first() else {
            return Found { targets: vec![Target::Module(root(model, scope))], ..Found::default() };
        };
        let module = model.module_of(scope);
        let targets: Vec<Target> = match model.names.text(*first) {
            "self" | "super" | "crate" if absolute => return self.path(model, scope, path, false, this),
            _ if absolute => {
                let root_of = load::extern_crate(model, model.scopes[scope].krate, *first);
                let mut targets: Vec<Target> = root_of.map(Target::Module).into_iter().collect();
                if begins_at_root(model, scope) {
                    targets.extend(self.seen_from(model, root(model, scope), *first, scope));
                }
                if targets.is_empty() {
                    targets.push(Target::External(model.names.text(*first).into()));
                }
                targets
            }
            "crate" => vec![Target::Module(root(model, scope))],
            "self" => vec![Target::Module(module)],
            "super" => vec![Target::Module(
                model.scopes[module].parent.map_or(module, |parent| model.module_of(parent)),
            )],
            "Self" => match this {
                Some(this) => this.to_vec(),
                None => vec![Target::External("Self".into())],
            },
            _ => self.chain(model, scope, *first).to_vec(),
        };
        self.walk(model, scope, targets, rest)
    }

    /// What the rest of a path means, of what its beginning does.
    fn walk(&mut self, model: &mut Model, from: ScopeId, mut targets: Vec<Target>, rest: &[Name]) -> Found {
        let mut found = Found::default();
        for (at, name) in rest.iter().enumerate() {
            let mut next = Vec::new();
            if at > 0 && targets.iter().any(may_have_types) {
                // Of an associated type, which can be any.
                found.of_any.push(*name);
            }
            for target in targets {
                match target {
                    Target::Module(module) => {
                        if model.names.text(*name) == "super" {
                            let parent =
                                model.scopes[module].parent.map_or(module, |parent| model.module_of(parent));
                            next.push(Target::Module(parent));
                            continue;
                        }
                        let inside = self.seen_from(model, module, *name, from);
                        let of_crate = exported(model, module, *name);
                        if inside.is_empty() && of_crate.is_empty() {
                            let inventors = self.inventors_in_sight(model, module);
                            next.extend(inventors.into_iter().map(Target::Item));
                        }
                        next.extend(inside);
                        next.extend(of_crate);
                    }
                    Target::Item(item) => {
                        match model.items[item].kind {
                            ItemKind::Type | ItemKind::Trait => found.members.push((item, *name)),
                            ItemKind::Alias => {
                                found.of_any.push(*name);
                                for of in self.types_of_alias(model, item) {
                                    found.members.push((of, *name));
                                }
                            }
                            ItemKind::Call | ItemKind::Other => found.of_any.push(*name),
                            _ => {}
                        }
                        next.push(Target::Item(item));
                    }
                    Target::Condition(_) => next.push(target),
                    Target::External(path) => {
                        found.of_traits.push(*name);
                        next.push(Target::External(format!("{path}::{}", model.names.text(*name)).into()));
                    }
                }
            }
            targets = next;
        }
        dedup(&mut targets);
        found.targets = targets;
        found
    }

    /// The types that an alias names, also through other aliases.
    pub(crate) fn types_of_alias(&mut self, model: &mut Model, alias: ItemId) -> Vec<ItemId> {
        let (mut types, mut seen, mut waiting) = (Vec::new(), Set::default(), vec![alias]);
        while let Some(alias) = waiting.pop() {
            if !seen.insert(alias) {
                continue;
            }
            let (scope, range) = (model.items[alias].scope, model.items[alias].range);
            for item in self.named(model, alias, scope, range) {
                match model.items[item].kind {
                    ItemKind::Alias => waiting.push(item),
                    ItemKind::Type | ItemKind::Trait | ItemKind::Call => types.push(item),
                    _ => {}
                }
            }
        }
        types
    }

    /// The items that the paths in a range of an item's tokens can mean in a scope.
    pub(crate) fn named(
        &mut self,
        model: &mut Model,
        item: ItemId,
        scope: ScopeId,
        (from, to): Range,
    ) -> Vec<ItemId> {
        let source = Rc::clone(model.source(item));
        let mut found = Vec::new();
        for (_, path) in paths(&source, from, to) {
            for target in self.path(model, scope, &path, false, None).targets {
                if let Target::Item(item) = target
                    && !found.contains(&item)
                {
                    found.push(item);
                }
            }
        }
        found
    }
}

fn root(model: &Model, scope: ScopeId) -> ScopeId {
    model.crates[model.scopes[scope].krate].root
}

/// Whether paths of declarations `use`, and those that begin with `::`, may begin at the root of the crate: in the edition of
/// a manifest that names none they do.
pub(crate) fn begins_at_root(model: &Model, scope: ScopeId) -> bool {
    matches!(&*model.crates[model.scopes[scope].krate].edition, "" | "2015")
}
