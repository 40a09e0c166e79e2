//! What the tokens of an item refer to.

mod brought;
mod parameters;
mod together;

use crate::map::Set;
use std::rc::Rc;

use crate::lexer::{Kind, Name};
use crate::meaning::{Found, Target, is_in_prelude};
use crate::model::{FileId, ItemKind, Model, Range, ScopeId};
use crate::parse::attributes::is_built_in;
use crate::parse::extent::{binds_lifetimes, skip_angles};
use crate::parse::imports::uses_in;
use crate::paths::path_at;
use crate::resolve::{Resolver, begins_at_root};
use crate::sight::macros_in_sight;
use crate::source::Source;
use crate::standard_macros::{hold_expressions, reads_no_file};
use crate::values::{Value, value_at};

pub(crate) use parameters::parameters;

/// All that an item refers to, in the order of its tokens.
#[derive(Debug, Default)]
pub(crate) struct References {
    pub(crate) found: Vec<(ScopeId, Found)>,
    /// Methods that are called, of whatever type, and the scope of the call.
    pub(crate) methods: Vec<(Name, ScopeId)>,
    /// Traits from elsewhere that bound a type: the caller may choose what implements them.
    pub(crate) bounds: Vec<Name>,
    /// What the compiler brings in.
    pub(crate) values: Vec<Value>,
    /// What else counts.
    pub(crate) asks: Asks,
}

/// What code asks for beside values and names.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Asks {
    /// The place of a token in its file, or the name of a module, has a meaning: `line!()`.
    pub(crate) by_place: bool,
    /// A procedural macro at hand reads files.
    pub(crate) reads: bool,
    /// Texts name files or folders that a macro reads.
    pub(crate) names_files: bool,
}

impl Asks {
    pub(crate) fn add(&mut self, other: Self) {
        self.by_place |= other.by_place;
        self.reads |= other.reads;
        self.names_files |= other.names_files;
    }
}

/// Where the tokens are, and in which scopes their names are looked up.
pub(crate) struct Reading<'a> {
    pub(crate) source: &'a Rc<Source>,
    pub(crate) file: FileId,
    /// The scopes for names; more than one where a macro is called at several places.
    pub(crate) scopes: Vec<ScopeId>,
    /// Blocks in the item, by file: their tokens have scopes of their own.
    pub(crate) blocks: Vec<(FileId, Range, ScopeId)>,
    /// The parameters of the function, and where they stand; none where something may take their names for something else.
    pub(crate) parameters: Vec<(Name, usize)>,
    /// Where the function's body begins, in which its parameters hide functions of the same name.
    pub(crate) body: usize,
    /// What `Self` stands for.
    pub(crate) this: Option<Vec<Target>>,
    /// Whether names in it may come from arguments of a macro.
    pub(crate) is_macro: bool,
    /// Whether it is a function of a procedural macro, whose strings may be code.
    pub(crate) writes_code: bool,
    /// Files in files: a circle of them ends.
    pub(crate) depth: usize,
}

/// In order.
const KEYWORDS: [&str; 35] = [
    "_", "as", "async", "await", "break", "const", "continue", "dyn", "else", "enum", "extern", "false",
    "fn", "for", "if", "impl", "in", "let", "loop", "match", "mod", "move", "mut", "pub", "ref", "return",
    "static", "struct", "trait", "true", "type", "unsafe", "use", "where", "while",
];

/// The state of one reading.
struct Reader<'r, 'a> {
    model: &'r mut Model,
    resolver: &'r mut Resolver,
    reading: &'r Reading<'a>,
    source: Rc<Source>,
    from: usize,
    to: usize,
    /// Where the attribute that is being read ends.
    attribute_end: usize,
    /// Where an attribute ends that is not one of the language.
    foreign_until: usize,
    /// Where the arguments of a macro end, which may do anything with them.
    arguments_end: usize,
    /// Where the name of an included file ends.
    named_until: usize,
    seen: Set<(ScopeId, Vec<Name>, bool)>,
    /// Names that were read as parts of a path.
    consumed: Set<usize>,
    out: References,
}

