//! Divides tokens into items and scopes. Bodies are looked through for items in them, and for nothing else.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::lexer::{Kind, Name};
use crate::literal;
use crate::macros::definitions;
use crate::model::{Brings, CrateId, FileId, Item, ItemId, ItemKind, Model, Range, Scope, ScopeId, Use};
use crate::source::Source;

/// Reads a crate's root file and the files of its modules. The scope of the root.
pub(crate) fn parse_crate(model: &mut Model, krate: CrateId, root: &Path) -> Result<ScopeId, String> {
    let folder = root.parent().unwrap_or(Path::new("")).to_owned();
    let scope = new_scope(model, krate, None, true, 0, (0, 0));
    let mut parser = Parser { model, krate, depth: 0, guesses: false };
    parser.file(root, scope, folder)?;
    Ok(scope)
}

fn new_scope(
    model: &mut Model,
    krate: CrateId,
    parent: Option<ScopeId>,
    is_module: bool,
    file: FileId,
    range: Range,
) -> ScopeId {
    model.scopes.push(Scope {
        krate,
        parent,
        is_module,
        file,
        range,
        owner: None,
        items: HashMap::new(),
        modules: HashMap::new(),
        uses: Vec::new(),
        calls: Vec::new(),
        attributes: Vec::new(),
        item: None,
        makers: Vec::new(),
        conditional: false,
    });
    model.scopes.len() - 1
}

struct Parser<'m> {
    model: &'m mut Model,
    krate: CrateId,
    /// Files in files: a circle of them ends.
    depth: usize,
    /// Whether what is read may be no code: a file that is missing is none.
    guesses: bool,
}

/// Where items are being read.
struct Place<'s> {
    source: &'s Rc<Source>,
    file: FileId,
    scope: ScopeId,
    /// Where files of modules declared here are.
    folder: PathBuf,
    /// The trait or implementation that is being read.
    parent: Option<ItemId>,
}

impl Place<'_> {
    fn within(&self, parent: ItemId) -> Self {
        Self {
            source: self.source,
            file: self.file,
            scope: self.scope,
            folder: self.folder.clone(),
            parent: Some(parent),
        }
    }

    fn of_scope(&self, scope: ScopeId, folder: PathBuf) -> Self {
        Self { source: self.source, file: self.file, scope, folder, parent: None }
    }
}

