//! What a path can mean. In doubt everything that it could: what counts too much is computed again, what is missed would be
//! a stale value.

use crate::map::{Map, Set};
use std::rc::Rc;

use crate::lexer::Name;
use crate::load;
use crate::macros::{defined_by, inventors};
use crate::meaning::{Found, Target, dedup, may_have_types};
use crate::model::{Brings, ItemId, ItemKind, Model, Range, ScopeId, Use};
use crate::paths::paths;
use crate::sight::{exported, macros_of};

/// Looks names up, and remembers what they mean.
#[derive(Debug, Default)]
pub(crate) struct Resolver {
    in_scope: Map<(ScopeId, Name), Rc<[Target]>>,
    chains: Map<(ScopeId, Name), Rc<[Target]>>,
    visible: Map<(ItemId, ScopeId), bool>,
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
}

const VALUES: u8 = 1;
const TYPES: u8 = 2;
const MACROS: u8 = 4;
const ALL: u8 = VALUES | TYPES | MACROS;

impl Resolver {
    /// The namespaces in which a target leaves no other of its name; none if it may be missing.
    fn covers(model: &Model, target: &Target) -> u8 {
        let may_be_missing = match target {
            Target::Item(item) => model.items[*item].conditional,
            Target::Module(module) => model.scopes[*module].conditional,
            Target::External(_) => false,
        };
        if may_be_missing { 0 } else { Self::namespaces(model, target) }
    }

    fn namespaces(model: &Model, target: &Target) -> u8 {
        match target {
            Target::Module(_) => TYPES,
            Target::External(_) => ALL,
            Target::Item(item) => match model.items[*item].kind {
                ItemKind::Function | ItemKind::Value => VALUES,
                // A tuple or unit struct is a value too.
                ItemKind::Type if model.items[*item].body.is_none() => VALUES | TYPES,
                ItemKind::Type | ItemKind::Alias | ItemKind::Trait | ItemKind::Module => TYPES,
                ItemKind::Macro => MACROS,
                ItemKind::Call | ItemKind::Impl | ItemKind::Other => 0,
            },
        }
    }

    /// What a name means in one scope, without those around it.
    pub(crate) fn in_scope(&mut self, model: &mut Model, scope: ScopeId, name: Name) -> Rc<[Target]> {
        if let Some(known) = self.in_scope.get(&(scope, name)) {
            return Rc::clone(known);
        }
        if !self.active.insert((scope, name)) {
            self.partial = true;
            return Rc::from([]);
        }
        let outermost = self.active.len() == 1;
        let mut found: Vec<Target> = Vec::new();
        let here = &model.scopes[scope];
        found.extend(here.items.get(&name).into_iter().flatten().map(|item| Target::Item(*item)));
        found.extend(here.modules.get(&name).into_iter().flatten().map(|module| Target::Module(*module)));
        let named: Vec<Use> = here.uses.iter().filter(|u| u.brings == Brings::Name(name)).cloned().collect();
        let globs: Vec<Use> = here.uses.iter().filter(|u| u.brings == Brings::All).cloned().collect();
        let calls: Vec<ItemId> = here.calls.clone();
        let mut covered = found.iter().fold(0, |all, target| all | Self::covers(model, target));
        for declaration in named {
            let brought = self.resolve_use(model, scope, &declaration);
            if !declaration.conditional {
                covered = brought.iter().fold(covered, |all, target| all | Self::covers(model, target));
            }
            found.extend(brought);
        }
        for call in calls {
            if self.may_define(model, call, name) {
                found.push(Target::Item(call));
            }
        }
        if covered & (VALUES | TYPES) != VALUES | TYPES {
            let external = found.is_empty();
            for declaration in globs {
                for module in self.resolve_use(model, scope, &declaration) {
                    match module {
                        Target::Module(module) => {
                            found.extend(exported(model, module, name));
                            let more = self.in_scope(model, module, name);
                            found.extend(
                                more.iter()
                                    .filter(|t| {
                                        Self::namespaces(model, t) & !covered != 0
                                            || Self::namespaces(model, t) == 0
                                    })
                                    .cloned(),
                            );
                        }
                        Target::Item(item) if is_variant_of(model, item, name) => {
                            found.push(Target::Item(item));
                        }
                        Target::External(path) if external => {
                            found.push(Target::External(format!("{path}::*").into()));
                        }
                        _ => {}
                    }
                }
            }
        }
        dedup(&mut found);
        self.active.remove(&(scope, name));
        let found: Rc<[Target]> = found.into();
        if outermost {
            self.partial = false;
        }
        if !self.partial || outermost {
            self.in_scope.insert((scope, name), Rc::clone(&found));
        }
        found
    }

