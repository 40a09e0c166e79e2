//! Which traits can be used in a scope.

use super::Resolver;
use crate::map::Set;
use crate::meaning::Target;
use crate::model::{Brings, ItemId, Model, ScopeId};
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
