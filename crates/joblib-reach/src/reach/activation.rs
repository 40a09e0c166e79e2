//! Members and implementations that come into play by what was reached.

use crate::impls::Of;
use crate::lexer::Name;
use crate::model::{ItemId, ItemKind};

use super::Walk;

impl Walk<'_> {
    /// Visits members that come into play by what was reached; whether there were any.
    pub(super) fn activate(&mut self) -> bool {
        let mut fresh: Vec<(u128, u128, ItemId)> = Vec::new();
        // Traits that are reached later are looked at below.
        let calls = std::mem::take(&mut self.fresh_calls);
        for (_, scope) in &calls {
            let known = &mut *self.known;
            known.resolver.open(&mut known.model, *scope);
        }
        for (name, scope) in calls {
            let known = &mut *self.known;
            let members = known.resolver.members_of_traits(&known.model, name);
            for member in members.iter().copied() {
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
        self.note_active();
        let active: Vec<ItemId> = self.active.iter().copied().collect();
        for id in active {
            let item = &self.known.model.items[id];
            if !matches!(item.kind, ItemKind::Impl) {
                self.add(&mut fresh, id);
                continue;
            }
            let known = &mut *self.known;
            let head = known.impls.of(&mut known.model, &mut known.resolver, id);
            let this = head.type_of_this();
            // An attribute may write members of any name.
            let is_written = self.known.model.items[id].is_foreign && self.is_written_at_hand(id);
            if is_written {
                self.add(&mut fresh, id);
            }
            // Of a type that a macro wrote.
            let is_unknown = this.is_none() && matches!(head.of_trait, Of::Inherent);
            if matches!(head.of_trait, Of::Trait(_)) && self.heads.insert(id) {
                self.conditions_on(id);
            }
            for index in 0..self.known.model.items[id].members.len() {
                let member = self.known.model.items[id].members[index];
                let item = &self.known.model.items[member];
                let asked = |name: Name| {
                    let of_trait = if let Of::Trait(of) = head.of_trait { Some(of) } else { None };
                    this.into_iter().chain(of_trait).any(|of| self.is_asked(of, name))
                        || self.methods.contains(&name)
                        || (is_unknown && self.of_traits.contains(&name))
                };
                let counts = match head.of_trait {
                    Of::Inherent => item.kind == ItemKind::Call,
                    Of::Trait(_) => item.kind != ItemKind::Function,
                    Of::External(_) => true,
                } || item.name.is_some_and(asked);
                let counts = counts || is_written || (item.is_foreign && self.is_written_at_hand(member));
                if counts {
                    self.add(&mut fresh, member);
                }
            }
            if matches!(head.of_trait, Of::External(_)) {
                self.add(&mut fresh, id);
            }
        }
        fresh.sort_unstable();
        fresh.dedup();
        let mut any = !self.waiting.is_empty();
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

    /// Notes implementations, and calls of macros that may make some, that come into play by what was reached since the last
    /// time.
    fn note_active(&mut self) {
        let known = &mut *self.known;
        let indexed = known.impls.index(&mut known.model, &mut known.resolver);
        if self.indexed != indexed {
            // There are new ones, which may be of what was reached before.
            self.indexed = indexed;
            self.seen = (0, 0);
        }
        for item in &self.reached[self.seen.0..] {
            self.active.extend(known.impls.with_item(*item));
        }
        for name in &self.bounds_in_order[self.seen.1..] {
            self.active.extend(known.impls.with_bound(*name));
        }
        self.seen = (self.reached.len(), self.bounds_in_order.len());
    }

    /// Whether an item has an attribute that is a procedural macro at hand.
    fn is_written_at_hand(&mut self, item: ItemId) -> bool {
        let known = &mut *self.known;
        let (scope, (from, to)) = (known.model.items[item].scope, known.model.items[item].attributes);
        let named = known.resolver.named(&mut known.model, item, scope, (from, to));
        named.into_iter().any(|item| self.is_in_proc_macro(item))
    }

    /// Whether a member of this name is asked for, of this type or trait: a trait's function is called by the names of many
    /// types.
    fn is_asked(&self, of: ItemId, name: Name) -> bool {
        let is_trait = self.known.model.items[of].kind == ItemKind::Trait;
        self.members.contains(&(of, name))
            || self.methods.contains(&name)
            || (is_trait && (self.of_traits.contains(&name) || self.member_names.contains(&name)))
    }

    fn add(&mut self, fresh: &mut Vec<(u128, u128, ItemId)>, item: ItemId) {
        if !self.numbers.contains_key(&self.node(item, None)) {
            let parent = self.known.model.items[item].parent.map_or(0, |parent| self.form(parent));
            let form = self.form(item);
            fresh.push((parent, form, item));
        }
    }
}
