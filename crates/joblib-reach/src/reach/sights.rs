//! What a name stands for that no path leads to: which traits are in sight where a member is asked for, and which
//! implementations of a trait there are.

use std::collections::BTreeSet;

use super::Walk;
use crate::hash::Digester;
use crate::model::ItemId;

impl Walk<'_> {
    /// The traits in sight of each node that asks for a member which they have: others would be called without them.
    pub(super) fn count_traits_in_sight(&mut self) {
        let asked: BTreeSet<_> = std::mem::take(&mut self.asked).into_iter().collect();
        let mut sights: BTreeSet<(u32, String, Vec<u32>)> = BTreeSet::new();
        for (node, name, scope) in asked {
            let members = self.known.model.trait_members.get(&name).cloned().unwrap_or_default();
            let parents = members.into_iter().filter_map(|member| self.known.model.items[member].parent);
            let mut seen = Vec::new();
            for of in parents.collect::<Vec<_>>() {
                let known = &mut *self.known;
                if known.resolver.is_visible(&mut known.model, of, scope) {
                    seen.extend(self.numbers.get(&(of, None)).copied());
                }
            }
            seen.sort_unstable();
            seen.dedup();
            if !seen.is_empty() {
                sights.insert((node, self.known.model.names.text(name).to_owned(), seen));
            }
        }
        for (node, name, seen) in sights {
            self.digester.number(u128::from(node));
            self.digester.text(&name);
            seen.into_iter().for_each(|number| self.digester.number(u128::from(number)));
        }
    }

    /// Which implementations of traits there are, of what is reached and of what is not.
    pub(super) fn count_heads(&mut self) {
        let heads: Vec<ItemId> = std::mem::take(&mut self.heads).into_iter().collect();
        let mut digests = BTreeSet::new();
        for id in heads {
            let mut digester = Digester::default();
            digester.number(self.form(id));
            let known = &mut *self.known;
            let (scope, range) = (known.model.items[id].scope, known.model.items[id].range);
            let end = known.model.items[id].body.map_or(range.1, |(from, _)| from - 1);
            let named = known.resolver.named(&mut known.model, id, scope, (range.0, end));
            digester.number(self.context(scope));
            for item in named {
                match self.numbers.get(&(item, None)) {
                    Some(number) => digester.number(u128::from(*number)),
                    None => digester.number(self.form(item)),
                }
            }
            digests.insert(digester.finish());
        }
        for digest in digests {
            self.digester.number(digest);
        }
    }
}
