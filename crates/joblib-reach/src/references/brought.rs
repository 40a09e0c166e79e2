//! What is brought in from elsewhere: code in files and in strings, and files that macros read.

use std::rc::Rc;

use super::{Reader, Reading, References};
use crate::lexer::{Kind, Name};
use crate::literal;
use crate::macros::{definitions, leads_elsewhere};
use crate::meaning::{Found, Target};
use crate::model::{File, FileId, ItemKind, ScopeId};
use crate::named_files;
use crate::source::Source;
use crate::standard_macros::reads_no_file;
use crate::texts;
use crate::values::value_of;

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
            self.out.values.extend(found);
        }
    }

    /// What a path from elsewhere asks the compiler for, where the word at `at` is imported from there under another name.
    pub(super) fn under_another_name(&mut self, path: &str, at: usize, is_macro: bool) {
        let names: Vec<Name> = path.split("::").map(|name| self.model.names.of(name)).collect();
        self.out.by_place |= self.tells_place(&names, is_macro);
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
        let here = &self.model.files[self.reading.file];
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

    /// Reads all tokens of another source as if they stood here.
    fn inner(&mut self, source: &Rc<Source>, file: FileId, scopes: Vec<ScopeId>) {
        let reading = Reading {
            source,
            file,
            scopes,
            blocks: Vec::new(),
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
            self.out.values.extend(named_files::named(self.model, self.reading.file, &source, at, false));
        }
        if self.reading.writes_code
            && let Some(code) = texts::as_code(&source, at, &mut self.model.names)
        {
            self.inner(&code, self.reading.file, self.scopes(at));
        }
        for scope in self.scopes(at) {
            let found = if at < self.attribute_end {
                let this = self.reading.this.as_deref();
                texts::in_attribute(self.model, self.resolver, scope, this, (&source, at))
            } else {
                match source.content(at).filter(|content| content.contains('{')) {
                    Some(content) => texts::in_format(self.model, self.resolver, scope, content),
                    None => Vec::new(),
                }
            };
            self.out.found.extend(found.into_iter().map(|found| (scope, found)));
        }
    }
}
