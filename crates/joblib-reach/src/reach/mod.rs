//! Everything that a function can reach, in an order that only the code decides, so that its digest does not change when items
//! move between files and modules.

mod activation;
mod bounds;
mod conditions;
mod edges;
mod linked;
mod outcome;
mod sights;

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::path::PathBuf;
use std::rc::Rc;

use crate::hash::{Digester, digest};
use crate::impls::Impls;
use crate::lexer::Name;
use crate::locate::is_own_macro;
use crate::macros::prints;
use crate::map::{Map, Set};
use crate::meaning::Target;
use crate::model::{CrateId, ItemId, ItemKind, Model, Range, ScopeId};
use crate::normal::{Rules, as_given, normal, silent_parts, without_name};
use crate::references::{Asks, Reading, References, parameters};
use crate::resolve::Resolver;
use crate::values::Value;

/// An item, and for a macro the scope that it is called in: its names are looked up there.
type Node = (ItemId, Option<ScopeId>);

/// What is known of items, whichever function reaches them.
#[derive(Debug, Default)]
pub(crate) struct Knowledge {
    pub(crate) model: Model,
    pub(crate) resolver: Resolver,
    forms: Map<ItemId, u128>,
    references: Map<Node, Rc<References>>,
    edges: Map<Node, Rc<edges::Edges>>,
    /// By the name of a member and the scope that asks for it, while so many items are known.
    sights: (usize, Map<(Name, ScopeId), Rc<sights::InSight>>),
    pub(crate) impls: Impls,
    files: HashMap<PathBuf, Option<u128>>,
    told: Map<ItemId, Reached>,
    /// Digests of where items stand and how they are laid out.
    places: Map<ItemId, u128>,
    /// Digests of all tokens, those among them that have no meaning in the normal form.
    tokens: Map<ItemId, u128>,
}

/// One item that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    /// What it is and how it is called, such as `fn weight`.
    pub name: String,
    /// Its file, as the compiler names it.
    pub file: String,
    /// The line of its first token; 0 for a whole file.
    pub line: u32,
    /// The digest of its own code.
    pub digest: u128,
}

/// What a function reaches.
#[derive(Debug, Default)]
pub(crate) struct Walked {
    pub(crate) digest: u128,
    pub(crate) items: Vec<Reached>,
    pub(crate) values: BTreeSet<Value>,
    /// Crates that are compiled on their own, and whose compiler knows what is not known here.
    pub(crate) foreign: BTreeSet<String>,
}

struct Walk<'k> {
    known: &'k mut Knowledge,
    is_code: fn(&str) -> bool,
    numbers: Map<Node, u32>,
    waiting: VecDeque<Node>,
    digester: Digester,
    /// Names of members that are asked for, and where.
    calls: Set<(Name, ScopeId)>,
    /// Those of them that were not looked at yet.
    fresh_calls: Vec<(Name, ScopeId)>,
    methods: Set<Name>,
    members: Set<(ItemId, Name)>,
    /// The names among them.
    member_names: Set<Name>,
    of_traits: Set<Name>,
    types: Set<ItemId>,
    traits: Set<ItemId>,
    /// Both, in the order in which they were reached.
    reached: Vec<ItemId>,
    /// Implementations, and calls of macros that may make some, that are in play.
    active: BTreeSet<ItemId>,
    /// How many of `reached` and `bounds` were looked at for that, when so many were known.
    seen: (usize, usize),
    indexed: (usize, usize, usize),
    /// Implementations of traits at hand: which there are can decide what is called.
    heads: BTreeSet<ItemId>,
    /// Members that are asked for, by the node that asks.
    asked: Vec<(u32, Name, ScopeId)>,
    /// The digests of the conditions on a scope and on those around it.
    contexts: Map<ScopeId, u128>,
    scopes: Set<ScopeId>,
    /// Traits from elsewhere whose implementations the caller may choose among.
    bounds: Set<Name>,
    bounds_in_order: Vec<Name>,
    crates: Set<CrateId>,
    /// Where code that a procedural macro writes is put.
    use_site: Option<ScopeId>,
    asks: Asks,
    /// Roots whose own name does not count.
    nameless: Vec<ItemId>,
    /// The roots and the implementations that they are in, if the caller chooses types by traits.
    choosers: Vec<ItemId>,
    found: Walked,
}