impl References {
    /// Reads the tokens of a range.
    pub(crate) fn read(
        model: &mut Model,
        resolver: &mut Resolver,
        reading: &Reading<'_>,
        (from, to): Range,
        skipped: &[Range],
    ) -> Self {
        let source = Rc::clone(reading.source);
        let mut reader = Reader {
            model,
            resolver,
            reading,
            source,
            from,
            to,
            attribute_end: from,
            foreign_until: from,
            arguments_end: if reading.is_macro { to } else { from },
            named_until: from,
            seen: Set::default(),
            consumed: Set::default(),
            out: Self::default(),
        };
        for at in from..to {
            if !skipped.iter().any(|(from, to)| (*from..*to).contains(&at)) {
                reader.token(at);
            }
        }
        reader.out
    }

    fn extend(&mut self, other: Self) {
        self.found.extend(other.found);
        self.methods.extend(other.methods);
        self.bounds.extend(other.bounds);
        self.values.extend(other.values);
        self.asks.add(other.asks);
    }
}

impl Reader<'_, '_> {
    fn token(&mut self, at: usize) {
        let source = Rc::clone(&self.source);
        if source.is_punct(at, b'#') {
            let open = if source.is_punct(at + 1, b'!') { at + 2 } else { at + 1 };
            if source.is_open(open, b'[') {
                self.attribute_end = self.attribute_end.max(source.pair(open));
                let name = path_at(&source, open + 1, self.to, |_| ());
                let last = name.and_then(|(path, _)| path.last().copied());
                let is_foreign = last.is_some_and(|name| !is_built_in(self.model.names.text(name)));
                if is_foreign {
                    self.foreign_until = self.foreign_until.max(source.pair(open));
                }
            }
        }
        if source.is_open(at, b'[') && source.is_punct(at + 1, b'<') && at < self.arguments_end {
            self.put_together(at);
        }
        if at >= self.named_until {
            let mut values = value_at(self.model, self.reading.file, &source, at, self.to);
            // A macro's files are beside its call.
            for file in self.files_of_calls(at) {
                let others = value_at(self.model, file, &source, at, self.to);
                values.extend(others.into_iter().filter(|value| matches!(value, Value::File(_))));
            }
            if values.iter().any(|value| matches!(value, Value::File(_))) {
                // The variables in a file's name say where it is, and nothing of what is in it.
                self.named_until = source.pair(at + 2);
            }
            self.out.values.extend(values);
        }
        match source.kind(at) {
            Kind::Text => self.text(at),
            Kind::Word(name) if !self.consumed.contains(&at) => self.word(at, name),
            _ => {}
        }
        if self.reading.writes_code && source.word(at).is_some() {
            self.asked_by_proc_macro(at);
        }
    }

    fn scopes(&self, at: usize) -> Vec<ScopeId> {
        let inner = self
            .reading
            .blocks
            .iter()
            .filter(|(file, (from, to), _)| *file == self.reading.file && (*from..*to).contains(&at))
            .max_by_key(|(_, (from, _), _)| *from);
        match (inner, &self.reading.scopes[..]) {
            // What a procedural macro writes is put where it is called, items in it too.
            (Some((.., scope)), [context, _, ..]) => vec![*context, *scope],
            (Some((.., scope)), _) => vec![*scope],
            (None, scopes) => scopes.to_vec(),
        }
    }

    fn method(&mut self, at: usize, name: Name) {
        for scope in self.scopes(at) {
            self.out.methods.push((name, scope));
        }
    }

