//! What stands before an item: attributes, visibility, qualifiers.

use std::rc::Rc;

use super::{Parser, Place};
use crate::lexer::{Kind, Name};
use crate::model::{Item, Range, ScopeId, Visibility};
use crate::source::Source;

impl Parser<'_> {
    /// Whether a word stands in attributes.
    pub(super) fn says(&self, source: &Source, (from, to): Range, word: &str) -> bool {
        (from..to).any(|at| self.word(source, at) == word)
    }

    /// Conditions on a declaration that is not an item are those of its scope.
    pub(super) fn note_conditions(&mut self, item: &Item, place: &Place<'_>) {
        if item.conditional {
            self.model.scopes[place.scope].attributes.push((place.file, item.attributes));
        }
    }

    pub(super) fn skip_qualifiers(&self, source: &Source, mut at: usize) -> usize {
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

    /// The visibility that stands in a range, if any does.
    pub(super) fn visibility(&self, source: &Source, (from, to): Range, scope: ScopeId) -> Visibility {
        if from == to {
            return Visibility::Private;
        }
        match (to - from, self.word(source, from + 2)) {
            (4, "crate") => Visibility::Crate,
            (4, "super") => Visibility::Super,
            (4, "self") => Visibility::Private,
            (5.., "in") => {
                let path = (from + 3..to - 1).filter_map(|at| source.word(at));
                self.module_at(path, scope).map_or(Visibility::Public, Visibility::In)
            }
            _ => Visibility::Public,
        }
    }

    /// The module around a scope that a path names.
    fn module_at(&self, path: impl Iterator<Item = Name>, scope: ScopeId) -> Option<ScopeId> {
        let mut at = self.model.module_of(scope);
        for name in path {
            at = match self.model.names.text(name) {
                "crate" => self.model.crates[self.krate].root,
                "self" => at,
                "super" => self.model.module_of(self.model.scopes[at].parent?),
                _ => match self.model.scopes[at].modules.get(&name)?[..] {
                    [module] => module,
                    _ => return None,
                },
            };
        }
        Some(at)
    }

    /// The condition that a declaration `use` of this path is under.
    pub(super) fn condition(&self, item: &Item, source: &Source, path: &[Name]) -> Option<Rc<str>> {
        let (from, to) = item.attributes;
        let attributes = (from..to).map(|at| source.text_of(at));
        let path = path.iter().map(|name| self.model.names.text(*name));
        item.conditional.then(|| attributes.chain(path).collect::<Vec<_>>().join(" ").into())
    }
}