impl Parser<'_> {
    /// Reads a file as (a part of) the module of a scope.
    fn file(&mut self, path: &Path, scope: ScopeId, folder: PathBuf) -> Result<(), String> {
        const DEEPEST: usize = 100;
        if self.depth > DEEPEST {
            return Err(format!("{}: files include each other without end", path.display()));
        }
        let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let source = Source::new(text, &mut self.model.names)
            .map_err(|error| format!("{}:{}: {}", path.display(), error.line, error.what))?;
        let source = Rc::new(source);
        let file = self.model.files.len();
        self.model.files.push(crate::model::File {
            path: path.to_owned(),
            source: Rc::clone(&source),
            scope,
        });
        let end = source.tokens.len();
        let module = &mut self.model.scopes[scope];
        if module.range == (0, 0) {
            module.file = file;
            module.range = (0, end);
        }
        self.depth += 1;
        self.items(0, end, &Place { source: &source, file, scope, folder, parent: None });
        self.depth -= 1;
        Ok(())
    }

    fn items(&mut self, mut at: usize, to: usize, place: &Place<'_>) {
        while at < to {
            at = self.item(at, to, place).max(at + 1);
        }
    }

    fn word<'a>(&'a self, source: &Source, at: usize) -> &'a str {
        source.word(at).map_or("", |name| self.model.names.text(name))
    }

    /// Reads the item that begins at `at`; the index behind it.
    #[expect(clippy::too_many_lines, reason = "one arm per keyword")]
    fn item(&mut self, at: usize, to: usize, place: &Place<'_>) -> usize {
        let source = place.source;
        let start = at;
        let mut at = at;
        while source.is_punct(at, b'#') && at < to {
            let inner = source.is_punct(at + 1, b'!');
            let open = if inner { at + 2 } else { at + 1 };
            if !source.is_open(open, b'[') {
                break;
            }
            let end = source.pair(open) + 1;
            if inner {
                self.model.scopes[place.scope].attributes.push((place.file, (at, end)));
                return end;
            }
            at = end;
        }
        if at >= to {
            return to;
        }
        let attributes = (start, at);
        let visible = at;
        if self.word(source, at) == "pub" {
            at += 1;
            if source.is_open(at, b'(')
                && matches!(self.word(source, at + 1), "crate" | "self" | "super" | "in")
            {
                at = source.after(at);
            }
        }
        let from = at;
        let mut item = Item {
            kind: ItemKind::Other,
            name: None,
            file: place.file,
            attributes,
            visible,
            range: (from, from),
            body: None,
            scope: place.scope,
            parent: place.parent,
            members: Vec::new(),
            blocks: Vec::new(),
            of_trait: None,
            of_type: None,
            conditional: self.says(source, attributes, "cfg"),
        };
        at = self.skip_qualifiers(source, at);
        let keyword = self.word(source, at).to_owned();
        match keyword.as_str() {
            "fn" => {
                item.kind = ItemKind::Function;
                item.name = source.word(at + 1);
                self.finish(item, at, to, true, place)
            }
            "struct" | "enum" | "union" => {
                item.kind = ItemKind::Type;
                item.name = source.word(at + 1);
                self.finish(item, at, to, true, place)
            }
            "trait" => {
                item.kind = ItemKind::Trait;
                item.name = source.word(at + 1);
                self.finish(item, at, to, true, place)
            }
            "impl" => {
                item.kind = ItemKind::Impl;
                self.finish(item, at, to, true, place)
            }
            "type" => {
                item.kind = ItemKind::Alias;
                item.name = source.word(at + 1);
                self.finish(item, at, to, false, place)
            }
            "const" | "static" => {
                let mutable = matches!(self.word(source, at + 1), "mut" | "ref");
                item.kind = ItemKind::Value;
                item.name = source.word(if mutable { at + 2 } else { at + 1 });
                self.finish(item, at, to, false, place)
            }
            "mod" => self.module(item, at, to, place),
            "use" => {
                let end = end_of_item(source, at, to, false).0;
                let mut uses = uses_in(self.model, source, at, end - 1);
                for of in &mut uses {
                    of.conditional = item.conditional;
                }
                self.model.scopes[place.scope].uses.extend(uses);
                self.note_conditions(&item, place);
                end
            }
            "extern" if self.word(source, at + 1) == "crate" => {
                let end = end_of_item(source, at, to, false).0;
                let renamed = self.word(source, at + 3) == "as";
                if let (Some(path), Some(name)) =
                    (source.word(at + 2), source.word(if renamed { at + 4 } else { at + 2 }))
                {
                    self.model.scopes[place.scope].uses.push(Use {
                        path: vec![path],
                        absolute: self.model.names.text(path) != "self",
                        brings: Brings::Name(name),
                        conditional: item.conditional,
                    });
                    if self.says(source, item.attributes, "macro_use") {
                        self.model.crates[self.krate].macro_use.push(path);
                    }
                }
                self.note_conditions(&item, place);
                end
            }
            "extern" => {
                let (end, body) = end_of_item(source, at, to, true);
                if let Some((from, to)) = body {
                    self.items(from, to, place);
                }
                self.note_conditions(&item, place);
                end
            }
            "macro_rules" | "macro" => {
                item.kind = ItemKind::Macro;
                item.name = source.word(if keyword == "macro" { at + 1 } else { at + 2 });
                self.finish(item, at, to, true, place)
            }
            "" => {
                // Not an item: a stray `;`, or what later editions bring.
                let end = if matches!(source.kind(at), Kind::Punct(_)) { at + 1 } else { source.after(at) };
                end.min(to)
            }
            _ => self.call(item, at, to, place),
        }
    }

    /// Whether a word stands in attributes.
    fn says(&self, source: &Source, (from, to): Range, word: &str) -> bool {
        (from..to).any(|at| self.word(source, at) == word)
    }

    /// Conditions on a declaration that is no item are those of its scope.
    fn note_conditions(&mut self, item: &Item, place: &Place<'_>) {
        if item.conditional {
            self.model.scopes[place.scope].attributes.push((place.file, item.attributes));
        }
    }

    fn skip_qualifiers(&self, source: &Source, mut at: usize) -> usize {
        loop {
            let next = self.word(source, at + 1);
            let skip = match self.word(source, at) {
                "unsafe" | "async" | "safe" | "gen" | "default" | "auto" => {
                    matches!(
                        next,
                        "fn" | "unsafe"
                            | "async"
                            | "extern"
                            | "impl"
                            | "trait"
                            | "const"
                            | "static"
                            | "type"
                            | "mod"
                            | "auto"
                    )
                }
                "const" => matches!(next, "fn" | "unsafe" | "async" | "extern" | "trait" | "impl"),
                "extern" => {
                    let text = source.kind(at + 1) == Kind::Text;
                    if text && self.word(source, at + 2) == "fn" {
                        return at + 2;
                    }
                    next == "fn"
                }
                _ => false,
            };
            if !skip {
                return at;
            }
            at += 1;
        }
    }

    /// Registers an item, and reads what is in it.
    fn finish(&mut self, mut item: Item, at: usize, to: usize, has_body: bool, place: &Place<'_>) -> usize {
        let source = place.source;
        let (end, body) = end_of_item(source, at, to, has_body);
        item.range.1 = end;
        item.body = body;
        let (kind, name, attributes) = (item.kind, item.name, item.attributes);
        if kind == ItemKind::Impl {
            self.head_of_impl(&mut item, at, body.map_or(end, |(from, _)| from - 1), source);
        }
        let id = self.add(item, place);
        if let (ItemKind::Function, Some(derive)) = (kind, self.derive_name(source, attributes)) {
            self.model.scopes[place.scope].items.entry(derive).or_default().push(id);
        }
        match (kind, body) {
            (ItemKind::Trait | ItemKind::Impl, Some((from, to))) => self.items(from, to, &place.within(id)),
            (ItemKind::Macro, _) => {
                if let Some(name) = name {
                    self.model.macros.entry(name).or_default().push(id);
                }
            }
            (ItemKind::Function | ItemKind::Value, _) => {
                let from = body.map_or(at, |(from, _)| from);
                self.block(from, body.map_or(end, |(_, to)| to), place.scope, id, body.is_some(), place);
            }
            _ => {}
        }
        end
    }

    fn add(&mut self, item: Item, place: &Place<'_>) -> ItemId {
        let id = self.model.items.len();
        match (place.parent, item.name) {
            (Some(parent), name) => {
                self.model.items[parent].members.push(id);
                if let (ItemKind::Trait, Some(name)) = (self.model.items[parent].kind, name) {
                    self.model.trait_members.entry(name).or_default().push(id);
                }
            }
            (None, Some(name)) if item.kind != ItemKind::Call => {
                self.model.scopes[place.scope].items.entry(name).or_default().push(id);
            }
            _ => {}
        }
        match item.kind {
            ItemKind::Impl => self.model.impls.push(id),
            ItemKind::Call => {
                self.model.calls.push(id);
                if place.parent.is_none() {
                    self.model.scopes[place.scope].calls.push(id);
                }
            }
            _ => {}
        }
        if item.kind != ItemKind::Call
            && item.parent.is_none()
            && self.may_write_items(place.source, item.attributes)
        {
            self.model.scopes[place.scope].makers.push(id);
        }
        self.model.items.push(item);
        id
    }

    /// Whether some attribute or derive is none of the language's, and so may write items of any name.
    fn may_write_items(&self, source: &Source, (from, to): Range) -> bool {
        let mut at = from;
        while at < to {
            let open = if source.is_punct(at + 1, b'!') { at + 2 } else { at + 1 };
            if !source.is_open(open, b'[') {
                return false;
            }
            let end = source.pair(open);
            let name = self.word(source, open + 1);
            let is_plain = match name {
                "derive" => (open + 3..end).all(|at| {
                    let word = self.word(source, at);
                    word.is_empty() || source.is_pair(at + 1, b':', b':') || DERIVES.contains(&word)
                }),
                "cfg_attr" => !self.says(source, (open, end), "derive"),
                _ => ATTRIBUTES.contains(&name),
            };
            if !is_plain {
                return true;
            }
            at = end + 1;
        }
        false
    }

    /// The trait and the type between `impl` and the body.
    fn head_of_impl(&self, item: &mut Item, at: usize, to: usize, source: &Source) {
        let mut at = at + 1;
        if source.is_punct(at, b'<') {
            at = skip_angles(source, at, to);
        }
        if matches!(self.word(source, at), "const") {
            at += 1;
        }
        let (mut angles, mut next) = (0usize, at);
        let (mut is_for, mut end) = (None, to);
        while next < to {
            match source.kind(next) {
                Kind::Punct(b'<') => angles += 1,
                Kind::Punct(b'>') if !source.is_pair(next - 1, b'-', b'>') => {
                    angles = angles.saturating_sub(1);
                }
                Kind::Word(_) if angles == 0 => match self.word(source, next) {
                    "for" if !source.is_punct(next + 1, b'<') && is_for.is_none() => is_for = Some(next),
                    "where" => {
                        end = next;
                        break;
                    }
                    _ => {}
                },
                _ => {}
            }
            next = source.after(next);
        }
        match is_for {
            Some(word) => {
                item.of_trait = Some((at, word));
                item.of_type = Some((word + 1, end));
            }
            None => item.of_type = Some((at, end)),
        }
    }

    /// The name in `#[proc_macro_derive(Name)]`.
    fn derive_name(&self, source: &Source, (from, to): Range) -> Option<Name> {
        (from..to)
            .find(|at| self.word(source, *at) == "proc_macro_derive" && source.is_open(at + 1, b'('))
            .and_then(|at| source.word(at + 2))
    }

    fn module(&mut self, mut item: Item, at: usize, to: usize, place: &Place<'_>) -> usize {
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
        self.model.scopes[scope].attributes.push(attributes);
        self.model.scopes[scope].conditional = item.conditional || self.guesses;
        self.model.scopes[place.scope].modules.entry(name).or_default().push(scope);
        if self.may_write_items(source, item.attributes) {
            // An attribute of ours may change all that the module holds.
            self.model.scopes[scope].item = Some(self.model.items.len());
            self.model.scopes[place.scope].makers.push(self.model.items.len());
            self.model.items.push(item);
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
}

/// What a declaration `use` brings; the word is at `at`.
pub(crate) fn uses_in(model: &Model, source: &Source, at: usize, to: usize) -> Vec<Use> {
    let absolute = source.is_pair(at + 1, b':', b':');
    let mut found = Vec::new();
    let tree = Tree { model };
    tree.uses(source, if absolute { at + 3 } else { at + 1 }, to, &mut Vec::new(), &mut found);
    let found = found.into_iter();
    found.map(|(path, brings)| Use { path, absolute, brings, conditional: false }).collect()
}

struct Tree<'m> {
    model: &'m Model,
}

