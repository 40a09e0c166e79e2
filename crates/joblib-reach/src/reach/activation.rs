//! Members and implementations that come into play by what was reached.

use crate::impls::Of;
use crate::lexer::Name;
use crate::meaning::Target;
use crate::model::ScopeId;
use crate::model::{ItemId, ItemKind};

use super::Walk;

impl Walk<'_> {
    /// Visits members that come into play by what was reached; whether there were any.
    pub(super) fn activate(&mut self) -> bool {
        let calls: Vec<(Name, ScopeId)> = self.calls.iter().copied().collect();
        let mut fresh: Vec<(u128, u128, ItemId)> = Vec::new();
        for (name, scope) in calls {
            let members = self.known.model.trait_members.get(&name).cloned().unwrap_or_default();
            for member in members {
                let Some(of) = self.known.model.items[member].parent else { continue };
                let known = &mut *self.known;
                let visible =
                    self.traits.contains(&of) || known.resolver.is_visible(&mut known.model, of, scope);
                if visible {
                    self.add(&mut fresh, of);
                    self.add(&mut fresh, member);
                }
            }
        }
        let traits: Vec<ItemId> = self.traits.iter().copied().collect();
        for of in traits {
            for member in self.known.model.items[of].members.clone() {
                let item = &self.known.model.items[member];
                let named = item.name.is_some_and(|name| self.is_asked(of, name));
                if item.kind != ItemKind::Function || named {
                    self.add(&mut fresh, member);
                }
            }
        }
        for index in 0..self.known.model.impls.len() {
            let id = self.known.model.impls[index];
            let known = &mut *self.known;
            let head = known.impls.of(&mut known.model, &mut known.resolver, id);
            let (this, of_trait, types) = (head.type_of_this(), head.of_trait.clone(), head.types.clone());
            let is_reached = |of: &ItemId| self.types.contains(of) || self.traits.contains(of);
            let type_reached = head.this.iter().any(|this| match this {
                Target::Item(this) => is_reached(this),
                _ => false,
            });
            let mentions = types.iter().any(is_reached);
            let active = match &of_trait {
                Of::Inherent => type_reached || (this.is_none() && mentions),
                Of::Trait(of) => self.traits.contains(of),
                Of::External(name) => mentions || name.is_some_and(|name| self.bounds.contains(&name)),
            };
            if !active {
                continue;
            }
            if matches!(of_trait, Of::Trait(_)) {
                let head = self.form(id);
                self.heads.insert(head);
            }
            for member in self.known.model.items[id].members.clone() {
                let item = &self.known.model.items[member];
                let (kind, name) = (item.kind, item.name);
                let asked = name.is_some_and(|name| {
                    let of_type = this.is_some_and(|this| self.is_asked(this, name));
                    let of_trait =
                        if let Of::Trait(of) = &of_trait { self.is_asked(*of, name) } else { false };
                    of_type || of_trait || self.methods.contains(&name)
                });
                let always = match &of_trait {
                    Of::Inherent => kind == ItemKind::Call,
                    Of::Trait(_) => kind != ItemKind::Function,
                    Of::External(_) => true,
                };
                if asked || always {
                    self.add(&mut fresh, member);
                }
            }
            if matches!(of_trait, Of::External(_)) {
                self.add(&mut fresh, id);
            }
        }
        for index in 0..self.known.model.calls.len() {
            let id = self.known.model.calls[index];
            let known = &mut *self.known;
            let mentioned = known.impls.mentioned(&mut known.model, &mut known.resolver, id);
            if mentioned.iter().any(|of| self.types.contains(of) || self.traits.contains(of)) {
                self.add(&mut fresh, id);
            }
        }
        fresh.sort_unstable();
        fresh.dedup();
        let mut any = false;
        for (_, _, item) in fresh {
            let before = self.numbers.len();
            let number = self.number((item, None));
            if self.numbers.len() > before {
                any = true;
                self.digester.number(u128::from(number));
            }
        }
        any
    }

    /// Whether a member of this name is asked for, of this type or trait.
    fn is_asked(&self, of: ItemId, name: Name) -> bool {
        let is_trait = self.known.model.items[of].kind == ItemKind::Trait;
        self.members.contains(&(of, name))
            || self.methods.contains(&name)
            || (is_trait && (self.of_traits.contains(&name) || self.calls_any(name)))
    }

    /// Whether some path ends with this name: a trait's function is called by the names of many types.
    fn calls_any(&self, name: Name) -> bool {
        self.members.iter().any(|(_, member)| *member == name)
    }

    fn add(&mut self, fresh: &mut Vec<(u128, u128, ItemId)>, item: ItemId) {
        if !self.numbers.contains_key(&self.node(item, None)) {
            let parent = self.known.model.items[item].parent.map_or(0, |parent| self.form(parent));
            let form = self.form(item);
            fresh.push((parent, form, item));
        }
    }
}
