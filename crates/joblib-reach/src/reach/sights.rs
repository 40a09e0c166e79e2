//! What a name stands for that no path leads to: which traits are in sight where a member is asked for, and which
//! implementations of a trait there are.

use std::collections::BTreeSet;

use super::Walk;
use crate::hash::Digester;
use crate::model::ItemId;
use crate::resolve::traits::is_standard;

impl Walk<'_> {
    /// The traits in sight of each node that asks for a member which they have: others would be called without them.
    pub(super) fn count_traits_in_sight(&mut self) {
        let asked: BTreeSet<_> = std::mem::take(&mut self.asked).into_iter().collect();
        let mut sights: BTreeSet<(u32, String, Vec<u32>)> = BTreeSet::new();
        for (node, name, scope) in asked {
            let known = &mut *self.known;
            for (path, condition) in known.resolver.imported(&mut known.model, scope).iter() {
                if may_have(path, known.model.names.text(name)) {
                    let condition = condition.as_deref().unwrap_or_default();
                    sights.insert((node, format!("{path} {condition}"), Vec::new()));
                }
            }
            let known = &mut *self.known;
            let members = known.resolver.members_of_traits(&known.model, name);
            let parents = members.into_iter().filter_map(|member| self.known.model.items[member].parent);
            let (mut seen, mut conditions) = (Vec::new(), BTreeSet::new());
            for of in parents.collect::<Vec<_>>() {
                let known = &mut *self.known;
                if let Some(sight) = known.resolver.sight(&mut known.model, of, scope) {
                    seen.extend(self.numbers.get(&(of, None)).copied());
                    let number = self.numbers.get(&(of, None)).copied().unwrap_or_default();
                    conditions.extend(sight.iter().map(|condition| format!("{number} {condition}")));
                }
            }
            seen.sort_unstable();
            seen.dedup();
            if !seen.is_empty() {
                let conditions = conditions.into_iter().collect::<Vec<_>>().join(" ");
                let name = self.known.model.names.text(name);
                sights.insert((node, format!("{name} {conditions}"), seen));
            }
        }
        for (node, name, seen) in sights {
            self.digester.number(u128::from(node));
            self.digester.text(&name);
            for number in seen {
                self.digester.number(u128::from(number));
            }
        }
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
