//! What is brought in from elsewhere: code in files and in strings, and files that macros read.

use std::rc::Rc;

use super::{Reader, Reading, References};
use crate::lexer::{Kind, Name};
use crate::literal;
use crate::macros::{definitions, leads_elsewhere};
use crate::meaning::{Found, Target};
use crate::model::{File, FileId, ItemId, ItemKind, ScopeId};
use crate::named_files;
use crate::source::Source;
use crate::standard_macros::reads_no_file;
use crate::texts;
use crate::values::{Value, value_of};

impl Reader<'_, '_> {
    /// Whether a macro is from elsewhere, calls one that is, or is a procedural one: what it reads is not seen.
    pub(super) fn leads_elsewhere(&self, found: &Found, name: Option<Name>) -> bool {
        let mut macros = Vec::new();
        for target in &found.targets {
            let Target::Item(item) = target else { continue };
            let of = &self.model.items[*item];
            if self.model.crates[self.model.scopes[of.scope].krate].is_proc_macro {
                return true;
            }
            if of.kind == ItemKind::Macro {
                macros.extend(definitions(self.model, name));
            }
        }
        found.is_elsewhere() || leads_elsewhere(self.model, &macros, reads_no_file)
    }

    /// The files that a macro from elsewhere may read, whose arguments begin at `group`.
    pub(super) fn files_given(&mut self, name: Option<Name>, group: usize) {
        let name = name.map_or("", |name| self.model.names.text(name));
        let is_group = matches!(self.source.kind(group), Kind::Open(_)) && group < self.to;
        if is_group && !reads_no_file(name) {
            let range = (group + 1, self.source.pair(group));
            let found = named_files::given(self.model, self.reading.file, &self.source, range, name);
            self.files_named(found);
        }
    }

    /// What a procedural macro asks for by the name at `at`: where its tokens stand, or their text with the comments in it; or
    /// files.
    pub(super) fn asked_by_proc_macro(&mut self, at: usize) {
        let is_member = at > 0 && matches!(self.source.kind(at - 1), Kind::Punct(b'.' | b':'));
        match self.source.text_of(at) {
            "line" | "column" | "byte_range" | "source_text" => self.out.asks.by_place |= is_member,
            "read" | "read_to_string" | "read_dir" | "open" | "File" | "OpenOptions" | "Command" | "glob"
            | "WalkDir" => {
                self.out.asks.reads = true;
            }
            _ => {}
        }
    }

    /// Takes in files that a macro reads.
    fn files_named(&mut self, found: impl IntoIterator<Item = Value>) {
        let found = found.into_iter().collect::<Vec<_>>();
        self.out.asks.names_files |= !found.is_empty();
        self.out.values.extend(found);
    }

    /// What a path from elsewhere asks the compiler for, where the word at `at` is imported from there under another name.
    pub(super) fn under_another_name(&mut self, path: &str, at: usize, is_macro: bool) {
        let names: Vec<Name> = path.split("::").map(|name| self.model.names.of(name)).collect();
        self.out.asks.by_place |= self.tells_place(&names, is_macro);
        let last = path.rsplit("::").next().unwrap_or(path);
        let source = Rc::clone(&self.source);
        if !is_macro || source.text_of(at) == last {
            return;
        }
        self.out.values.extend(value_of(self.model, self.reading.file, &source, last, at, self.to));
        if last == "include" {
            self.included(at + 2);
        }
    }

    /// The code of a file in the place of an expression.
    pub(super) fn included(&mut self, group: usize) {
        const DEEPEST: usize = 20;
        let source = Rc::clone(&self.source);
        if !matches!(source.kind(group), Kind::Open(_)) || self.reading.depth > DEEPEST {
            return;
        }
        let files: Vec<FileId> =
            std::iter::once(self.reading.file).chain(self.files_of_calls(group)).collect();
        for file in files {
            self.included_beside(file, group);
        }
    }

    fn included_beside(&mut self, file: FileId, group: usize) {
        let source = Rc::clone(&self.source);
        let here = &self.model.files[file];
        let scope = here.scope;
        let folder = here.path.parent().map(std::path::Path::to_owned).unwrap_or_default();
        let environment = self.model.crates[self.model.scopes[scope].krate].environment();
        let path = literal::text_of(&source, &self.model.names, &environment, group + 1, source.pair(group));
        let Some(path) = path.map(|path| folder.join(path)) else { return };
        let known = self.model.files.iter().position(|file| file.path == path);
        let file = if let Some(file) = known {
            file
        } else {
            let Ok(text) = std::fs::read_to_string(&path) else { return };
            let Ok(source) = Source::new(text, &mut self.model.names) else { return };
            self.model.files.push(File { path, source: Rc::new(source), scope, items: Vec::new() });
            self.model.files.len() - 1
        };
        let source = Rc::clone(&self.model.files[file].source);
        self.inner(&source, file, self.scopes(group));
    }

