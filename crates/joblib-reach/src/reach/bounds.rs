//! Types that the caller of a function chooses by a trait from elsewhere: they are nowhere named in what the function reaches.

use crate::lexer::Name;
use crate::model::{ItemId, ItemKind};

use super::Walk;

/// Traits whose implementations say what the key is, or nothing.
const OTHERS: [&str; 7] = ["Serialize", "Copy", "Send", "Sync", "Sized", "Unpin", "Any"];

/// Traits that every stored result has: what they do matters where the caller chooses the type.
const OF_RESULTS: [&str; 3] = ["Deserialize", "DeserializeOwned", "Storable"];

/// Traits that are implemented through others.
const THROUGH: [(&str, &str); 7] = [
    ("Into", "From"),
    ("TryInto", "TryFrom"),
    ("IntoIterator", "Iterator"),
    ("ToString", "Display"),
    ("Error", "Display"),
    ("DeserializeOwned", "Deserialize"),
    ("Storable", "Deserialize"),
];

impl Walk<'_> {
    /// The roots, and the implementations that they are in, that leave types to the caller.
    pub(super) fn choosers_among(&self, roots: &[ItemId]) -> Vec<ItemId> {
        let model = &self.known.model;
        let mut found = Vec::new();
        for root in roots {
            let of = &model.items[*root];
            let source = model.source(*root);
            let end = of.body.map_or(of.range.1, |(from, _)| from);
            let is_open = (of.range.0..end).any(|at| {
                matches!(source.text_of(at), "impl" | "dyn")
                    || (source.text_of(at) == "fn" && source.is_punct(at + 2, b'<'))
            });
            let parent = of.parent.filter(|parent| {
                let (from, _) = model.items[*parent].range;
                model.source(*parent).is_punct(from + 1, b'<')
            });
            if is_open || parent.is_some() {
                found.push(*root);
                found.extend(parent);
            }
        }
        found
    }

    /// Whether the bounds in an item are those of types that the caller chooses: a root's, and what traits and their
    /// implementations ask for beside.
    pub(super) fn is_choosers(&self, item: ItemId) -> bool {
        let of = &self.known.model.items[item];
        let goes_on = of.kind == ItemKind::Trait || of.of_trait.is_some();
        self.choosers.contains(&item) || (goes_on && !self.choosers.is_empty())
    }

    /// A trait from elsewhere bounds a type, which the caller may choose.
    pub(super) fn bound(&mut self, name: Name, chooses: bool) {
        let text = self.known.model.names.text(name).to_owned();
        if chooses && text == "Serialize" {
            self.for_people();
        }
        let names = &mut self.known.model.names;
        if OTHERS.contains(&&*text) || (OF_RESULTS.contains(&&*text) && !chooses) {
            return;
        }
        let through = THROUGH.iter().filter(|(of, _)| *of == text);
        let through: Vec<Name> = through.map(|(_, other)| names.of(other)).collect();
        for name in [name].into_iter().chain(through) {
            if self.bounds.insert(name) {
                self.bounds_in_order.push(name);
            }
            // What is derived does not depend on the type's own code for `Clone`.
            if chooses && self.known.model.names.text(name) != "Clone" {
                self.active.extend(self.known.model.derived.get(&name).into_iter().flatten());
            }
        }
    }

    /// What is written for people is no part of the key.
    fn for_people(&mut self) {
        let asks = self.known.model.names.of("is_human_readable");
        let model = &self.known.model;
        let other = |item: &ItemId| {
            let (from, to) = model.items[*item].range;
            model.items[*item].of_trait.is_some() && model.source(*item).mentions(from, to, asks)
        };
        self.active.extend(model.impls.iter().copied().filter(other));
    }
}
