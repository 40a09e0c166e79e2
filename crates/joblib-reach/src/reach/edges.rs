//! What a node leads to: the same in every walk, and found once.

use std::hash::Hash;
use std::rc::Rc;

use super::{Node, Walk};
use crate::hash::Digester;
use crate::lexer::Name;
use crate::map::{Map, Set};
use crate::meaning::{Found, Target};
use crate::model::{ItemId, ItemKind, ScopeId};
use crate::references::References;

/// What a node leads to.
#[derive(Debug, Default)]
pub(super) struct Edges {
    /// What else its paths mean, and which of `targets` each of them means.
    digest: u128,
    /// The items, each once, in the order in which the paths lead to them.
    targets: Vec<Edge>,
    /// Members of these types and traits.
    members: Vec<(ItemId, Name)>,
    /// Members of these names of any trait.
    of_traits: Vec<Name>,
    /// Members of these names of any type or trait.
    methods: Vec<Name>,
    /// All names of members that are asked for, and where.
    asked: Vec<(Name, ScopeId)>,
}

#[derive(Debug)]
struct Edge {
    item: ItemId,
    context: Option<ScopeId>,
    /// Whether a procedural macro is used here.
    uses_proc_macro: bool,
}

impl Walk<'_> {
    /// Goes on to everything that a node leads to.
    pub(super) fn follow(&mut self, node: Node, number: u32, references: &References) {
        let edges = self.edges(node, references);
        self.digester.number(edges.digest);
        for edge in &edges.targets {
            if edge.uses_proc_macro {
                self.use_site = self.use_site.or(edge.context);
            }
            let number = self.number((edge.item, edge.context));
            self.digester.number(u128::from(number));
        }
        for (of, name) in &edges.members {
            self.members.insert((*of, *name));
            self.member_names.insert(*name);
        }
        self.of_traits.extend(&edges.of_traits);
        self.methods.extend(&edges.methods);
        for (name, scope) in &edges.asked {
            self.asked.push((number, *name, *scope));
            if self.calls.insert((*name, *scope)) {
                self.fresh_calls.push((*name, *scope));
            }
        }
    }

    fn edges(&mut self, node: Node, references: &References) -> Rc<Edges> {
        if let Some(known) = self.known.edges.get(&node) {
            return Rc::clone(known);
        }
        let (mut edges, mut digester) = (Edges::default(), Digester::default());
        let mut places = Map::default();
        for (scope, found) in &references.found {
            self.path_to(node, *scope, found, &mut edges.targets, &mut places, &mut digester);
            edges.members.extend(&found.members);
            edges.of_traits.extend(&found.of_traits);
            edges.methods.extend(&found.of_any);
            let names = found.members.iter().map(|(_, name)| name);
            let names = names.chain(&found.of_traits).chain(&found.of_any);
            edges.asked.extend(names.map(|name| (*name, *scope)));
        }
        for (name, scope) in &references.methods {
            edges.methods.push(*name);
            edges.asked.push((*name, *scope));
        }
        // In the order of the code, on which alone it depends in which order crates are read.
        first_of_each(&mut edges.members);
        first_of_each(&mut edges.of_traits);
        first_of_each(&mut edges.methods);
        first_of_each(&mut edges.asked);
        edges.digest = digester.finish();
        let edges = Rc::new(edges);
        self.known.edges.insert(node, Rc::clone(&edges));
        edges
    }

    /// Adds what one path can mean.
    fn path_to(
        &mut self,
        node: Node,
        scope: ScopeId,
        found: &Found,
        targets: &mut Vec<Edge>,
        places: &mut Map<Node, usize>,
        digester: &mut Digester,
    ) {
        let (from, inherited) = node;
        let mut items: Vec<ItemId> = Vec::new();
        let mut conditions: Vec<&str> = Vec::new();
        for target in &found.targets {
            match target {
                Target::Item(item) => items.push(*item),
                Target::External(path) if path.contains("::") => digester.text(path),
                Target::Condition(condition) => conditions.push(condition),
                _ => {}
            }
        }
        conditions.sort_unstable();
        for condition in conditions {
            digester.text(condition);
        }
        if self.known.model.items[from].kind == ItemKind::Impl {
            // What else its head names matters when a member uses it. The type that it is for is there without being named: in
            // `impl Fit for Pair<Model>`, `self.0` is a `Model`.
            let known = &mut *self.known;
            let head = known.impls.of(&mut known.model, &mut known.resolver, from);
            items.retain(|item| {
                let of = &known.model.items[*item];
                of.kind != ItemKind::Type
                    || head.parts.contains(item)
                    || head.this.contains(&Target::Item(*item))
            });
        }
        let mut keyed: Vec<(u128, ItemId)> =
            items.into_iter().map(|item| (self.named_form(item), item)).collect();
        // Of macros of one name the last one counts.
        let in_order = keyed.iter().all(|(_, item)| self.known.model.items[*item].kind == ItemKind::Macro);
        if in_order {
            keyed.sort_unstable_by_key(|(_, item)| *item);
        } else {
            keyed.sort_unstable();
        }
        digester.number(keyed.len() as u128);
        if in_order && keyed.len() > 1 {
            // Items are numbered as they stand: which macro is meant depends on those before the call.
            let before = keyed.iter().filter(|(_, item)| *item < from).count();
            digester.number(before as u128);
        }
        let from_proc_macro = self.writes_code(node);
        for (_, item) in keyed {
            let model = &self.known.model;
            let krate = |scope: ScopeId| model.scopes[scope].krate;
            let of = &model.items[item];
            let uses_proc_macro = of.kind != ItemKind::Macro && self.is_in_proc_macro(item);
            let context = if of.kind == ItemKind::Macro {
                Some(scope)
            } else if uses_proc_macro {
                if from_proc_macro { inherited } else { Some(scope) }
            } else {
                // What a procedural macro is helped by writes code for the same place.
                inherited.filter(|context| from_proc_macro && krate(*context) != krate(of.scope))
            };
            let place = *places.entry((item, context)).or_insert_with(|| {
                targets.push(Edge { item, context, uses_proc_macro });
                targets.len() - 1
            });
            digester.number(place as u128);
        }
    }
}

/// Removes what stood before.
fn first_of_each<T: Copy + Eq + Hash>(list: &mut Vec<T>) {
    let mut seen = Set::default();
    list.retain(|element| seen.insert(*element));
}