    fn word(&mut self, at: usize, name: Name) {
        let source = Rc::clone(&self.source);
        let (from, to) = (self.from, self.to);
        let text = self.model.names.text(name).to_owned();
        if text == "use" && at < self.arguments_end {
            self.imports(at);
        }
        let is_keyword = KEYWORDS.binary_search(&&*text).is_ok() && !source.text_of(at).starts_with("r#");
        if is_keyword && !self.is_name_in_first_edition(at, &text) {
            return;
        }
        let in_arguments = at < self.arguments_end;
        if !in_arguments && self.is_declared(at) {
            return;
        }
        let after_dot = at > from
            && source.is_punct(at - 1, b'.')
            && !(at > from + 1 && source.is_pair(at - 2, b'.', b'.'));
        let after_path = at > from + 1 && source.is_pair(at - 2, b':', b':');
        let called = source.is_open(at + 1, b'(') || source.is_pair(at + 1, b':', b':');
        if after_dot {
            if called || in_arguments {
                self.method(at, name);
            }
            return;
        }
        let absolute = after_path
            && !(at > from + 2 && matches!(source.kind(at - 3), Kind::Word(_) | Kind::Punct(b'>')));
        if after_path && !absolute {
            self.out.asks.by_place |=
                text == "caller" || self.tells_place(&[name], source.is_punct(at + 1, b'!'));
            // Behind generic arguments, as in `<T as Trait>::name`: of whatever type. After `$crate` the macro's crate.
            self.method(at, name);
            return;
        }
        let (path, end) = path_at(&source, at, to, |at| {
            self.consumed.insert(at);
        })
        .unwrap_or_else(|| (vec![name], at + 1));
        if in_arguments {
            // The macro may put them behind another type, or call them as methods.
            path.iter().skip(usize::from(path.len() > 1)).for_each(|name| self.method(at, *name));
        }
        let of_macro_crate = text == "crate" && at > from && source.is_punct(at - 1, b'$');
        let is_macro = source.is_punct(end, b'!') && !source.is_punct(end + 1, b'=');
        if is_macro && !self.holds_expressions(name) {
            let group = end + 1;
            self.given(name, group);
        }
        if is_macro {
            self.standard_macro(at, &text, end + 1);
        }
        self.out.asks.by_place |= self.tells_place(&path, is_macro);
        let capital = text.chars().next().is_some_and(char::is_uppercase);
        let is_standard = is_in_prelude(&text) || (is_macro && path.len() == 1 && reads_no_file(&text));
        let may_be_written = (called || capital || is_macro || at < self.attribute_end) && !is_standard;
        let is_bound = at > from && self.is_bound(at);
        let mut scopes = self.scopes(at);
        if of_macro_crate {
            scopes.clone_from(&self.reading.scopes);
        }
        // A macro may take the name for something else than a value, and so may an attribute.
        let is_parameter = path.len() == 1
            && !(absolute || is_macro || in_arguments || of_macro_crate || at < self.attribute_end)
            && self.is_parameter(at, name);
        for scope in scopes {
            if !is_parameter && !self.seen.insert((scope, path.clone(), is_bound || in_arguments)) {
                continue;
            }
            let this = self.reading.this.as_deref();
            let mut found = self.resolver.path(self.model, scope, &path, absolute, this);
            if text == "super" && (in_arguments || self.reading.depth > 0) {
                self.out_of_modules(scope, &path, &mut found);
            }
            if is_parameter && !self.is_more_than_functions(&mut found) {
                continue;
            }
            if self.is_ours(at, &path) && found.is_elsewhere() {
                continue;
            }
            if is_macro && let Some(last) = path.last() {
                let here = macros_in_sight(self.model, scope, *last, path.len() == 1);
                found.targets.extend(here.into_iter().map(Target::Item));
            }
            self.elsewhere(&found, end, is_macro, is_bound);
            let is_self = path.len() == 1 && matches!(&*text, "self" | "Self" | "crate" | "super");
            if in_arguments && !is_self {
                // The macro may call what is in the module.
                let modules: Vec<ScopeId> = modules_of(&found);
                for module in modules {
                    found.targets.extend(self.resolver.everything(self.model, module));
                }
            }
            let unknown = self.is_unknown(scope, &found);
            if is_macro && self.leads_elsewhere(&found, path.last().copied()) {
                self.files_given(path.last().copied(), end + 1);
            }
            if unknown && may_be_written {
                // Macros, attributes or derives may have written it.
                let inventors = self.resolver.inventors_in_sight(self.model, scope);
                found.targets.extend(inventors.into_iter().map(Target::Item));
            }
            crate::meaning::dedup(&mut found.targets);
            self.out.found.push((scope, found));
        }
    }

