//! What `depends(…)` names, where the sources tell without doubt. What stands under a condition, comes from a macro or is not at
//! hand is left to the compiler.

use std::collections::VecDeque;
use std::rc::Rc;

use crate::impls::Of;
use crate::lexer::Name;
use crate::locate::{Place, item_at};
use crate::map::Map;
use crate::meaning::Target;
use crate::model::{ItemId, ItemKind, Model, ScopeId};
use crate::paths::path_at;
use crate::reach::Knowledge;

/// What is wrong with a dependency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Misplaced {
    /// It is declared in a trait or in an implementation of one.
    OfTrait,
    /// It is there under these conditions, each of a `#[cfg]`.
    Conditional(Vec<String>),
    /// It depends on the item that names it. The names are those of the items in between, the dependency first.
    Circle(Vec<String>),
}

/// A path as it is written.
#[derive(Debug, Clone)]
struct Written {
    names: Vec<Name>,
    absolute: bool,
}

/// What a path means.
enum Meant {
    Item(ItemId),
    Conditional(ItemId),
    OfTrait,
    Unknown,
}

/// What is wrong with each of the paths in the `depends(…)` of the attribute at a place. Of the items of a circle only the one
/// that was read first is told of it.
pub(crate) fn misplaced(
    known: &mut Knowledge,
    place: &Place<'_>,
    paths: &[String],
) -> Vec<Option<Misplaced>> {
    let Some(start) = item_at(&known.model, place) else { return vec![None; paths.len()] };
    let each = paths.iter().map(|path| {
        let (absolute, path) = path.strip_prefix("::").map_or((false, &**path), |path| (true, path));
        let names = path.split("::").map(|name| known.model.names.of(name)).collect();
        match meant(known, start, &Written { names, absolute }) {
            Meant::OfTrait => Some(Misplaced::OfTrait),
            Meant::Item(item) => circle(known, start, item)
                .map(Misplaced::Circle)
                .or_else(|| conditions(&known.model, item).map(Misplaced::Conditional)),
            Meant::Conditional(item) => conditions(&known.model, item).map(Misplaced::Conditional),
            Meant::Unknown => None,
        }
    });
    each.collect()
}

/// The names of the items by which `first` depends on `start`, on the shortest way through items that were read later: every
/// circle has exactly one item for which there is such a way.
fn circle(known: &mut Knowledge, start: ItemId, first: ItemId) -> Option<Vec<String>> {
    let mut reached_from: Map<ItemId, Option<ItemId>> = Map::default();
    reached_from.insert(first, None);
    let mut waiting = VecDeque::from([first]);
    while let Some(item) = waiting.pop_front().filter(|item| *item > start) {
        for path in dependencies(&known.model, item) {
            let Meant::Item(next) = meant(known, item, &path) else { continue };
            if next == start {
                let way = std::iter::successors(Some(item), |item| reached_from[item]);
                let mut names: Vec<String> = way.map(|item| name(&known.model, item)).collect();
                names.reverse();
                return Some(names);
            }
            if next > start && !reached_from.contains_key(&next) {
                reached_from.insert(next, Some(item));
                waiting.push_back(next);
            }
        }
    }
    None
}

fn name(model: &Model, item: ItemId) -> String {
    model.items[item].name.map_or_else(String::new, |name| model.names.text(name).to_owned())
}

/// The paths in the `depends(…)` of an item's attributes.
fn dependencies(model: &Model, item: ItemId) -> Vec<Written> {
    let source = model.source(item);
    let is =
        |at: usize, names: &[&str]| source.word(at).is_some_and(|of| names.contains(&model.names.text(of)));
    let mut found = Vec::new();
    let (mut at, to) = model.items[item].attributes;
    while at < to && source.is_open(at + 1, b'[') {
        let end = source.pair(at + 1);
        let mut name = if source.is_pair(at + 2, b':', b':') { at + 4 } else { at + 2 };
        while source.is_pair(name + 1, b':', b':') {
            name += 3;
        }
        if is(name, &["cached", "tracked"]) && source.is_open(name + 1, b'(') {
            let options = name + 2..source.pair(name + 1);
            for option in options.filter(|at| is(*at, &["depends"]) && source.is_open(at + 1, b'(')) {
                let (mut from, to) = (option + 2, source.pair(option + 1));
                while from < to {
                    let absolute = source.is_pair(from, b':', b':');
                    let start = if absolute { from + 2 } else { from };
                    match path_at(source, start, to, |_| ()) {
                        Some((names, end)) => {
                            found.push(Written { names, absolute });
                            from = end;
                        }
                        None => from = source.after(from),
                    }
                }
            }
        }
        at = end + 1;
    }
    found
}

