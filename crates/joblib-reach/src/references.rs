//! What the tokens of an item refer to.

use std::collections::HashSet;
use std::rc::Rc;

use crate::lexer::{Kind, Name};
use crate::model::{FileId, ItemId, ItemKind, Model, Range, ScopeId};
use crate::parse::skip_angles;
use crate::resolve::{Found, PRELUDE, Resolver, Target, invents_names, macros_of, path_in_text};
use crate::source::Source;
use crate::values::{Value, value_at};

/// All that an item refers to, in the order of its tokens.
#[derive(Debug, Default)]
pub(crate) struct References {
    pub(crate) found: Vec<(ScopeId, Found)>,
    /// Methods that are called, of whatever type, and the scope of the call.
    pub(crate) methods: Vec<(Name, ScopeId)>,
    /// What the compiler brings in.
    pub(crate) values: Vec<Value>,
    /// Whether the place of a token in its file has a meaning: `line!()`.
    pub(crate) by_place: bool,
}

/// Where the tokens are, and in which scopes their names are looked up.
pub(crate) struct Reading<'a> {
    pub(crate) source: &'a Rc<Source>,
    pub(crate) file: FileId,
    /// The scopes for names; more than one where a macro is called at several places.
    pub(crate) scopes: Vec<ScopeId>,
    /// Blocks in the item: their tokens have scopes of their own.
    pub(crate) blocks: Vec<(Range, ScopeId)>,
    /// What `Self` stands for.
    pub(crate) this: Option<Vec<Target>>,
    /// Whether names in it may come from arguments of a macro.
    pub(crate) is_macro: bool,
}

const KEYWORDS: [&str; 36] = [
    "as", "break", "const", "continue", "else", "enum", "extern", "false", "fn", "for", "if", "impl", "in",
    "let", "loop", "match", "mod", "move", "mut", "pub", "ref", "return", "static", "struct", "trait",
    "true", "type", "unsafe", "use", "where", "while", "async", "await", "dyn", "_", "derive",
];

impl References {
    /// Reads the tokens of a range.
    pub(crate) fn read(
        model: &mut Model,
        resolver: &mut Resolver,
        reading: &Reading<'_>,
        range: Range,
        skipped: &[Range],
    ) -> Self {
        let mut references = Self::default();
        let mut seen = HashSet::new();
        let source = Rc::clone(reading.source);
        let (from, to) = range;
        let mut attribute_end = from;
        let mut consumed: HashSet<usize> = HashSet::new();
        for at in from..to {
            if skipped.iter().any(|(from, to)| (*from..*to).contains(&at)) {
                continue;
            }
            if source.is_punct(at, b'#') {
                let open = if source.is_punct(at + 1, b'!') { at + 2 } else { at + 1 };
                if source.is_open(open, b'[') {
                    attribute_end = attribute_end.max(source.pair(open));
                }
            }
            references.values.extend(value_at(model, reading.file, &source, at, to));
            match source.kind(at) {
                Kind::Text => references.text(model, resolver, reading, &source, at, at < attribute_end),
                Kind::Word(name) if !consumed.contains(&at) => {
                    references.word(
                        model,
                        resolver,
                        reading,
                        &source,
                        (from, at, to),
                        name,
                        &mut seen,
                        &mut consumed,
                    );
                }
                _ => {}
            }
        }
        references
    }