    /// Whether a keyword of later editions is called as a function.
    fn is_name_in_first_edition(&self, at: usize, text: &str) -> bool {
        let scope = self.reading.scopes.first().copied();
        matches!(text, "async" | "await" | "dyn")
            && self.source.is_open(at + 1, b'(')
            && scope.is_some_and(|scope| begins_at_root(self.model, scope))
    }

    /// A macro may do anything with the tokens of a group.
    fn given(&mut self, name: Name, group: usize) {
        if matches!(self.source.kind(group), Kind::Open(_)) && group < self.to {
            let end = self.source.pair(group);
            self.arguments_end = self.arguments_end.max(end);
            self.macros_given(name, (group + 1, end));
        }
    }

    /// What a path that begins with `super` means in modules that a macro writes.
    fn out_of_modules(&mut self, scope: ScopeId, path: &[Name], found: &mut Found) {
        let outer = path.iter().take_while(|name| self.model.names.text(**name) == "super").count();
        for start in 1..=outer.min(path.len() - 1) {
            let inner = self.resolver.path(self.model, scope, &path[start..], false, None);
            found.targets.extend(inner.targets);
            found.members.extend(inner.members);
            found.of_any.extend(inner.of_any);
        }
    }

    /// What a macro of the standard library does, where one of this name is meant.
    fn standard_macro(&mut self, at: usize, name: &str, group: usize) {
        match name {
            "write" | "writeln" => {
                let called = self.model.names.of("write_fmt");
                self.method(at, called);
            }
            "include" => self.included(group),
            _ => {}
        }
    }

    /// Takes in what a path leads to that is not at hand.
    fn elsewhere(&mut self, found: &Found, end: usize, is_macro: bool, is_bound: bool) {
        for target in &found.targets {
            let Target::External(path) = target else { continue };
            self.under_another_name(path, end - 1, is_macro);
            if is_bound {
                let last = path.rsplit("::").next().unwrap_or(path);
                self.out.bounds.push(self.model.names.of(last));
            }
        }
    }

    /// Whether a path leads to nothing that is seen, or known to be in a crate from elsewhere.
    fn is_unknown(&self, scope: ScopeId, found: &Found) -> bool {
        found.targets.iter().all(|target| match target {
            Target::External(path) => !self.is_of_known_crate(scope, path),
            Target::Condition(_) => true,
            _ => false,
        })
    }

    /// Whether a name is that of a parameter: where that is declared, and in the body. In the types between it is not in scope.
    fn is_parameter(&self, at: usize, name: Name) -> bool {
        let is_meant = |(of, place): &(Name, usize)| *of == name && (*place == at || at >= self.reading.body);
        self.reading.parameters.iter().any(is_meant)
    }

    /// Removes functions, and returns whether the name leads to something else at hand.
    fn is_more_than_functions(&self, found: &mut Found) -> bool {
        let is_function = |target: &Target| matches!(target, Target::Item(item) if self.model.items[*item].kind == ItemKind::Function);
        found.targets.retain(|target| !is_function(target));
        !found.is_elsewhere()
    }

    /// Whether a macro of this name is one of the standard library that is given expressions and nothing else.
    fn holds_expressions(&self, name: Name) -> bool {
        hold_expressions(self.model.names.text(name)) && !self.model.macros.contains_key(&name)
    }

    /// Whether a path at `at` is that of an attribute which may be `#[cached]` or `#[tracked]`.
    fn is_ours(&self, at: usize, path: &[Name]) -> bool {
        let last = path.last().map_or("", |name| self.model.names.text(*name));
        at < self.attribute_end && matches!(last, "cached" | "tracked")
    }

    /// Whether a path begins with the name of a crate that the manifest names, or of the standard library: no macro writes
    /// what is in there.
    fn is_of_known_crate(&self, scope: ScopeId, path: &str) -> bool {
        let Some((first, rest)) = path.split_once("::") else { return false };
        let krate = &self.model.crates[self.model.scopes[scope].krate];
        rest != "*"
            && (matches!(first, "std" | "core" | "alloc")
                || self.model.names.find(first).is_some_and(|name| krate.dependencies.contains(&name)))
    }

