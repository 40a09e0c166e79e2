//! What a name stands for that no path leads to: which traits are in sight where a member is asked for, and which
//! implementations of a trait there are.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::Walk;
use crate::hash::Digester;
use crate::lexer::Name;
use crate::map::Map;
use crate::model::{ItemId, ScopeId};
use crate::resolve::traits::is_standard;

/// The traits in sight of a scope that have a member of one name.
#[derive(Debug)]
pub(super) struct InSight {
    /// The digest of what is imported from elsewhere and may be one.
    imported: Option<u128>,
    /// Those at hand, and the conditions under which they are in sight.
    traits: Vec<(ItemId, Rc<[Rc<str>]>)>,
}

impl Walk<'_> {
    /// The traits in sight of each node that asks for a member which they have: others would be called without them.
    pub(super) fn count_traits_in_sight(&mut self) {
        let asked = std::mem::take(&mut self.asked);
        let mut known: Map<(Name, ScopeId), Option<u128>> = Map::default();
        let mut sights: BTreeSet<(u32, u128)> = BTreeSet::new();
        for (node, name, scope) in asked {
            let sight = *known.entry((name, scope)).or_insert_with(|| self.traits_in_sight(name, scope));
            sights.extend(sight.map(|sight| (node, sight)));
        }
        for (node, sight) in sights {
            self.digester.number(u128::from(node));
            self.digester.number(sight);
        }
    }

    /// The digest of the traits in sight of a scope that have a member of this name. `None` if there are none.
    fn traits_in_sight(&mut self, name: Name, scope: ScopeId) -> Option<u128> {
        let in_sight = self.in_sight(name, scope);
        let (mut seen, mut conditions) = (BTreeSet::new(), BTreeSet::new());
        for (of, under) in &in_sight.traits {
            let number = self.numbers.get(&(*of, None)).copied();
            seen.extend(number);
            let number = number.unwrap_or_default();
            conditions.extend(under.iter().map(|condition| format!("{number} {condition}")));
        }
        if in_sight.imported.is_none() && seen.is_empty() {
            return None;
        }
        let mut digester = Digester::default();
        digester.number(in_sight.imported.unwrap_or_default());
        if !seen.is_empty() {
            digester.text(self.known.model.names.text(name));
        }
        for condition in &conditions {
            digester.text(condition);
        }
        for number in seen {
            digester.number(u128::from(number));
        }
        Some(digester.finish())
    }

    /// The same in every walk that knows as many items.
    fn in_sight(&mut self, name: Name, scope: ScopeId) -> Rc<InSight> {
        let known = &mut *self.known;
        if known.sights.0 != known.model.items.len() {
            known.sights = (known.model.items.len(), Map::default());
        }
        if let Some(in_sight) = known.sights.1.get(&(name, scope)) {
            return Rc::clone(in_sight);
        }
        let imported: BTreeSet<String> = known
            .resolver
            .imported(&mut known.model, scope)
            .iter()
            .filter(|(path, _)| may_have(path, known.model.names.text(name)))
            .map(|(path, condition)| format!("{path} {}", condition.as_deref().unwrap_or_default()))
            .collect();
        let imported = (!imported.is_empty()).then(|| {
            let mut digester = Digester::default();
            for import in &imported {
                digester.text(import);
            }
            digester.finish()
        });
        let members = known.resolver.members_of_traits(&known.model, name);
        let parents: BTreeSet<ItemId> =
            members.iter().filter_map(|member| known.model.items[*member].parent).collect();
        let mut traits = Vec::new();
        for of in parents {
            let sight = known.resolver.sight(&mut known.model, of, scope);
            traits.extend(sight.map(|conditions| (of, conditions)));
        }
        let in_sight = Rc::new(InSight { imported, traits });
        known.sights.1.insert((name, scope), Rc::clone(&in_sight));
        in_sight
    }

    /// Which implementations of traits there are, of what is reached and of what is not.
    pub(super) fn count_heads(&mut self) {
        let heads: Vec<ItemId> = std::mem::take(&mut self.heads).into_iter().collect();
        let mut digests = BTreeSet::new();
        for id in heads {
            let mut digester = Digester::default();
            digester.number(self.form(id));
            let known = &mut *self.known;
            let (scope, range) = (known.model.items[id].scope, known.model.items[id].range);
            let end = known.model.items[id].body.map_or(range.1, |(from, _)| from - 1);
            let named = known.resolver.named(&mut known.model, id, scope, (range.0, end));
            digester.number(self.context(scope));
            for item in named {
                match self.numbers.get(&(item, None)) {
                    Some(number) => digester.number(u128::from(*number)),
                    None => digester.number(self.form(item)),
                }
            }
            digests.insert(digester.finish());
        }
        for digest in digests {
            self.digester.number(digest);
        }
    }
}

