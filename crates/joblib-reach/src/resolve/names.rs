//! What a name means in a scope, and in those around it.

use std::rc::Rc;

use super::seen::{Binding, Seen};
use super::{Resolver, begins_at_root};
use crate::lexer::{Kind, Name};
use crate::load;
use crate::meaning::{Target, dedup};
use crate::model::{Brings, ItemId, ItemKind, Model, ScopeId, Use};
use crate::sight::{exported, macros_of};
use crate::visibility::is_seen;

pub(super) const VALUES: u8 = 1;
pub(super) const TYPES: u8 = 2;
const MACROS: u8 = 4;
const ALL: u8 = VALUES | TYPES | MACROS;

impl Resolver {
    /// The namespaces in which a target leaves no other of its name; none if it may be missing, or may be in another one.
    fn covers(model: &Model, target: &Target) -> u8 {
        let may_be_missing = match target {
            Target::Item(item) => model.items[*item].conditional || model.items[*item].is_foreign,
            Target::Module(module) => model.scopes[*module].conditional,
            // It may be a macro, a module or a function.
            Target::External(_) | Target::Condition(_) => true,
        };
        if may_be_missing { 0 } else { Self::namespaces(model, target) }
    }

    /// The namespaces of a target; none if it may be in any.
    pub(super) fn namespaces(model: &Model, target: &Target) -> u8 {
        match target {
            Target::Module(_) => TYPES,
            Target::External(_) => ALL,
            Target::Condition(_) => 0,
            Target::Item(item) => match model.items[*item].kind {
                // Where others use it, it is a macro, an attribute or a derive.
                ItemKind::Function if is_of_proc_macro(model, *item) => 0,
                ItemKind::Function | ItemKind::Value => VALUES,
                // A tuple or unit struct is a value too.
                ItemKind::Type if model.items[*item].body.is_none() => VALUES | TYPES,
                ItemKind::Type | ItemKind::Alias | ItemKind::Trait | ItemKind::Module => TYPES,
                ItemKind::Macro => MACROS,
                ItemKind::Call | ItemKind::Impl | ItemKind::Other => 0,
            },
        }
    }

    fn is_left(model: &Model, target: &Target, covered: u8) -> bool {
        let of = Self::namespaces(model, target);
        of == 0 || of & !covered != 0
    }

    /// What a name means in one scope, without those around it.
    pub(super) fn in_scope(&mut self, model: &mut Model, scope: ScopeId, name: Name) -> Seen {
        if let Some(known) = self.in_scope.get(&(scope, name)) {
            return known.clone();
        }
        if !self.active.insert((scope, name)) {
            self.partial = true;
            // `mod fit; use fit::*;`, where the module has a `fit`: an import leads through what is declared here.
            return Seen { bindings: declared(model, scope, name).into(), covers: 0 };
        }
        let outermost = self.active.len() == 1;
        let mut found = declared(model, scope, name);
        let here = &model.scopes[scope];
        let named: Vec<Use> = here.uses.iter().filter(|u| u.brings == Brings::Name(name)).cloned().collect();
        let globs: Vec<Use> = here.uses.iter().filter(|u| u.brings == Brings::All).cloned().collect();
        let calls: Vec<ItemId> = here.calls.clone();
        let mut covered = found.iter().fold(0, |all, (target, _)| all | Self::covers(model, target));
        for declaration in named {
            let mut brought = self.resolve_use(model, scope, &declaration);
            if declaration.is_module {
                brought.retain(|target| Self::is_left(model, target, ALL & !TYPES));
            }
            if declaration.condition.is_none() {
                covered = brought.iter().fold(covered, |all, target| all | Self::covers(model, target));
            }
            found.extend(bindings(model, scope, &declaration, brought));
        }
        for call in calls {
            if self.may_define(model, call, name) {
                found.push((Target::Item(call), None));
            }
        }
        let mut by_globs = 0;
        if covered != ALL {
            let is_nothing = found.is_empty();
            for declaration in globs {
                let mut brought = Vec::new();
                for module in self.resolve_use(model, scope, &declaration) {
                    match module {
                        Target::Module(module) => {
                            brought.extend(exported(model, module, name));
                            brought.extend(self.seen_from(model, module, name, scope));
                        }
                        Target::Item(item) if is_variant_of(model, item, name) => {
                            brought.push(Target::Item(item));
                        }
                        Target::External(path) if is_nothing => {
                            brought.push(Target::External(format!("{path}::*").into()));
                        }
                        _ => {}
                    }
                }
                brought.retain(|target| Self::is_left(model, target, covered));
                if declaration.condition.is_none() {
                    by_globs = brought.iter().fold(by_globs, |all, target| all | Self::covers(model, target));
                }
                found.extend(bindings(model, scope, &declaration, brought));
            }
        }
        self.active.remove(&(scope, name));
        let seen = Seen { bindings: found.into(), covers: covered | by_globs };
        if outermost {
            self.partial = false;
        }
        if !self.partial || outermost {
            self.in_scope.insert((scope, name), seen.clone());
        }
        seen
    }

