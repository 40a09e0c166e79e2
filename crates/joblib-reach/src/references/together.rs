//! Names that macros put together.

use std::rc::Rc;

use super::Reader;
use crate::meaning::{Found, Target};

impl Reader<'_, '_> {
    /// `[<a b>]`: some macro makes a name that is nowhere written, which may be any that has a part of it.
    pub(super) fn put_together(&mut self, at: usize) {
        let source = Rc::clone(&self.source);
        let parts: Vec<String> = (at + 2..source.pair(at))
            .filter_map(|at| source.word(at))
            .map(|name| self.model.names.text(name).to_lowercase())
            .collect();
        self.named_like(at, &|name| {
            let name = name.to_lowercase();
            parts.is_empty() || parts.iter().any(|part| name.contains(part))
        });
    }

    /// What is in sight and may have been named so.
    pub(super) fn named_like(&mut self, at: usize, is_meant: &dyn Fn(&str) -> bool) {
        for mut scope in self.scopes(at) {
            loop {
                let mut found =
                    Found { targets: self.resolver.everything(self.model, scope), ..Found::default() };
                found.targets.retain(|target| match target {
                    Target::Item(item) => {
                        self.model.items[*item].name.is_some_and(|name| is_meant(self.model.names.text(name)))
                    }
                    _ => false,
                });
                self.out.found.push((scope, found));
                match self.model.scopes[scope].parent {
                    Some(parent) if !self.model.scopes[scope].is_module => scope = parent,
                    _ => break,
                }
            }
        }
    }
}