    pub(crate) fn resolve_use(
        &mut self,
        model: &mut Model,
        scope: ScopeId,
        declaration: &Use,
    ) -> Vec<Target> {
        // `use h::h` in a scope that has an `h` from it: the first name is looked up without this declaration.
        let found = self.path(model, scope, &declaration.path, declaration.absolute, None);
        let mut targets = found.targets;
        if !declaration.absolute && begins_at_root(model, scope) {
            let of_root = self.path(model, scope, &declaration.path, true, None).targets;
            let is_known = |target: &Target| !matches!(target, Target::External(_));
            if of_root.iter().any(is_known) {
                targets.retain(is_known);
                targets.extend(of_root.into_iter().filter(is_known));
            }
        }
        // In a circle of imports the name is found where the circle began.
        if targets.is_empty() && !self.partial {
            targets.push(Target::External(joined(model, &declaration.path)));
        }
        targets
    }

    /// What a name means in a scope or in those around it.
    pub(crate) fn chain(&mut self, model: &mut Model, scope: ScopeId, name: Name) -> Rc<[Target]> {
        if let Some(known) = self.chains.get(&(scope, name)) {
            return Rc::clone(known);
        }
        let mut found: Vec<Target> = Vec::new();
        let mut covered = 0;
        let mut at = Some(scope);
        while let Some(scope) = at {
            let here = self.in_scope(model, scope, name);
            let fresh: Vec<Target> = here
                .iter()
                .filter(|target| {
                    let of = Self::namespaces(model, target);
                    of == 0 || of & !covered != 0
                })
                .cloned()
                .collect();
            if !is_optional(model, scope, name) {
                covered = fresh.iter().fold(covered, |all, target| all | Self::covers(model, target));
            }
            found.extend(fresh);
            at = if model.scopes[scope].is_module || covered == ALL {
                None
            } else {
                model.scopes[scope].parent
            };
        }
        let krate = model.scopes[scope].krate;
        if covered & TYPES == 0 {
            found.extend(load::extern_crate(model, krate, name).map(Target::Module));
        }
        if found.is_empty() {
            // Macros and derives that a crate brings everywhere.
            for brought in model.crates[krate].macro_use.clone() {
                let Some(root) = load::extern_crate(model, krate, brought) else { continue };
                let of = model.scopes[root].krate;
                found.extend(macros_of(model, name, Some(of)).into_iter().map(Target::Item));
                let declared = model.scopes[root].items.get(&name).into_iter().flatten();
                found.extend(declared.map(|item| Target::Item(*item)));
            }
        }
        dedup(&mut found);
        if found.is_empty() {
            found.push(Target::External(model.names.text(name).into()));
        }
        let found: Rc<[Target]> = found.into();
        if self.active.is_empty() {
            self.chains.insert((scope, name), Rc::clone(&found));
        }
        found
    }

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
                    let of_crate = self.in_scope(model, root(model, scope), *first);
                    targets.extend(of_crate.iter().cloned());
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
        self.walk(model, targets, rest)
    }

    fn walk(&mut self, model: &mut Model, mut targets: Vec<Target>, rest: &[Name]) -> Found {
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
                        let inside = self.in_scope(model, module, *name);
                        next.extend(inside.iter().cloned());
                        let of_crate = exported(model, module, *name);
                        if inside.is_empty() && of_crate.is_empty() {
                            let inventors = self.inventors_in_sight(model, module);
                            next.extend(inventors.into_iter().map(Target::Item));
                        }
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

    /// Reads the crates that imports lead to in a scope and in those from which it has all: their traits can be used there
    /// without being named.
    pub(crate) fn open(&mut self, model: &mut Model, scope: ScopeId) {
        let mut waiting = vec![scope];
        while let Some(scope) = waiting.pop() {
            if !self.opened.insert(scope) {
                continue;
            }
            for declaration in model.scopes[scope].uses.clone() {
                let brought = self.resolve_use(model, scope, &declaration);
                if declaration.brings == Brings::All {
                    waiting.extend(brought.into_iter().filter_map(|target| match target {
                        Target::Module(module) => Some(module),
                        _ => None,
                    }));
                }
            }
            if !model.scopes[scope].is_module {
                waiting.extend(model.scopes[scope].parent);
            }
        }
    }

    /// Whether a trait's methods can be called in a scope.
    pub(crate) fn is_visible(&mut self, model: &mut Model, of: ItemId, scope: ScopeId) -> bool {
        if let Some(known) = self.visible.get(&(of, scope)) {
            return *known;
        }
        let (mut seen, mut waiting) = (Set::default(), vec![scope]);
        let mut visible = false;
        while let (Some(here), false) = (waiting.pop(), visible) {
            if !seen.insert(here) {
                continue;
            }
            if let Some(name) = model.items[of].name {
                visible |= self.in_scope(model, here, name).contains(&Target::Item(of));
                // A macro may import it.
                let calls = model.scopes[here].calls.clone();
                visible = visible || calls.into_iter().any(|call| self.may_define(model, call, name));
            }
            for declaration in model.scopes[here].uses.clone() {
                // Also `as _`, and what modules import from which all is imported.
                for target in self.resolve_use(model, here, &declaration) {
                    match target {
                        Target::Module(module) if declaration.brings == Brings::All => waiting.push(module),
                        Target::Item(item) => visible |= item == of,
                        _ => {}
                    }
                }
            }
            if !model.scopes[here].is_module {
                waiting.extend(model.scopes[here].parent);
            }
        }
        self.visible.insert((of, scope), visible);
        visible
    }
}