/// Walks from the roots to everything that they reach.
pub(crate) fn walk(
    known: &mut Knowledge,
    roots: &[ItemId],
    nameless: bool,
    is_code: fn(&str) -> bool,
) -> Walked {
    let mut walk = Walk {
        known,
        is_code,
        numbers: Map::default(),
        waiting: VecDeque::new(),
        digester: Digester::default(),
        calls: Set::default(),
        fresh_calls: Vec::new(),
        methods: Set::default(),
        members: Set::default(),
        member_names: Set::default(),
        of_traits: Set::default(),
        types: Set::default(),
        traits: Set::default(),
        reached: Vec::new(),
        active: BTreeSet::new(),
        seen: (0, 0),
        indexed: (0, 0, 0),
        heads: BTreeSet::new(),
        asked: Vec::new(),
        contexts: Map::default(),
        scopes: Set::default(),
        bounds: Set::default(),
        bounds_in_order: Vec::new(),
        crates: Set::default(),
        use_site: None,
        asks: Asks::default(),
        nameless: if nameless { roots.to_vec() } else { Vec::new() },
        choosers: Vec::new(),
        found: Walked::default(),
    };
    walk.choosers = walk.choosers_among(roots);
    for root in roots {
        walk.number((*root, None));
    }
    loop {
        while let Some(node) = walk.waiting.pop_front() {
            walk.visit(node);
        }
        if !walk.activate() {
            break;
        }
    }
    walk.finish()
}

