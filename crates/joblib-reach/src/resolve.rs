//! What a path can mean. In doubt everything that it could: what counts too much is computed again, what is missed would be
//! a stale value.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use crate::lexer::Name;
use crate::literal;
use crate::load;
use crate::model::{Brings, ItemId, ItemKind, Model, ScopeId, Use};

/// What a name stands for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Target {
    Item(ItemId),
    Module(ScopeId),
    /// A path into what is not at hand.
    External(Rc<str>),
}

/// What a whole path stands for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Found {
    pub(crate) targets: Vec<Target>,
    /// Members of these types and traits.
    pub(crate) members: Vec<(ItemId, Name)>,
    /// Members of this name of any trait: the type is not known.
    pub(crate) of_traits: Vec<Name>,
}

/// Looks names up, and remembers what they mean.
#[derive(Debug, Default)]
pub(crate) struct Resolver {
    in_scope: HashMap<(ScopeId, Name), Rc<[Target]>>,
    chains: HashMap<(ScopeId, Name), Rc<[Target]>>,
    visible: HashMap<(ItemId, ScopeId), bool>,
    /// Look-ups that are under way: a circle of imports ends.
    active: HashSet<(ScopeId, Name)>,
    /// Whether a circle was met, so that what is found meanwhile may be a part only.
    partial: bool,
}

const VALUES: u8 = 1;
const TYPES: u8 = 2;
const MACROS: u8 = 4;
const ALL: u8 = VALUES | TYPES | MACROS;

/// Names that the standard library brings everywhere.
pub(crate) const PRELUDE: [&str; 54] = [
    "Some",
    "None",
    "Ok",
    "Err",
    "Option",
    "Result",
    "Vec",
    "String",
    "Box",
    "ToString",
    "ToOwned",
    "Clone",
    "Copy",
    "Send",
    "Sync",
    "Sized",
    "Drop",
    "Fn",
    "FnMut",
    "FnOnce",
    "Iterator",
    "IntoIterator",
    "Extend",
    "Default",
    "From",
    "Into",
    "TryFrom",
    "TryInto",
    "AsRef",
    "AsMut",
    "PartialEq",
    "Eq",
    "PartialOrd",
    "Ord",
    "FromIterator",
    "drop",
    "bool",
    "char",
    "str",
    "u8",
    "u16",
    "u32",
    "u64",
    "u128",
    "usize",
    "i8",
    "i16",
    "i32",
    "i64",
    "i128",
    "isize",
    "f32",
    "f64",
    "std",
];