/// Whether all that a scope has of this name may be missing.
fn is_optional(model: &Model, scope: ScopeId, name: Name) -> bool {
    let here = &model.scopes[scope];
    let is_declared = here.items.contains_key(&name) || here.modules.contains_key(&name);
    let mut named = here.uses.iter().filter(|u| u.brings == Brings::Name(name)).peekable();
    !is_declared && named.peek().is_some() && named.all(|u| u.conditional)
}

fn root(model: &Model, scope: ScopeId) -> ScopeId {
    model.crates[model.scopes[scope].krate].root
}

/// Whether paths of declarations `use`, and those that begin with `::`, may begin at the root of the crate: in the edition of
/// a manifest that names none they do.
fn begins_at_root(model: &Model, scope: ScopeId) -> bool {
    matches!(&*model.crates[model.scopes[scope].krate].edition, "" | "2015")
}

fn joined(model: &Model, path: &[Name]) -> Rc<str> {
    let names: Vec<&str> = path.iter().map(|name| model.names.text(*name)).collect();
    names.join("::").into()
}

/// Whether an enum can have a variant of this name.
fn is_variant_of(model: &Model, item: ItemId, name: Name) -> bool {
    let of = &model.items[item];
    of.kind == ItemKind::Type && of.body.is_some_and(|(from, to)| model.source(item).mentions(from, to, name))
}