/// Traits of the standard library that have to be imported, and their methods.
const STANDARD: [(&str, &[&str]); 14] = [
    (
        "Write",
        &["by_ref", "flush", "write", "write_all", "write_char", "write_fmt", "write_str", "write_vectored"],
    ),
    ("Read", &["by_ref", "bytes", "chain", "read", "read_exact", "read_to_end", "read_to_string", "take"]),
    ("BufRead", &["consume", "fill_buf", "lines", "read_line", "read_until", "split"]),
    ("Seek", &["rewind", "seek", "seek_relative", "stream_position"]),
    ("Borrow", &["borrow"]),
    ("BorrowMut", &["borrow_mut"]),
    ("Hash", &["hash"]),
    ("Hasher", &["finish", "write"]),
    ("BuildHasher", &["build_hasher", "hash_one"]),
    ("Any", &["type_id"]),
    ("Error", &["cause", "description", "source"]),
    ("RangeBounds", &["contains", "end_bound", "is_empty", "start_bound"]),
    ("FromStr", &["from_str"]),
    ("Deref", &["deref"]),
];

/// Those for formatting have one method each, of one name.
const FORMATS: [&str; 9] =
    ["Binary", "Debug", "Display", "LowerExp", "LowerHex", "Octal", "Pointer", "UpperExp", "UpperHex"];

/// Whether what is imported from elsewhere may be a trait with a method of this name.
fn may_have(path: &str, method: &str) -> bool {
    let last = path.rsplit("::").next().unwrap_or(path);
    if !is_standard(path) {
        return true;
    }
    let of = |name: &str| {
        STANDARD.iter().any(|(of, methods)| *of == name && methods.contains(&method))
            || (FORMATS.contains(&name) && method == "fmt")
            || (name == "Hasher" && method.starts_with("write_"))
    };
    if last == "*" {
        return STANDARD.iter().any(|(name, _)| of(name)) || method == "fmt";
    }
    // Many have one method, of the trait's name: those of operators, `IsTerminal`, `AsRawFd`.
    let mut letters =
        last.chars().filter(char::is_ascii_alphabetic).map(|letter| letter.to_ascii_lowercase());
    let is_named_so =
        method.bytes().filter(|byte| *byte != b'_').all(|byte| letters.next() == Some(byte as char))
            && letters.next().is_none();
    of(last) || is_named_so || last.ends_with("Ext")
}

#[cfg(test)]
mod tests {
    use super::may_have;

    #[test]
    fn imports_of_the_standard_library_may_bring_the_methods_of_their_traits_alone() {
        for (path, method) in [
            ("std::io::Write", "write_all"),
            ("std::fmt::Display", "fmt"),
            ("std::ops::AddAssign", "add_assign"),
            ("std::hash::Hasher", "write_i64"),
            ("std::io::IsTerminal", "is_terminal"),
            ("std::os::fd::AsRawFd", "as_raw_fd"),
            ("std::os::unix::fs::MetadataExt", "size"),
            ("std::io::*", "read"),
            ("itertools::Itertools", "sorted"),
        ] {
            assert!(may_have(path, method), "{path} {method}");
        }
        for (path, method) in [
            ("std::collections::HashMap", "insert"),
            ("std::io::Write", "read"),
            ("std::fmt::Display", "add"),
            ("std::ops::Add", "sub"),
            ("std::io::*", "insert"),
        ] {
            assert!(!may_have(path, method), "{path} {method}");
        }
    }
}