impl Resolver {
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
        for declaration in named {
            found.extend(self.resolve_use(model, scope, &declaration));
        }
        for call in calls {
            if mentions(model, call, name) {
                found.push(Target::Item(call));
            }
        }
        let covered = found.iter().fold(0, |all, target| all | Self::namespaces(model, target));
        if covered & (VALUES | TYPES) != VALUES | TYPES {
            let external = found.is_empty();
            for declaration in globs {
                for module in self.resolve_use(model, scope, &declaration) {
                    match module {
                        Target::Module(module) => {
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
            covered |= fresh.iter().fold(0, |all, target| all | Self::namespaces(model, target));
            found.extend(fresh);
            at = if model.scopes[scope].is_module || covered == ALL {
                None
            } else {
                model.scopes[scope].parent
            };
        }
        if covered & TYPES == 0 {
            found.extend(load::extern_crate(model, model.scopes[scope].krate, name).map(Target::Module));
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
            _ if absolute => match load::extern_crate(model, model.scopes[scope].krate, *first) {
                Some(root) => vec![Target::Module(root)],
                None => vec![Target::External(model.names.text(*first).into())],
            },
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
        for name in rest {
            let mut next = Vec::new();
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
                        // An exported macro is known at the root, wherever it is defined.
                        let krate = model.scopes[module].krate;
                        if model.crates[krate].root == module {
                            let of_crate = macros_of(model, *name, Some(krate));
                            next.extend(of_crate.into_iter().map(Target::Item));
                        }
                    }
                    Target::Item(item) => {
                        match model.items[item].kind {
                            ItemKind::Type | ItemKind::Trait => found.members.push((item, *name)),
                            ItemKind::Alias => {
                                found.of_traits.push(*name);
                                for of in self.types_of_alias(model, item) {
                                    found.members.push((of, *name));
                                }
                            }
                            ItemKind::Call | ItemKind::Other => found.of_traits.push(*name),
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

    /// The types that an alias names.
    fn types_of_alias(&mut self, model: &mut Model, alias: ItemId) -> Vec<ItemId> {
        let (from, to) = model.items[alias].range;
        let (scope, source) = (model.items[alias].scope, Rc::clone(model.source(alias)));
        let mut types = Vec::new();
        for at in from..to {
            let Some(name) = source.word(at) else { continue };
            if Some(name) == model.items[alias].name {
                continue;
            }
            for target in self.chain(model, scope, name).iter() {
                if let Target::Item(item) = target
                    && matches!(model.items[*item].kind, ItemKind::Type)
                {
                    types.push(*item);
                }
            }
            if at + 3 < to && source.is_pair(at + 1, b':', b':') {
                let mut path = vec![name];
                let mut next = at + 1;
                while let (true, Some(name)) = (source.is_pair(next, b':', b':'), source.word(next + 2)) {
                    path.push(name);
                    next += 3;
                }
                for target in self.path(model, scope, &path, false, None).targets {
                    if let Target::Item(item) = target {
                        types.push(item);
                    }
                }
            }
        }
        types
    }

    /// Whether a trait's methods can be called in a scope.
    pub(crate) fn is_visible(&mut self, model: &mut Model, of: ItemId, scope: ScopeId) -> bool {
        if let Some(known) = self.visible.get(&(of, scope)) {
            return *known;
        }
        let mut at = Some(scope);
        let mut visible = false;
        while let (Some(here), false) = (at, visible) {
            if let Some(name) = model.items[of].name {
                visible |= self.in_scope(model, here, name).contains(&Target::Item(of));
            }
            let renamed: Vec<Use> =
                model.scopes[here].uses.iter().filter(|u| u.brings != Brings::All).cloned().collect();
            for declaration in renamed {
                visible = visible || self.resolve_use(model, here, &declaration).contains(&Target::Item(of));
            }
            // `as _` in a module from which all is imported.
            let globs: Vec<Use> =
                model.scopes[here].uses.iter().filter(|u| u.brings == Brings::All).cloned().collect();
            for declaration in globs {
                for module in self.resolve_use(model, here, &declaration) {
                    if let Target::Module(module) = module {
                        let inner: Vec<Use> = model.scopes[module]
                            .uses
                            .iter()
                            .filter(|u| u.brings != Brings::All)
                            .cloned()
                            .collect();
                        for declaration in inner {
                            visible = visible
                                || self.resolve_use(model, module, &declaration).contains(&Target::Item(of));
                        }
                    }
                }
            }
            at = if model.scopes[here].is_module { None } else { model.scopes[here].parent };
        }
        self.visible.insert((of, scope), visible);
        visible
    }
}

pub(crate) fn dedup(targets: &mut Vec<Target>) {
    let mut seen = HashSet::new();
    targets.retain(|target| seen.insert(target.clone()));
}

fn root(model: &Model, scope: ScopeId) -> ScopeId {
    model.crates[model.scopes[scope].krate].root
}

fn joined(model: &Model, path: &[Name]) -> Rc<str> {
    let names: Vec<&str> = path.iter().map(|name| model.names.text(*name)).collect();
    names.join("::").into()
}

/// The macros of a name, in one crate or in all.
pub(crate) fn macros_of(model: &Model, name: Name, krate: Option<usize>) -> Vec<ItemId> {
    let all = model.macros.get(&name).into_iter().flatten().copied();
    all.filter(|item| krate.is_none_or(|krate| model.scopes[model.items[*item].scope].krate == krate))
        .collect()
}

/// Whether an enum can have a variant of this name.
fn is_variant_of(model: &Model, item: ItemId, name: Name) -> bool {
    let of = &model.items[item];
    of.kind == ItemKind::Type && of.body.is_some_and(|(from, to)| model.source(item).mentions(from, to, name))
}

/// Whether a call of a macro can define this name: it is among its arguments or in the macro, or names are put together
/// there.
pub(crate) fn mentions(model: &Model, call: ItemId, name: Name) -> bool {
    let (from, to) = model.items[call].range;
    let source = model.source(call);
    if source.mentions(from, to, name) {
        return true;
    }
    let mut seen = HashSet::new();
    let mut waiting: Vec<ItemId> =
        model.items[call].name.map_or_else(Vec::new, |name| macros_of(model, name, None));
    while let Some(of) = waiting.pop() {
        if !seen.insert(of) {
            continue;
        }
        let (from, to) = model.items[of].range;
        let source = model.source(of);
        if source.mentions(from, to, name) {
            return true;
        }
        for at in from..to {
            if let (Some(called), true) = (source.word(at), source.is_punct(at + 1, b'!')) {
                waiting.extend(macros_of(model, called, None));
            }
        }
    }
    false
}

/// Whether a call of a macro can define names that are nowhere written.
pub(crate) fn invents_names(model: &Model, call: ItemId) -> bool {
    let definitions = model.items[call].name.map_or_else(Vec::new, |name| macros_of(model, name, None));
    let concatenates = |item: ItemId| {
        let (from, to) = model.items[item].range;
        let source = model.source(item);
        (from..to).any(|at| source.is_open(at, b'[') && source.is_punct(at + 1, b'<'))
    };
    definitions.is_empty() || concatenates(call) || definitions.into_iter().any(concatenates)
}

/// The names in a string that an attribute holds, as a path: `"module::function"`.
pub(crate) fn path_in_text(
    model: &mut Model,
    source: &crate::source::Source,
    at: usize,
) -> Option<Vec<Name>> {
    let text = literal::unescaped(source, at)?;
    let text = text.split('<').next().unwrap_or_default().trim_end_matches("::").to_owned();
    let is_name = |part: &str| {
        let mut letters = part.trim().chars();
        letters.next().is_some_and(|c| c == '_' || c.is_alphabetic())
            && letters.all(|c| c == '_' || c.is_alphanumeric())
    };
    if !text.split("::").all(is_name) {
        return None;
    }
    Some(text.split("::").map(|part| model.names.of(part.trim())).collect())
}