    /// What a procedural macro puts names together from, as in `format_ident!("default_{}", field)`; or a variable that it
    /// reads.
    fn fragment(&mut self, at: usize, text: &str) {
        let parts = texts::parts_of_names(text);
        if !parts.is_empty() {
            self.named_like(at, &|name| parts.iter().any(|part| part.is_of(name)));
        }
        let is_part = |letter: char| letter == '_' || letter.is_ascii_uppercase() || letter.is_ascii_digit();
        if text.contains(|letter: char| letter.is_ascii_uppercase()) && text.chars().all(is_part) {
            self.out.values.push(Value::Variable(text.to_owned()));
        }
    }

    /// The files in which code stands that a macro made, where they are in other folders than the macro.
    pub(super) fn files_of_calls(&self, at: usize) -> Vec<FileId> {
        let folder = |file: FileId| self.model.files.get(file).and_then(|file| file.path.parent());
        let files = self.scopes(at).into_iter().map(|scope| self.model.scopes[scope].file);
        files.filter(|file| folder(*file) != folder(self.reading.file)).collect()
    }

    /// What a macro does with the names of other macros that it is given, and calls.
    pub(super) fn macros_given(&mut self, name: Name, (from, to): (usize, usize)) {
        let given: Vec<&str> = (from..to)
            .filter_map(|at| self.source.word(at).map(|name| self.model.names.text(name)))
            .filter(|name| tells_place(name) || brings_value(name))
            .collect();
        let calls_given = |item: &ItemId| {
            let (source, (from, to)) = (self.model.source(*item), self.model.items[*item].range);
            (from..to).any(|at| {
                source.is_punct(at, b'$') && source.word(at + 1).is_some() && source.is_punct(at + 2, b'!')
            })
        };
        if given.is_empty() || !definitions(self.model, Some(name)).iter().any(calls_given) {
            return;
        }
        self.out.asks.by_place |= given.iter().any(|name| tells_place(name));
        if given.iter().any(|name| brings_value(name)) {
            self.out.values.push(Value::Unknown);
        }
    }

    /// Reads all tokens of another source as if they stood here.
    fn inner(&mut self, source: &Rc<Source>, file: FileId, scopes: Vec<ScopeId>) {
        let reading = Reading {
            source,
            file,
            scopes,
            blocks: if file == self.reading.file { Vec::new() } else { self.reading.blocks.clone() },
            parameters: Vec::new(),
            body: 0,
            this: self.reading.this.clone(),
            is_macro: self.reading.is_macro,
            writes_code: false,
            depth: self.reading.depth + 1,
        };
        let range = (0, source.tokens.len());
        let inner = References::read(self.model, self.resolver, &reading, range, &[]);
        self.out.extend(inner);
    }

    pub(super) fn text(&mut self, at: usize) {
        let source = Rc::clone(&self.source);
        if self.reading.writes_code || at < self.foreign_until {
            let opens_folders = self.reading.writes_code;
            let mut found: Vec<Value> =
                named_files::named(self.model, self.reading.file, &source, at, opens_folders)
                    .into_iter()
                    .collect();
            if opens_folders {
                named_files::add_named_in(self.model, &mut found);
            }
            self.files_named(found);
        }
        if self.reading.writes_code
            && let Some(text) = literal::unescaped(&source, at)
        {
            self.fragment(at, &text);
        }
        if self.reading.writes_code
            && let Some(code) = texts::as_code(&source, at, &mut self.model.names)
        {
            self.inner(&code, self.reading.file, self.scopes(at));
        }
        let shown = literal::unescaped(&source, at);
        let shown = shown.as_deref().or(source.content(at)).filter(|content| content.contains('{'));
        for scope in self.scopes(at) {
            let found = if at < self.attribute_end {
                let this = self.reading.this.as_deref();
                texts::in_attribute(self.model, self.resolver, scope, this, (&source, at))
            } else {
                match shown {
                    Some(content) => texts::in_format(self.model, self.resolver, scope, content),
                    None => Vec::new(),
                }
            };
            self.out.found.extend(found.into_iter().map(|found| (scope, found)));
        }
    }
}

/// Whether a macro of the standard library tells where it is called.
fn tells_place(name: &str) -> bool {
    matches!(name, "line" | "column" | "file" | "module_path")
}

/// Whether a macro of the standard library brings in what is not in the code.
fn brings_value(name: &str) -> bool {
    matches!(name, "cfg" | "env" | "option_env" | "include" | "include_str" | "include_bytes")
}