    fn scopes(reading: &Reading<'_>, at: usize) -> Vec<ScopeId> {
        let inner = reading
            .blocks
            .iter()
            .filter(|((from, to), _)| (*from..*to).contains(&at))
            .max_by_key(|((from, _), _)| *from);
        inner.map_or_else(|| reading.scopes.clone(), |(_, scope)| vec![*scope])
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "the state of one loop, which would be a struct of borrows otherwise"
    )]
    fn word(
        &mut self,
        model: &mut Model,
        resolver: &mut Resolver,
        reading: &Reading<'_>,
        source: &Source,
        (from, at, to): (usize, usize, usize),
        name: Name,
        seen: &mut HashSet<(ScopeId, Vec<Name>)>,
        consumed: &mut HashSet<usize>,
    ) {
        let text = model.names.text(name);
        if KEYWORDS.contains(&text) && !source.text_of(at).starts_with("r#") {
            return;
        }
        let after_dot = at > from
            && source.is_punct(at - 1, b'.')
            && !(at > from + 1 && source.is_pair(at - 2, b'.', b'.'));
        let after_path = at > from + 1 && source.is_pair(at - 2, b':', b':');
        let called = source.is_open(at + 1, b'(') || source.is_pair(at + 1, b':', b':');
        if after_dot {
            if called || reading.is_macro {
                for scope in Self::scopes(reading, at) {
                    self.methods.push((name, scope));
                }
            }
            return;
        }
        self.by_place |= matches!(text, "line" | "column" | "file" | "module_path")
            && source.is_punct(at + 1, b'!')
            || text == "caller" && after_path;
        let absolute = after_path
            && !(at > from + 2 && matches!(source.kind(at - 3), Kind::Word(_) | Kind::Punct(b'>')));
        if after_path && !absolute {
            // Behind generic arguments, as in `<T as Trait>::name`: of whatever type. After `$crate` the macro's crate.
            for scope in Self::scopes(reading, at) {
                self.methods.push((name, scope));
            }
            return;
        }
        let mut path = vec![name];
        let mut end = at + 1;
        while source.is_pair(end, b':', b':') && end < to {
            if let Some(next) = source.word(end + 2) {
                path.push(next);
                consumed.insert(end + 2);
                end += 3;
            } else if source.is_punct(end + 2, b'<') {
                end = skip_angles(source, end + 2, to);
            } else {
                break;
            }
        }
        let of_macro_crate = text == "crate" && at > from && source.is_punct(at - 1, b'$');
        let is_macro = source.is_punct(end, b'!') && !source.is_punct(end + 1, b'=');
        let capital = text.chars().next().is_some_and(char::is_uppercase);
        let is_known = PRELUDE.contains(&text);
        let mut scopes = Self::scopes(reading, at);
        if of_macro_crate {
            scopes.clone_from(&reading.scopes);
        }
        for scope in scopes {
            if !seen.insert((scope, path.clone())) {
                continue;
            }
            let mut found = resolver.path(model, scope, &path, absolute, reading.this.as_deref());
            if is_macro && let Some(last) = path.last() {
                let here = macros_in_sight(model, scope, *last, path.len() == 1);
                found.targets.extend(here.into_iter().map(Target::Item));
                crate::resolve::dedup(&mut found.targets);
            }
            let unknown = found.targets.iter().all(|target| matches!(target, Target::External(_)));
            if unknown && !is_known && (called || capital || is_macro) {
                // Macros in this module may have made it.
                let module = model.module_of(scope);
                let mut here = Some(scope);
                while let Some(scope) = here {
                    for call in model.scopes[scope].calls.clone() {
                        if invents_names(model, call) {
                            found.targets.push(Target::Item(call));
                        }
                    }
                    here = if scope == module { None } else { model.scopes[scope].parent };
                }
            }
            self.found.push((scope, found));
        }
    }

    /// Names in a string: a path in an attribute, and what a format string takes from around it.
    fn text(
        &mut self,
        model: &mut Model,
        resolver: &mut Resolver,
        reading: &Reading<'_>,
        source: &Rc<Source>,
        at: usize,
        in_attribute: bool,
    ) {
        if in_attribute {
            let Some(path) = path_in_text(model, source, at) else { return };
            for scope in Self::scopes(reading, at) {
                let mut found = resolver.path(model, scope, &path, false, reading.this.as_deref());
                // `with = "module"`: functions in it are called.
                let modules: Vec<ScopeId> = found
                    .targets
                    .iter()
                    .filter_map(
                        |target| if let Target::Module(module) = target { Some(*module) } else { None },
                    )
                    .collect();
                for module in modules {
                    let items: Vec<ItemId> = model.scopes[module].items.values().flatten().copied().collect();
                    found.targets.extend(items.into_iter().map(Target::Item));
                    let uses = model.scopes[module].uses.clone();
                    for declaration in uses {
                        found.targets.extend(resolver.resolve_use(model, module, &declaration));
                    }
                }
                // Words such as "camelCase" are none.
                found.targets.retain(|target| !matches!(target, Target::External(_)));
                self.found.push((scope, found));
            }
            return;
        }
        let Some(content) = source.content(at) else { return };
        if !content.contains('{') {
            return;
        }
        let mut names: Vec<String> = Vec::new();
        for part in content.split('{').skip(1) {
            let inside = part.split('}').next().unwrap_or_default();
            let words = inside.split(|c: char| c != '_' && !c.is_alphanumeric());
            names.extend(words.filter(|word| !word.is_empty()).map(str::to_owned));
        }
        for name in names {
            let Some(name) = model.names.find(&name) else { continue };
            for scope in Self::scopes(reading, at) {
                let mut found = resolver.path(model, scope, &[name], false, None);
                found.targets.retain(|target| match target {
                    Target::Item(item) => model.items[*item].kind == ItemKind::Value,
                    _ => false,
                });
                if !found.targets.is_empty() {
                    self.found.push((scope, found));
                }
            }
        }
    }
}

/// The macros that a call can mean: those that are in sight by where they stand, else those of the name in the whole crate, or
/// for a path in all.
fn macros_in_sight(model: &Model, scope: ScopeId, name: Name, plain: bool) -> Vec<ItemId> {
    let krate = model.scopes[scope].krate;
    let all = macros_of(model, name, plain.then_some(krate));
    if !plain {
        return all;
    }
    // Textual scope reaches into the modules below.
    let mut around = vec![scope];
    while let Some(parent) = around.last().and_then(|scope| model.scopes[*scope].parent) {
        around.push(parent);
    }
    let is_near = |item: &ItemId| around.contains(&model.items[*item].scope);
    let is_open = |item: &ItemId| {
        // `#[macro_use]` on the module, or `#[macro_export]` on it, takes it further.
        let of = &model.items[*item];
        let source = model.source(*item);
        let exported = (of.attributes.0..of.attributes.1).any(|at| source.text_of(at) == "macro_export");
        let mut at = Some(of.scope);
        let mut taken = exported;
        while let Some(scope) = at {
            taken |= model.scopes[scope].attributes.iter().any(|(file, (from, to))| {
                let source = &model.files[*file].source;
                (*from..*to).any(|at| source.text_of(at) == "macro_use")
            });
            at = model.scopes[scope].parent;
        }
        taken
    };
    let near: Vec<ItemId> = all.iter().copied().filter(|item| is_near(item) || is_open(item)).collect();
    if near.is_empty() { all } else { near }
}
