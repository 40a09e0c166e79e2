//! Which traits can be used in a scope.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::Resolver;
use super::seen::{Imported, Sight};
use crate::lexer::Kind;
use crate::map::Set;
use crate::meaning::Target;
use crate::model::{Brings, ItemId, Model, ScopeId, Use};
use crate::visibility::is_seen;

impl Resolver {
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
        self.sight(model, of, scope).is_some()
    }

    /// The conditions under which a trait's methods can be called in a scope. `None` if they can't.
    pub(crate) fn sight(&mut self, model: &mut Model, of: ItemId, scope: ScopeId) -> Sight {
        if let Some(known) = self.visible.get(&(of, scope)) {
            return known.clone();
        }
        let (mut seen, mut waiting) = (Set::default(), vec![(scope, None)]);
        let (mut visible, mut conditions) = (false, BTreeSet::new());
        while let Some((here, condition)) = waiting.pop() {
            if !seen.insert(here) {
                continue;
            }
            let before = std::mem::take(&mut visible);
            if let Some(name) = model.items[of].name {
                visible |= self.seen_from(model, here, name, scope).contains(&Target::Item(of));
                // A macro may import it.
                let calls = model.scopes[here].calls.clone();
                visible = visible || calls.into_iter().any(|call| self.may_define(model, call, name));
            }
            for declaration in model.scopes[here].uses.clone() {
                if !is_seen(model, declaration.visibility.within(model, here), scope) {
                    continue;
                }
                // Also `as _`, and what modules import from which all is imported.
                for target in self.resolve_use(model, here, &declaration) {
                    match target {
                        Target::Module(module) if declaration.brings == Brings::All => {
                            waiting.push((module, declaration.condition.clone()));
                        }
                        Target::Item(item) if item == of => {
                            visible = true;
                            conditions.extend(declaration.condition.clone());
                        }
                        _ => {}
                    }
                }
            }
            if visible {
                conditions.extend(condition);
            }
            visible |= before;
            if !model.scopes[here].is_module {
                waiting.extend(model.scopes[here].parent.map(|parent| (parent, None)));
            }
        }
        let sight: Sight = visible.then(|| conditions.into_iter().collect());
        self.visible.insert((of, scope), sight.clone());
        sight
    }

    /// What may be traits from elsewhere, by their paths, whose methods can be called in a scope.
    pub(crate) fn imported(&mut self, model: &mut Model, scope: ScopeId) -> Rc<[Imported]> {
        if let Some(known) = self.imported.get(&scope) {
            return Rc::clone(known);
        }
        let (mut seen, mut waiting, mut found) = (Set::default(), vec![scope], BTreeSet::new());
        while let Some(here) = waiting.pop() {
            if !seen.insert(here) {
                continue;
            }
            for declaration in model.scopes[here].uses.clone() {
                if !is_seen(model, declaration.visibility.within(model, here), scope) {
                    continue;
                }
                for target in self.resolve_use(model, here, &declaration) {
                    match target {
                        Target::Module(module) if declaration.brings == Brings::All => waiting.push(module),
                        Target::External(path) if may_be_trait(model, here, &declaration, &path) => {
                            found.insert((path, declaration.condition.clone()));
                        }
                        _ => {}
                    }
                }
            }
            if !model.scopes[here].is_module {
                waiting.extend(model.scopes[here].parent);
            }
        }
        let found: Rc<[Imported]> = found.into_iter().collect();
        self.imported.insert(scope, Rc::clone(&found));
        found
    }
}

/// Whether what a scope imports from elsewhere may be a trait that is imported for its methods: of another crate than the
/// standard library, what is named nowhere else in the file.
fn may_be_trait(model: &Model, scope: ScopeId, declaration: &Use, path: &str) -> bool {
    let Brings::Name(name) = declaration.brings else { return true };
    if is_standard(path) {
        return true;
    }
    let source = &model.files[model.scopes[scope].file].source;
    let mut named = source.tokens.iter().filter(|token| token.kind == Kind::Word(name));
    model.names.text(name).starts_with(char::is_uppercase) && named.nth(1).is_none()
}

/// Whether a path is one into the standard library.
pub(crate) fn is_standard(path: &str) -> bool {
    ["std::", "core::", "alloc::"].iter().any(|start| path.starts_with(start))
}
