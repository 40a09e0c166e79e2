//! Modules: between braces, in files, and those that a macro may declare.

use std::path::Path;

use super::extent::end_of_item;
use super::{Parser, Place, new_scope};
use crate::lexer::{Kind, Name};
use crate::macros::definitions;
use crate::model::{Item, ItemKind, Model, Range};
use crate::source::Source;

impl Parser<'_> {
    pub(super) fn module(&mut self, mut item: Item, at: usize, to: usize, place: &Place<'_>) -> usize {
        let source = place.source;
        let (end, body) = end_of_item(source, at, to, true);
        let Some(name) = source.word(at + 1) else { return end };
        let text = self.model.names.text(name).to_owned();
        let attributes = (place.file, item.attributes);
        let paths: Vec<String> = self.paths(source, item.attributes);
        let may_be_elsewhere = self.says(source, item.attributes, "cfg_attr");
        let conditional = item.conditional || may_be_elsewhere || self.guesses;
        item.kind = ItemKind::Module;
        item.range.1 = end;
        item.body = body;
        let scope =
            new_scope(self.model, self.krate, Some(place.scope), true, place.file, body.unwrap_or((0, 0)));
        let module = &mut self.model.scopes[scope];
        module.attributes.push(attributes);
        module.own_attributes.push(attributes);
        module.conditional = item.conditional || self.guesses;
        self.model.scopes[place.scope].modules.entry(name).or_default().push(scope);
        item.is_foreign = self.may_write_items(source, item.attributes);
        if !item.is_foreign && !self.guesses {
            self.model.scopes[scope].visibility = item.visibility;
        }
        if item.is_foreign {
            // An attribute of ours may change all that the module holds.
            self.model.scopes[scope].item = Some(self.model.items.len());
            self.model.scopes[place.scope].makers.push(self.model.items.len());
            self.model.push(item);
        }
        if let Some((from, to)) = body {
            let folder = place.folder.join(paths.first().map_or(text.as_str(), String::as_str));
            self.items(from, to, &place.of_scope(scope, folder));
            return end;
        }
        let module = self.model.module_of(place.scope);
        let here = if module == self.model.files[place.file].scope {
            self.model.files[place.file].path.parent().unwrap_or(Path::new("")).to_owned()
        } else {
            // In a module between braces, paths begin at its own folder.
            place.folder.clone()
        };
        let mut found = false;
        let mut reasons = Vec::new();
        for path in &paths {
            let path = here.join(path);
            let folder = path.parent().unwrap_or(Path::new("")).to_owned();
            match self.file(&path, scope, folder) {
                Ok(()) => found = true,
                Err(reason) => reasons.push(reason),
            }
        }
        let only_paths = !paths.is_empty() && found && !may_be_elsewhere;
        for (path, folder) in [
            (place.folder.join(format!("{text}.rs")), place.folder.join(&text)),
            (place.folder.join(&text).join("mod.rs"), place.folder.join(&text)),
        ] {
            if !only_paths && path.is_file() {
                match self.file(&path, scope, folder) {
                    Ok(()) => found = true,
                    Err(reason) => reasons.push(reason),
                }
            }
        }
        // A module that is not for this platform may have no file.
        if !found && !conditional {
            let reason = reasons
                .pop()
                .unwrap_or_else(|| format!("{}: the file of `mod {text}` is missing", here.display()));
            self.model.unread.push(reason);
        }
        end
    }

    /// What `#[path = "…"]` says, also under a condition.
    fn paths(&self, source: &Source, (from, to): Range) -> Vec<String> {
        (from..to)
            .filter(|at| self.word(source, *at) == "path" && source.is_punct(at + 1, b'='))
            .filter_map(|at| source.content(at + 2).map(str::to_owned))
            .collect()
    }

    /// Declares the modules that a call of a macro may declare: those in what it is given, and names for which there is a
    /// file.
    pub(super) fn modules_of_call(&mut self, name: Option<Name>, (from, to): Range, place: &Place<'_>) {
        let source = place.source;
        let before = std::mem::replace(&mut self.guesses, true);
        let mut at = from;
        while at < to {
            let declares = self.word(source, at) == "mod"
                && source.word(at + 1).is_some()
                && (source.is_punct(at + 2, b';') || source.is_open(at + 2, b'{'));
            if declares {
                at = self.item(before_attributes(source, from, at), to, place).max(at + 1);
            } else {
                at += 1;
            }
        }
        let mut texts: Vec<String> = Vec::new();
        let mut is_unknown = true;
        let mut writes_modules = false;
        let mut add = |source: &Source, names: &crate::lexer::Names, (from, to): Range| {
            for at in from..to {
                match source.word(at).map(|name| names.text(name)) {
                    Some("mod") => writes_modules = true,
                    Some(word) => texts.push(word.to_owned()),
                    None => {}
                }
            }
        };
        add(source, &self.model.names, (from, to));
        for definition in definitions(self.model, name) {
            is_unknown = false;
            add(&self.model.files[self.model.items[definition].file].source, &self.model.names, {
                self.model.items[definition].range
            });
        }
        texts.sort_unstable();
        texts.dedup();
        for text in texts {
            let wanted = writes_modules || is_unknown;
            let name = self.model.names.of(&text);
            let known = |model: &Model| model.scopes[place.scope].modules.contains_key(&name);
            for path in [place.folder.join(format!("{text}.rs")), place.folder.join(&text).join("mod.rs")] {
                if wanted && !known(self.model) && path.is_file() {
                    let scope =
                        new_scope(self.model, self.krate, Some(place.scope), true, place.file, (0, 0));
                    self.model.scopes[scope].conditional = true;
                    // A file that is not Rust code is not part of the crate.
                    if self.file(&path, scope, place.folder.join(&text)).is_ok() {
                        self.model.scopes[place.scope].modules.entry(name).or_default().push(scope);
                    }
                }
            }
        }
        self.guesses = before;
    }
}

/// Where the attributes and the visibility before the keyword at `at` begin.
fn before_attributes(source: &Source, from: usize, at: usize) -> usize {
    let mut start = at;
    if start > from && matches!(source.kind(start - 1), Kind::Close(b')')) {
        let open = source.pair(start - 1);
        if open > from && source.text_of(open - 1) == "pub" {
            start = open - 1;
        }
    } else if start > from && source.text_of(start - 1) == "pub" {
        start -= 1;
    }
    while start > from && matches!(source.kind(start - 1), Kind::Close(b']')) {
        let open = source.pair(start - 1);
        if open <= from || !source.is_punct(open - 1, b'#') {
            break;
        }
        start = open - 1;
    }
    start
}