    /// What a name of a module, or of a block, means where it can be named from another scope.
    pub(super) fn seen_from(
        &mut self,
        model: &mut Model,
        module: ScopeId,
        name: Name,
        from: ScopeId,
    ) -> Vec<Target> {
        let seen = self.in_scope(model, module, name);
        let bindings = seen.bindings.iter().filter(|(_, within)| is_seen(model, *within, from));
        bindings.map(|(target, _)| target.clone()).collect()
    }

    /// What a name means in a scope or in those around it.
    pub(super) fn chain(&mut self, model: &mut Model, scope: ScopeId, name: Name) -> Rc<[Target]> {
        if let Some(known) = self.chains.get(&(scope, name)) {
            return Rc::clone(known);
        }
        let mut found: Vec<Target> = Vec::new();
        let mut covered = 0;
        let mut at = Some(scope);
        while let Some(scope) = at {
            let here = self.in_scope(model, scope, name);
            let targets = here.bindings.iter().map(|(target, _)| target);
            found.extend(targets.filter(|target| Self::is_left(model, target, covered)).cloned());
            covered |= here.covers;
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
        if covered & MACROS == 0 {
            // Macros and derives that a crate brings everywhere.
            for brought in model.crates[krate].macro_use.clone() {
                let Some(root) = load::extern_crate(model, krate, brought) else { continue };
                let of = model.scopes[root].krate;
                found.extend(macros_of(model, name, Some(of)).into_iter().map(Target::Item));
                if model.crates[of].is_proc_macro {
                    let declared = model.scopes[root].items.get(&name).into_iter().flatten();
                    found.extend(declared.map(|item| Target::Item(*item)));
                }
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

    /// What a declaration `use` of a scope brings.
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
            let names: Vec<&str> = declaration.path.iter().map(|name| model.names.text(*name)).collect();
            targets.push(Target::External(names.join("::").into()));
        }
        targets
    }
}

/// What a scope itself declares of a name.
fn declared(model: &Model, scope: ScopeId, name: Name) -> Vec<Binding> {
    let here = &model.scopes[scope];
    let items = here.items.get(&name).into_iter().flatten();
    let items = items.map(|item| (Target::Item(*item), model.items[*item].visibility.within(model, scope)));
    let modules = here.modules.get(&name).into_iter().flatten();
    let modules = modules
        .map(|module| (Target::Module(*module), model.scopes[*module].visibility.within(model, scope)));
    items.chain(modules).collect()
}

/// What a declaration `use` of a scope brings, with the condition that it is under.
fn bindings(model: &Model, scope: ScopeId, declaration: &Use, brought: Vec<Target>) -> Vec<Binding> {
    let within = declaration.visibility.within(model, scope);
    let condition = if brought.is_empty() { None } else { declaration.condition.clone() };
    condition.map(Target::Condition).into_iter().chain(brought).map(|target| (target, within)).collect()
}

fn is_of_proc_macro(model: &Model, item: ItemId) -> bool {
    model.crates[model.scopes[model.items[item].scope].krate].is_proc_macro
}

/// Whether an enum can have a variant of this name.
fn is_variant_of(model: &Model, item: ItemId, name: Name) -> bool {
    let of = &model.items[item];
    let Some((from, to)) = of.body.filter(|_| of.kind == ItemKind::Type) else { return false };
    let source = model.source(item);
    let (mut at, mut begins) = (from, true);
    while at < to {
        if begins && source.word(at) == Some(name) {
            return true;
        }
        // Behind a comma or an attribute.
        begins = match source.kind(at) {
            Kind::Punct(b',') => true,
            Kind::Open(b'[') | Kind::Punct(b'#') => begins,
            _ => false,
        };
        at = source.after(at);
    }
    // An attribute may add some.
    of.is_foreign && source.mentions(from, to, name)
}
