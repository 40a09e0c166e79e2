//! What is told of what was reached, and what files and places add to its digest.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::hash::Digester;
use crate::impls::Of;
use crate::lexer::Kind;
use crate::literal;
use crate::model::{ItemId, ItemKind, Model, ScopeId};
use crate::named_files::files_below;
use crate::values::Value;

use super::{Reached, Walk, Walked};

/// Of more files, as in a folder of data, the size and the time count and not the content.
const MOST_READ: usize = 20_000;

impl Walk<'_> {
    pub(super) fn list(&mut self, item: ItemId, form: u128) {
        if !self.known.told.contains_key(&item) {
            let told = self.told(item);
            self.known.told.insert(item, told);
        }
        // The form is another one where the item's name does not count.
        let told = &self.known.told[&item];
        self.found.items.push(Reached { digest: form, ..told.clone() });
    }

    fn told(&self, item: ItemId) -> Reached {
        let model = &self.known.model;
        let of = &model.items[item];
        let source = model.source(item);
        let (from, to) = of.range;
        let end = match (of.kind, of.body) {
            (ItemKind::Impl, Some((body, _))) => body - 1,
            _ => to,
        };
        let words: Vec<&str> = (from..end)
            .map(|at| source.text_of(at))
            .take_while(|word| {
                of.kind == ItemKind::Impl || !matches!(*word, "(" | "{" | "<" | ":" | "=" | ";")
            })
            .take(12)
            .collect();
        let mut name =
            words.join(" ").replace(" : : ", "::").replace(" < ", "<").replace(" >", ">").replace("& ", "&");
        if of.kind == ItemKind::Macro || of.kind == ItemKind::Call {
            name = name.replace(" ! ", "! ").replace(" !", "!");
        }
        let owner = of.parent.map(|parent| &model.items[parent]).and_then(|parent| {
            let range = parent.of_type.unwrap_or((parent.range.0 + 1, parent.range.0 + 2));
            let source = model.source(item);
            (range.0..range.1).find_map(|at| source.word(at).map(|name| model.names.text(name).to_owned()))
        });
        if let (Some(owner), Some(own)) = (owner, of.name) {
            let own = model.names.text(own);
            name = name.replacen(own, &format!("{owner}::{own}"), 1);
        }
        let file = model.files[of.file].path.display().to_string();
        Reached { name, file: file.trim_end_matches('/').to_owned(), line: source.line(from), digest: 0 }
    }

    pub(super) fn finish(mut self) -> Walked {
        if self.found.values.contains(&Value::Unknown) {
            self.guess_values();
        }
        if self.asks.reads && !self.asks.names_files {
            // A name that is put together may be that of any.
            let data = self
                .files_at_hand()
                .into_iter()
                .filter(|path| path.extension().is_none_or(|extension| extension != "rs"));
            let data: Vec<Value> = data.map(Value::File).collect();
            self.found.values.extend(data);
        }
        self.count_heads();
        self.count_traits_in_sight();
        if self.drops() {
            self.count_tokens();
        }
        if self.asks.by_place {
            self.count_places();
        }
        let files: Vec<PathBuf> = self
            .found
            .values
            .iter()
            .flat_map(|value| match value {
                Value::File(path) => vec![path.clone()],
                Value::Folder(folder) => files_below(folder),
                _ => Vec::new(),
            })
            .collect();
        let folders = self.found.values.iter();
        let folders: Vec<PathBuf> = folders
            .filter_map(|value| if let Value::Folder(folder) = value { Some(folder.clone()) } else { None })
            .collect();
        let many = files.len() > MOST_READ;
        for path in files {
            // A name in a folder counts, and that of a file is in the code.
            for below in folders.iter().filter_map(|folder| path.strip_prefix(folder).ok()) {
                self.digester.text(&below.display().to_string());
            }
            let content = if many { stamp(&path) } else { self.file(&path) };
            self.digester.number(content.unwrap_or_default());
            self.found.items.push(Reached {
                name: format!("file {}", path.file_name().unwrap_or_default().display()),
                file: path.display().to_string(),
                line: 0,
                digest: content.unwrap_or_default(),
            });
        }
        self.found.digest = self.digester.finish();
        self.found
    }

    fn file(&mut self, path: &Path) -> Option<u128> {
        *self.known.files.entry(path.to_owned()).or_insert_with(|| {
            let content = std::fs::read(path).ok()?;
            let mut digester = Digester::default();
            digester.bytes(&content);
            Some(digester.finish())
        })
    }

    /// A macro's argument names a variable or a file: every text that could be one counts as one.
    fn guess_values(&mut self) {
        let items: Vec<ItemId> = self.numbers.keys().map(|(item, _)| *item).collect();
        let mut parts = BTreeSet::new();
        for item in items {
            let model = &self.known.model;
            let source = model.source(item);
            let folder =
                model.files[model.items[item].file].path.parent().map(Path::to_owned).unwrap_or_default();
            let (from, to) = model.items[item].range;
            for at in from..to {
                if source.kind(at) != Kind::Text {
                    continue;
                }
                let Some(text) = literal::unescaped(source, at) else { continue };
                let is_written_so = !text.is_empty()
                    && text
                        .bytes()
                        .all(|byte| byte == b'_' || byte.is_ascii_uppercase() || byte.is_ascii_digit());
                let may_be_asked = !text.is_empty() && !text.contains(['=', '\0']);
                let is_variable = is_written_so || (may_be_asked && std::env::var_os(&text).is_some());
                if is_variable {
                    self.found.values.insert(Value::Variable(text));
                } else if !text.is_empty() {
                    if folder.join(&text).is_file() {
                        self.found.values.insert(Value::File(folder.join(&text)));
                    }
                    parts.insert(text);
                }
            }
        }
        // The macro may put more before it, such as a folder's name.
        for file in self.files_at_hand() {
            let path = file.to_string_lossy();
            if parts.iter().any(|part| path.ends_with(part.as_str())) {
                self.found.values.insert(Value::File(file));
            }
        }
    }

    /// All files of the package and of what its build script wrote, but for what is built and hidden.
    fn files_at_hand(&self) -> Vec<PathBuf> {
        let model = &self.known.model;
        let folders: BTreeSet<PathBuf> = model
            .crates
            .iter()
            .map(|krate| krate.folder.clone())
            .chain(std::env::var_os("OUT_DIR").map(PathBuf::from))
            .collect();
        let files: BTreeSet<PathBuf> = folders.iter().flat_map(|folder| files_below(folder)).collect();
        files.into_iter().collect()
    }

    /// Whether what is reached does something where a value ends.
    fn drops(&mut self) -> bool {
        let known = &mut *self.known;
        self.numbers.keys().any(|(item, _)| {
            known.model.items[*item].kind == ItemKind::Impl && {
                let head = known.impls.of(&mut known.model, &mut known.resolver, *item);
                matches!(head.of_trait, Of::External(Some(name)) if known.model.names.text(name) == "Drop")
            }
        })
    }

    /// Braces around an expression, which the normal form leaves out, can decide where a value ends.
    fn count_tokens(&mut self) {
        let nodes: BTreeSet<(u32, ItemId)> =
            self.numbers.iter().map(|((item, _), number)| (*number, *item)).collect();
        for (_, item) in nodes {
            let tokens = self.tokens(item);
            self.digester.number(tokens);
        }
    }

    /// The digest of an item's own tokens as they are written.
    fn tokens(&mut self, item: ItemId) -> u128 {
        if let Some(known) = self.known.tokens.get(&item) {
            return *known;
        }
        let [_, _, (from, to)] = self.ranges(item);
        let source = self.known.model.source(item);
        let mut digester = Digester::default();
        for at in (from..to).filter(|at| source.kind(*at) != Kind::Punct(b',')) {
            digester.text(source.text_of(at));
        }
        let tokens = digester.finish();
        self.known.tokens.insert(item, tokens);
        tokens
    }

    /// Where tokens stand has a meaning: the layout of everything reached counts.
    fn count_places(&mut self) {
        let mut nodes: Vec<(u32, ItemId)> =
            self.numbers.iter().map(|((item, _), number)| (*number, *item)).collect();
        nodes.sort_unstable();
        for (_, item) in nodes {
            let place = self.place(item);
            self.digester.number(place);
        }
    }

    /// The digest of where an item stands and of its whole text.
    fn place(&mut self, item: ItemId) -> u128 {
        if let Some(known) = self.known.places.get(&item) {
            return *known;
        }
        let model = &self.known.model;
        let (source, of) = (model.source(item), &model.items[item]);
        let mut digester = Digester::default();
        digester.text(&model.files[of.file].path.display().to_string());
        for module in module_path(model, of.scope) {
            digester.text(&module);
        }
        if let Some(first) = source.tokens.get(of.attributes.0) {
            // Where its other tokens stand is in the text. Comments too: a procedural macro sees them.
            let start = first.start as usize;
            let end = source.tokens.get(of.range.1 - 1).map_or(start, |last| last.end as usize);
            let line_start = source.text[..start].rfind('\n').map_or(0, |at| at + 1);
            digester.number(u128::from(first.line) << 32 | (start - line_start) as u128);
            digester.text(source.text.get(start..end).unwrap_or_default());
        }
        let place = digester.finish();
        self.known.places.insert(item, place);
        place
    }
}

/// The names of the modules around a scope, the inner one first.
fn module_path(model: &Model, scope: ScopeId) -> Vec<String> {
    let mut path = Vec::new();
    let mut at = Some(scope);
    while let Some(scope) = at {
        at = model.scopes[scope].parent;
        let Some(parent) = at else { break };
        let named = model.scopes[parent].modules.iter().find(|(_, inner)| inner.contains(&scope));
        path.extend(named.map(|(name, _)| model.names.text(*name).to_owned()));
    }
    path
}

/// The size and the time of a file.
fn stamp(path: &Path) -> Option<u128> {
    let metadata = path.metadata().ok()?;
    let modified = metadata.modified().ok()?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    let mut digester = Digester::default();
    digester.number(metadata.len().into());
    digester.number(modified.as_nanos());
    Some(digester.finish())
}