impl Tree<'_> {
    fn uses(
        &self,
        source: &Source,
        at: usize,
        to: usize,
        prefix: &mut Vec<Name>,
        found: &mut Vec<(Vec<Name>, Brings)>,
    ) {
        let mut at = at;
        let depth = prefix.len();
        while at < to {
            match source.kind(at) {
                Kind::Word(name) if self.model.names.text(name) == "as" => {
                    let brings = match source.word(at + 1) {
                        Some(name) if self.model.names.text(name) != "_" => Brings::Name(name),
                        _ => Brings::Trait,
                    };
                    if let Some(last) = found.last_mut() {
                        last.1 = brings;
                    }
                    at += 2;
                }
                Kind::Word(name) => {
                    if source.is_pair(at + 1, b':', b':') {
                        prefix.push(name);
                        at += 3;
                        continue;
                    }
                    let is_self = self.model.names.text(name) == "self";
                    let mut path = prefix.clone();
                    let brings = if is_self { path.last().copied().unwrap_or(name) } else { name };
                    if !is_self || path.is_empty() {
                        path.push(name);
                    }
                    found.push((path, Brings::Name(brings)));
                    at += 1;
                }
                Kind::Punct(b'*') => {
                    found.push((prefix.clone(), Brings::All));
                    at += 1;
                }
                Kind::Open(b'{') => {
                    let end = source.pair(at);
                    self.uses(source, at + 1, end, prefix, found);
                    at = end + 1;
                }
                Kind::Punct(b',') => {
                    prefix.truncate(depth);
                    at += 1;
                }
                _ => at += 1,
            }
        }
        prefix.truncate(depth);
    }
}