/// What a path in an attribute of an item means.
fn meant(known: &mut Knowledge, item: ItemId, path: &Written) -> Meant {
    let Knowledge { model, resolver, impls, .. } = known;
    let of = &model.items[item];
    let (scope, parent) = (of.scope, of.parent);
    let this = parent.filter(|parent| model.items[*parent].kind == ItemKind::Impl);
    let this = this.map(|parent| Rc::clone(&impls.of(model, resolver, parent)));
    let this = this.as_ref().map(|head| &head.this[..]);
    let found = resolver.path(model, scope, &path.names, path.absolute, this);
    match (&found.targets[..], &found.members[..]) {
        ([Target::Item(item)], []) => as_code(model, *item),
        (_, [(of, name)]) if !model.items[*of].conditional => match model.items[*of].kind {
            ItemKind::Trait => Meant::OfTrait,
            ItemKind::Type => member(known, *of, *name),
            _ => Meant::Unknown,
        },
        _ => Meant::Unknown,
    }
}

/// The member of a type.
fn member(known: &mut Knowledge, of: ItemId, name: Name) -> Meant {
    let Knowledge { model, resolver, impls, .. } = known;
    impls.index(model, resolver);
    let may_have_others = model.items[of].is_foreign
        || impls.with_item(of).iter().any(|item| model.items[*item].kind == ItemKind::Call);
    let (mut own, mut of_traits) = (Vec::new(), 0);
    for id in model.impls.clone() {
        let head = impls.of(model, resolver, id);
        if !head.this.contains(&Target::Item(of)) {
            continue;
        }
        let members = model.items[id].members.iter().copied();
        let named = members.filter(|member| model.items[*member].name == Some(name));
        match head.of_trait {
            Of::Inherent => own.extend(named),
            Of::Trait(_) | Of::External(_) => of_traits += named.count(),
        }
    }
    match own[..] {
        [item] => as_code(model, item),
        [] if of_traits > 0 && !may_have_others => Meant::OfTrait,
        _ => Meant::Unknown,
    }
}

/// An item, if it can be depended on.
fn as_code(model: &Model, item: ItemId) -> Meant {
    let of = &model.items[item];
    match of.kind {
        ItemKind::Function | ItemKind::Value if of.conditional => Meant::Conditional(item),
        ItemKind::Function | ItemKind::Value => Meant::Item(item),
        _ => Meant::Unknown,
    }
}

/// A scope and those around it.
fn scopes(model: &Model, scope: ScopeId) -> impl Iterator<Item = ScopeId> + '_ {
    std::iter::successors(Some(scope), |scope| model.scopes[*scope].parent)
}

/// The conditions under which an item is there, if all are in attributes that say nothing else.
fn conditions(model: &Model, item: ItemId) -> Option<Vec<String>> {
    let of = &model.items[item];
    let own = [Some(item), of.parent].into_iter().flatten();
    let own = own.map(|item| (model.items[item].file, model.items[item].attributes));
    let around = scopes(model, of.scope).flat_map(|scope| model.scopes[scope].own_attributes.iter().copied());
    let mut found = Vec::new();
    for (file, (mut at, to)) in own.chain(around) {
        let source = &model.files[file].source;
        while at < to {
            let open = if source.is_punct(at + 1, b'!') { at + 2 } else { at + 1 };
            if !source.is_open(open, b'[') {
                break;
            }
            let end = source.pair(open);
            match source.text_of(open + 1) {
                "cfg" if source.is_open(open + 2, b'(') => {
                    let inside = open + 3..source.pair(open + 2);
                    found.push(inside.map(|at| source.text_of(at)).collect::<Vec<_>>().join(" "));
                }
                "cfg_attr" => return None,
                _ => {}
            }
            at = end + 1;
        }
    }
    (!found.is_empty()).then_some(found)
}
