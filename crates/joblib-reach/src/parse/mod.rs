//! Divides tokens into items and scopes. Bodies are looked through for items in them, and for nothing else.

pub(crate) mod attributes;
mod blocks;
mod calls;
pub(crate) mod extent;
pub(crate) mod imports;
mod included;
mod modules;
mod qualifiers;

use crate::map::Map;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use self::extent::{binds_lifetimes, end_of_item, skip_angles};
use self::imports::uses_in;
use crate::lexer::{Kind, Name};
use crate::model::{
    Brings, CrateId, FileId, Item, ItemId, ItemKind, Model, Range, Scope, ScopeId, Use, Visibility,
};
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
        items: Map::default(),
        modules: Map::default(),
        uses: Vec::new(),
        calls: Vec::new(),
        attributes: Vec::new(),
        own_attributes: Vec::new(),
        visibility: Visibility::Public,
        item: None,
        makers: Vec::new(),
        conditional: false,
        maker: None,
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
    /// Reads a file, whose names are looked up in a scope.
    fn read(&mut self, path: &Path, scope: ScopeId) -> Result<(FileId, Rc<Source>), String> {
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
            items: Vec::new(),
        });
        Ok((file, source))
    }

    /// Reads a file as (a part of) the module of a scope.
    fn file(&mut self, path: &Path, scope: ScopeId, folder: PathBuf) -> Result<(), String> {
        let (file, source) = self.read(path, scope)?;
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
                let says_cfg = self.says(source, (at, end), "cfg");
                let scope = &mut self.model.scopes[place.scope];
                scope.attributes.push((place.file, (at, end)));
                scope.own_attributes.push((place.file, (at, end)));
                scope.conditional |= says_cfg;
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
            outer: (0, 0),
            visibility: self.visibility(source, (visible, from), place.scope),
            conditional: self.says(source, attributes, "cfg"),
            is_foreign: false,
        };
        at = self.skip_qualifiers(source, at);
        let keyword = self.word(source, at).to_owned();
        match keyword.as_str() {
            "fn" => {
                item.kind = ItemKind::Function;
                item.name = source.word(at + 1);
                self.finish(item, at, to, true, place)
            }
            "union" if source.is_punct(at + 1, b'!') => self.call(item, at, to, place),
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
                    of.visibility = item.visibility;
                    of.condition = self.condition(&item, source, &of.path);
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
                    let condition = self.condition(&item, source, &[path]);
                    self.model.scopes[place.scope].uses.push(Use {
                        path: vec![path],
                        absolute: self.model.names.text(path) != "self",
                        brings: Brings::Name(name),
                        is_module: true,
                        visibility: item.visibility,
                        condition,
                    });
                    if place.scope == self.model.crates[self.krate].root {
                        self.model.crates[self.krate].extern_names.insert(name, path);
                    }
                    if self.says(source, item.attributes, "macro_use") {
                        self.model.crates[self.krate].macro_use.push(path);
                    }
                }
                self.note_conditions(&item, place);
                end
            }
            "extern" => {
                let (end, body) = end_of_item(source, at, to, true);
                let first = self.model.items.len();
                if let Some((from, to)) = body {
                    self.items(from, to, place);
                }
                for inside in &mut self.model.items[first..] {
                    inside.outer = item.attributes;
                    inside.conditional |= item.conditional;
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
            (ItemKind::Function, Some((from, to))) => self.block(from, to, place.scope, id, true, place),
            _ => {}
        }
        // Blocks may stand wherever a constant does: in the length of an array, behind a variant, as a generic argument.
        let outside = match (kind, body) {
            (ItemKind::Macro, _) => at,
            (ItemKind::Trait | ItemKind::Impl | ItemKind::Function, Some((from, _))) => from - 1,
            _ => end,
        };
        match body.filter(|(from, _)| *from < outside) {
            // Fields and variants are no statements.
            Some((from, to)) => {
                self.block(at, from - 1, place.scope, id, false, place);
                self.block(from, to, place.scope, id, false, place);
            }
            None => self.block(at, outside, place.scope, id, false, place),
        }
        end
    }

    fn add(&mut self, mut item: Item, place: &Place<'_>) -> ItemId {
        let id = self.model.items.len();
        match (place.parent, item.name) {
            (Some(parent), name) => {
                self.model.items[parent].members.push(id);
                match (self.model.items[parent].kind, item.kind, name) {
                    (ItemKind::Trait, ItemKind::Call, _) => self.model.trait_calls.push(id),
                    (ItemKind::Trait, _, Some(name)) => {
                        self.model.trait_members.entry(name).or_default().push(id);
                    }
                    _ => {}
                }
            }
            (None, Some(name)) if item.kind != ItemKind::Call => {
                self.model.scopes[place.scope].items.entry(name).or_default().push(id);
            }
            _ => {}
        }
        match item.kind {
            ItemKind::Impl => self.model.impls.push(id),
            ItemKind::Type => {
                for name in self.derived(place.source, item.attributes) {
                    self.model.derived.entry(name).or_default().push(id);
                }
            }
            ItemKind::Call => {
                self.model.calls.push(id);
                if place.parent.is_none() {
                    self.model.scopes[place.scope].calls.push(id);
                }
            }
            _ => {}
        }
        item.is_foreign = self.may_write_items(place.source, item.attributes)
            || place.parent.is_some_and(|parent| self.model.items[parent].is_foreign);
        if item.is_foreign || self.guesses || item.kind == ItemKind::Macro {
            // An attribute or a macro may change that, and an import takes a macro further.
            item.visibility = Visibility::Public;
        }
        if item.kind != ItemKind::Call && item.parent.is_none() && item.is_foreign {
            self.model.scopes[place.scope].makers.push(id);
        }
        if item.is_foreign && matches!(item.kind, ItemKind::Function | ItemKind::Value) {
            self.model.attributed.push(id);
        }
        self.model.push(item);
        id
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
                    "for" if !binds_lifetimes(source, next) && is_for.is_none() => is_for = Some(next),
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
}

/// Reads a function that stands in no file, as if it stood in a block of `scope`. `maker` is the call of the macro that made it.
pub(crate) fn parse_detached(
    model: &mut Model,
    source: &Source,
    like: FileId,
    scope: ScopeId,
    maker: Option<ItemId>,
) -> Option<ItemId> {
    let krate = model.scopes[scope].krate;
    let file = model.files.len();
    let path = model.files[like].path.clone();
    let source = Rc::new(source.clone());
    let end = source.tokens.len();
    let block = new_scope(model, krate, Some(scope), false, file, (0, end));
    model.scopes[block].maker = maker;
    // No attribute is looked for in it.
    model.files.push(crate::model::File {
        path: path.join(""),
        source: Rc::clone(&source),
        scope: block,
        items: Vec::new(),
    });
    let first = model.items.len();
    let mut parser = Parser { model, krate, depth: 0, guesses: false };
    let place = Place { source: &source, file, scope: block, folder: PathBuf::new(), parent: None };
    parser.items(0, end, &place);
    (model.items.len() > first).then_some(first)
}