impl Parser<'_> {
    /// A call of a macro where items stand; what else begins with a name is passed over.
    fn call(&mut self, mut item: Item, at: usize, to: usize, place: &Place<'_>) -> usize {
        let source = place.source;
        let mut bang = at + 1;
        while source.is_pair(bang, b':', b':') && source.word(bang + 2).is_some() {
            bang += 3;
        }
        if !source.is_punct(bang, b'!') {
            let end = end_of_item(source, at, to, true).0;
            item.range.1 = end;
            // Nobody knows what it defines, as with a macro.
            item.kind = ItemKind::Call;
            self.add(item, place);
            return end;
        }
        let group = bang + 1;
        let end = source.after(group).min(to);
        let after = if source.is_punct(end, b';') { end + 1 } else { end };
        item.range.1 = end;
        item.kind = ItemKind::Call;
        item.name = source.word(bang - 1);
        let is_include = self.word(source, bang - 1) == "include";
        self.note_conditions(&item, place);
        let name = item.name;
        self.add(item, place);
        self.modules_of_call(name, (group + 1, source.pair(group)), place);
        if is_include {
            let folder = self.model.files[place.file].path.parent().unwrap_or(Path::new("")).to_owned();
            let environment = self.model.crates[self.krate].environment();
            let path =
                literal::text_of(source, &self.model.names, &environment, group + 1, source.pair(group));
            if path.is_none() {
                self.model.crates[self.krate].is_opaque = true;
            }
            if let Some(path) = path {
                let path = folder.join(path);
                let folder = path.parent().unwrap_or(Path::new("")).to_owned();
                if let Err(reason) = self.file(&path, place.scope, folder)
                    && !self.guesses
                {
                    self.model.unread.push(reason);
                }
            }
        }
        after
    }

    /// Declares the modules that a call of a macro may declare: those in what it is given, and names for which there is a
    /// file.
    fn modules_of_call(&mut self, name: Option<Name>, (from, to): Range, place: &Place<'_>) {
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
                    // One that is no code is none of the crate's.
                    if self.file(&path, scope, place.folder.join(&text)).is_ok() {
                        self.model.scopes[place.scope].modules.entry(name).or_default().push(scope);
                    }
                }
            }
        }
        self.guesses = before;
    }

    /// Looks for items in a block and in the groups in it.
    fn block(
        &mut self,
        from: usize,
        to: usize,
        outer: ScopeId,
        owner: ItemId,
        braces: bool,
        place: &Place<'_>,
    ) {
        let source = place.source;
        let mut scope = outer;
        if braces {
            let mut at = from;
            let mut begins = true;
            while at < to {
                if begins && self.is_item(source, at) {
                    scope = new_scope(self.model, self.krate, Some(outer), false, place.file, (from, to));
                    self.model.scopes[scope].owner = Some(owner);
                    self.model.items[owner].blocks.push(scope);
                    break;
                }
                let after = source.after(at);
                begins = ends_statement(source, at);
                at = after;
            }
        }
        let mut at = from;
        let mut begins = braces;
        while at < to {
            if begins && scope != outer && self.is_item(source, at) {
                at = self.item(at, to, &place.of_scope(scope, place.folder.clone())).max(at + 1);
                continue;
            }
            let after = source.after(at);
            if let Kind::Open(delimiter) = source.kind(at) {
                // What a macro is given may be statements whatever is around it.
                let braces = delimiter == b'{' || (at > from && source.is_punct(at - 1, b'!'));
                self.block(at + 1, after - 1, scope, owner, braces, place);
            }
            begins = ends_statement(source, at);
            at = after;
        }
    }

    /// Whether an item begins here, its attributes apart.
    fn is_item(&self, source: &Source, at: usize) -> bool {
        if source.text_of(at).starts_with("r#") {
            return false;
        }
        let next = self.word(source, at + 1);
        match self.word(source, at) {
            "fn" | "struct" | "enum" | "trait" | "impl" | "mod" | "extern" | "pub" => true,
            "type" => !next.is_empty(),
            "use" => !source.is_punct(at + 1, b'<'),
            "macro_rules" => source.is_punct(at + 1, b'!'),
            "static" => !next.is_empty() && next != "move",
            "const" => {
                !next.is_empty() && next != "move" && !(next == "async" && self.word(source, at + 2) != "fn")
            }
            "unsafe" => matches!(next, "fn" | "impl" | "trait" | "extern"),
            "async" => matches!(next, "fn" | "unsafe"),
            "union" => !next.is_empty() && (source.is_open(at + 2, b'{') || source.is_punct(at + 2, b'<')),
            _ => {
                // Attributes go with the item behind them.
                source.is_punct(at, b'#')
                    && source.is_open(at + 1, b'[')
                    && self.is_item(source, source.pair(at + 1) + 1)
            }
        }
    }
}

