//! Declarations `use`.

use crate::lexer::{Kind, Name};
use crate::model::{Brings, Model, Use, Visibility};
use crate::source::Source;

/// What a declaration `use` brings; the word is at `at`.
pub(crate) fn uses_in(model: &Model, source: &Source, at: usize, to: usize) -> Vec<Use> {
    let absolute = source.is_pair(at + 1, b':', b':');
    let mut found = Vec::new();
    let tree = Tree { model };
    tree.uses(source, if absolute { at + 3 } else { at + 1 }, to, &mut Vec::new(), &mut found);
    let found = found.into_iter();
    let declaration = |(path, brings, is_module)| Use {
        path,
        absolute,
        brings,
        is_module,
        visibility: Visibility::Public,
        condition: None,
    };
    found.map(declaration).collect()
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
        found: &mut Vec<(Vec<Name>, Brings, bool)>,
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
                    found.push((path, Brings::Name(brings), is_self && !prefix.is_empty()));
                    at += 1;
                }
                Kind::Punct(b'*') => {
                    found.push((prefix.clone(), Brings::All, false));
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