impl Walk<'_> {
    /// The node of an item that is used in a scope.
    fn node(&self, item: ItemId, context: Option<ScopeId>) -> Node {
        let writes_code = self.is_in_proc_macro(item);
        (item, context.or(self.use_site.filter(|_| writes_code)))
    }

    fn is_in_proc_macro(&self, item: ItemId) -> bool {
        let model = &self.known.model;
        model.crates[model.scopes[model.items[item].scope].krate].is_proc_macro
    }

    /// Whether a node is a part of a procedural macro: of its crate, or of one that helps it.
    fn writes_code(&self, (item, context): Node) -> bool {
        self.is_in_proc_macro(item)
            || (context.is_some() && self.known.model.items[item].kind != ItemKind::Macro)
    }

    /// The number of a node: new ones are visited later.
    fn number(&mut self, (item, context): Node) -> u32 {
        let node = self.node(item, context);
        let next = self.numbers.len() as u32;
        let waiting = &mut self.waiting;
        *self.numbers.entry(node).or_insert_with(|| {
            waiting.push_back(node);
            next
        })
    }

    fn rules<R>(&self, then: impl FnOnce(Rules<'_>) -> R) -> R {
        let model = &self.known.model;
        then(Rules {
            names: &model.names,
            own_macro: &|name| is_own_macro(model, name),
            prints: &|name| prints(model, name),
            is_code: &self.is_code,
            docs: false,
        })
    }

    /// The tokens of an item that are its own: of a trait or an implementation the head, for its members are items.
    fn ranges(&self, item: ItemId) -> [Range; 3] {
        let of = &self.known.model.items[item];
        let is_head = matches!(of.kind, ItemKind::Trait | ItemKind::Impl | ItemKind::Module);
        let end = of.body.filter(|_| is_head).map_or(of.range.1, |(from, _)| from - 1);
        // Whether a method is visible can decide which one is called.
        let from = if of.parent.is_some() { of.visible } else { of.range.0 };
        [of.outer, of.attributes, (from, end)]
    }

    /// The digest of an item's own code, without its name where that does not count.
    fn form(&mut self, item: ItemId) -> u128 {
        let name = self.known.model.items[item].name.filter(|_| self.nameless.contains(&item));
        match name {
            None => self.named_form(item),
            Some(name) => {
                let text = self.normal_text(item);
                digest(&without_name(&text, self.known.model.names.text(name)))
            }
        }
    }

    /// The digest of an item's own code.
    fn named_form(&mut self, item: ItemId) -> u128 {
        if let Some(form) = self.known.forms.get(&item) {
            return *form;
        }
        let form = digest(&self.normal_text(item));
        self.known.forms.insert(item, form);
        form
    }

    fn normal_text(&self, item: ItemId) -> String {
        let source = Rc::clone(self.known.model.source(item));
        let ranges = self.ranges(item);
        let docs = self.known.model.items[item].is_foreign;
        self.rules(|rules| {
            let rules = Rules { docs, ..rules };
            let [outer, attributes, own] = ranges;
            let form_of = if docs { as_given } else { normal };
            let [outer, attributes] = [outer, attributes].map(|(from, to)| normal(&source, from, to, rules));
            [outer, attributes, form_of(&source, own.0, own.1, rules)].join(" ")
        })
    }

    fn references(&mut self, node: Node) -> Rc<References> {
        if let Some(references) = self.known.references.get(&node) {
            return Rc::clone(references);
        }
        let (item, context) = node;
        let source = Rc::clone(self.known.model.source(item));
        let ranges = self.ranges(item);
        let this = self.this(item);
        let of = &self.known.model.items[item];
        let mut scopes = vec![of.scope];
        if let Some(context) = context.filter(|context| *context != of.scope) {
            scopes.insert(0, context);
        }
        let model = &self.known.model;
        let in_file = |block: &ScopeId| {
            let scope = &model.scopes[*block];
            (scope.file, scope.range, *block)
        };
        let reading = Reading {
            source: &source,
            file: of.file,
            scopes,
            blocks: of.blocks.iter().map(in_file).collect(),
            parameters: if self.is_plain(item) { parameters(&source, of.range) } else { Vec::new() },
            body: of.body.map_or(usize::MAX, |(from, _)| from),
            this,
            is_macro: matches!(of.kind, ItemKind::Macro | ItemKind::Call),
            writes_code: self.writes_code(node),
            depth: 0,
        };
        let mut all = References::default();
        let docs = of.is_foreign || matches!(of.kind, ItemKind::Macro | ItemKind::Call);
        for (from, to) in ranges {
            let skipped = self.rules(|rules| silent_parts(&source, from, to, Rules { docs, ..rules }));
            let known = &mut *self.known;
            let part =
                References::read(&mut known.model, &mut known.resolver, &reading, (from, to), &skipped);
            all.asks.add(part.asks);
            all.found.extend(part.found);
            all.methods.extend(part.methods);
            all.bounds.extend(part.bounds);
            all.values.extend(part.values);
        }
        let all = Rc::new(all);
        self.known.references.insert(node, Rc::clone(&all));
        all
    }

    /// Whether an item is a function whose body is as it is written: no macro is given it, and no items in it hide parameters.
    fn is_plain(&self, item: ItemId) -> bool {
        let model = &self.known.model;
        let of = &model.items[item];
        let mut around = std::iter::successors(Some(of.scope), |scope| model.scopes[*scope].parent);
        of.kind == ItemKind::Function
            && of.blocks.is_empty()
            && !of.is_foreign
            && around.all(|scope| model.scopes[scope].maker.is_none() && model.scopes[scope].item.is_none())
    }

    /// What `Self` stands for in an item.
    fn this(&mut self, item: ItemId) -> Option<Vec<Target>> {
        let of = &self.known.model.items[item];
        match of.kind {
            ItemKind::Impl => {
                let known = &mut *self.known;
                Some(known.impls.of(&mut known.model, &mut known.resolver, item).this.clone())
            }
            ItemKind::Trait | ItemKind::Type => Some(vec![Target::Item(item)]),
            // The macro may have written the implementation, of a type that it names or is given.
            ItemKind::Call if of.parent.is_none() => Some(vec![Target::Item(item)]),
            _ => {
                let around = &self.known.model.scopes[of.scope];
                let outer = of.parent.or(around.owner).or(around.maker);
                outer.and_then(|parent| self.this(parent))
            }
        }
    }

    fn visit(&mut self, node: Node) {
        let (item, context) = node;
        let form = self.form(item);
        self.digester.number(form);
        self.list(item, form);
        let of = &self.known.model.items[item];
        let (kind, parent, scope) = (of.kind, of.parent, of.scope);
        let comes_into_play = match kind {
            // What a macro makes may be a type.
            ItemKind::Type | ItemKind::Call | ItemKind::Value => self.types.insert(item),
            ItemKind::Trait => self.traits.insert(item),
            _ => false,
        };
        if comes_into_play {
            self.reached.push(item);
        }
        if let Some(parent) = parent {
            let number = self.number((parent, None));
            self.digester.number(u128::from(number));
        }
        self.maker_of(item);
        let conditions = self.context(scope);
        self.digester.number(conditions);
        self.conditions_of(scope);
        self.crate_of(scope);
        let references = self.references(node);
        self.asks.add(references.asks);
        self.take_values(&references.values, scope);
        // What a macro writes is compiled where it is called.
        if let Some(context) = self.node(item, context).1 {
            self.take_values(&references.values, context);
        }
        let number = self.number(node);
        self.follow(node, number, &references);
        if parent.is_none() && self.is_only_declared(item) {
            self.link(item);
        }
        let chooses = self.is_choosers(item);
        for name in &references.bounds {
            self.bound(*name, chooses);
        }
    }

    /// A method that a macro made is one of a type that the macro's call names.
    fn maker_of(&mut self, item: ItemId) {
        let model = &self.known.model;
        let (from, to) = model.items[item].range;
        let source = model.source(item);
        let maker = model.scopes[model.items[item].scope].maker;
        let maker = maker.filter(|_| (from..to).any(|at| matches!(source.text_of(at), "self" | "Self")));
        // In an implementation the call is a member.
        if let Some(maker) = maker.map(|call| model.items[call].parent.unwrap_or(call)) {
            let number = self.number((maker, None));
            self.digester.number(u128::from(number));
        }
    }

    /// What the crate of a scope adds to each item of it.
    fn crate_of(&mut self, scope: ScopeId) {
        let id = self.known.model.scopes[scope].krate;
        if !self.crates.insert(id) {
            return;
        }
        let krate = &self.known.model.crates[id];
        if krate.is_opaque && !krate.is_own {
            self.found.foreign.insert(krate.name.clone());
        }
        if !krate.is_own {
            self.digester.text(&krate.edition);
        }
    }
}