/// Attributes of the language and of the tools, which write no items.
const ATTRIBUTES: [&str; 50] = [
    "allow",
    "warn",
    "deny",
    "forbid",
    "expect",
    "doc",
    "cfg",
    "cold",
    "inline",
    "must_use",
    "deprecated",
    "repr",
    "non_exhaustive",
    "path",
    "macro_use",
    "macro_export",
    "automatically_derived",
    "test",
    "ignore",
    "should_panic",
    "bench",
    "derive",
    "no_mangle",
    "export_name",
    "link_section",
    "link",
    "link_name",
    "used",
    "track_caller",
    "target_feature",
    "unsafe",
    "no_std",
    "no_main",
    "no_implicit_prelude",
    "recursion_limit",
    "type_length_limit",
    "global_allocator",
    "panic_handler",
    "proc_macro",
    "proc_macro_derive",
    "proc_macro_attribute",
    "rustfmt",
    "clippy",
    "diagnostic",
    "feature",
    "cached",
    "tracked",
    "serde",
    "default",
    "instruction_set",
];

/// Derives that write implementations and nothing else.
const DERIVES: [&str; 12] = [
    "Clone",
    "Copy",
    "Debug",
    "Default",
    "PartialEq",
    "Eq",
    "PartialOrd",
    "Ord",
    "Hash",
    "Serialize",
    "Deserialize",
    "Error",
];

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