    /// Whether the word at `at` is the name of what is declared there.
    fn is_declared(&self, at: usize) -> bool {
        const DECLARE: [&str; 9] =
            ["fn", "struct", "enum", "union", "trait", "type", "mod", "const", "static"];
        let word_at = |at: usize| self.source.word(at).map_or("", |name| self.model.names.text(name));
        let Some(before) = at.checked_sub(1).filter(|before| *before >= self.from) else { return false };
        // `*const Type` and `&raw const PLACE` name what is declared elsewhere.
        let is_pointer = before > self.from
            && word_at(before) == "const"
            && (self.source.is_punct(before - 1, b'*') || word_at(before - 1) == "raw");
        DECLARE.contains(&word_at(before)) && !is_pointer
    }

    /// Whether a path leads to what tells the place of code, or the path of a type.
    fn tells_place(&self, path: &[Name], is_macro: bool) -> bool {
        let text = |name: &Name| self.model.names.text(*name);
        let last = path.last().map_or("", text);
        match last {
            "line" | "column" | "file" | "module_path" => is_macro,
            "caller" => path.len() > 1,
            "type_name" | "type_name_of_val" => true,
            _ => false,
        }
    }

    /// Whether a path that begins at `at` may be the bound of a type: it stands behind `:`, `+`, `impl` or `dyn`, perhaps with
    /// `for<'a>` or a parenthesis in between.
    fn is_bound(&self, at: usize) -> bool {
        let source = &self.source;
        if at <= self.from {
            return false;
        }
        match source.kind(at - 1) {
            Kind::Punct(b':') => !(at > self.from + 1 && source.is_pair(at - 2, b':', b':')),
            Kind::Punct(b'+') => true,
            Kind::Open(b'(') => self.is_bound(at - 1),
            Kind::Punct(b'>') => {
                let binds = |at: &usize| binds_lifetimes(source, *at) && source.text_of(*at) == "for";
                let start =
                    (self.from..at - 1).rev().take_while(|at| !source.is_punct(*at, b';')).find(binds);
                start.is_some_and(|start| {
                    skip_angles(source, start + 1, self.to) == at && self.is_bound(start)
                })
            }
            Kind::Word(name) => match self.model.names.text(name) {
                "impl" => !self.is_head_of_impl(at),
                "dyn" => true,
                _ => false,
            },
            _ => false,
        }
    }

    /// Whether the path at `at`, which stands behind `impl`, is the trait of an implementation: `for` follows.
    fn is_head_of_impl(&self, at: usize) -> bool {
        let source = &self.source;
        let mut end = at + 1;
        while source.is_pair(end, b':', b':') && source.word(end + 2).is_some() {
            end += 3;
        }
        if source.is_punct(end, b'<') {
            end = skip_angles(source, end, self.to);
        }
        // The head may be all that is read.
        source.text_of(end) == "for" && !binds_lifetimes(source, end)
    }

    /// A declaration `use` among what a macro is given or makes.
    fn imports(&mut self, at: usize) {
        let source = Rc::clone(&self.source);
        let mut end = at + 1;
        while end < self.to && !source.is_punct(end, b';') {
            end = source.after(end);
        }
        for declaration in uses_in(self.model, &source, at, end.min(self.to)) {
            for scope in self.scopes(at) {
                let targets = self.resolver.resolve_use(self.model, scope, &declaration);
                let mut found = Found { targets, ..Found::default() };
                for module in modules_of(&found) {
                    found.targets.extend(self.resolver.everything(self.model, module));
                }
                self.out.found.push((scope, found));
            }
        }
    }
}

fn modules_of(found: &Found) -> Vec<ScopeId> {
    let module = |target: &Target| if let Target::Module(module) = target { Some(*module) } else { None };
    found.targets.iter().filter_map(module).collect()
}

#[cfg(test)]
mod tests {
    use super::KEYWORDS;

    #[test]
    fn keywords_are_in_the_order_in_which_they_are_looked_up() {
        assert!(KEYWORDS.is_sorted());
    }
}