/// Where an item ends: behind its braces, where it has any that are its body, or behind its semicolon.
fn end_of_item(source: &Source, at: usize, to: usize, has_body: bool) -> (usize, Option<Range>) {
    let mut angles = 0usize;
    let mut at = at;
    while at < to {
        match source.kind(at) {
            Kind::Punct(b';') => return (at + 1, None),
            Kind::Punct(b'<') => angles += 1,
            Kind::Punct(b'>')
                if !(at > 0
                    && (source.is_pair(at - 1, b'-', b'>') || source.is_pair(at - 1, b'=', b'>'))) =>
            {
                angles = angles.saturating_sub(1);
            }
            Kind::Open(b'{') if has_body && angles == 0 => {
                let close = source.pair(at);
                return (close + 1, Some((at + 1, close)));
            }
            _ => {}
        }
        at = source.after(at);
    }
    (to, None)
}

fn ends_statement(source: &Source, at: usize) -> bool {
    let attribute = source.is_open(at, b'[') && at > 0 && source.is_punct(at - 1, b'#');
    matches!(source.kind(at), Kind::Punct(b';') | Kind::Open(b'{')) || attribute
}

/// The index behind the `>` that closes the `<` at `at`.
pub(crate) fn skip_angles(source: &Source, at: usize, to: usize) -> usize {
    let (mut depth, mut at) = (0usize, at);
    while at < to {
        match source.kind(at) {
            Kind::Punct(b'<') => depth += 1,
            Kind::Punct(b'>') if !(at > 0 && source.is_pair(at - 1, b'-', b'>')) => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            Kind::Punct(b';') => return to,
            _ => {}
        }
        at = source.after(at);
    }
    to
}

/// Reads a function that stands in no file, as if it stood in a block of `scope`.
pub(crate) fn parse_detached(
    model: &mut Model,
    source: &Source,
    like: FileId,
    scope: ScopeId,
) -> Option<ItemId> {
    let krate = model.scopes[scope].krate;
    let file = model.files.len();
    let path = model.files[like].path.clone();
    let source = Rc::new(Source { text: source.text.clone(), tokens: source.tokens.clone() });
    let end = source.tokens.len();
    let block = new_scope(model, krate, Some(scope), false, file, (0, end));
    // No attribute is looked for in it.
    model.files.push(crate::model::File { path: path.join(""), source: Rc::clone(&source), scope: block });
    let first = model.items.len();
    let mut parser = Parser { model, krate, depth: 0, guesses: false };
    let place = Place { source: &source, file, scope: block, folder: PathBuf::new(), parent: None };
    parser.items(0, end, &place);
    (model.items.len() > first).then_some(first)
}
