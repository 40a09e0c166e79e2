//! Attributes that may write items of any name.

use super::Parser;
use crate::lexer::Name;
use crate::model::Range;
use crate::source::Source;

/// Attributes of the language and of the tools, which write no items.
const ATTRIBUTES: [&str; 51] = [
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
    "task",
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

/// Whether an attribute of this name is one of the language or of the tools.
pub(crate) fn is_built_in(name: &str) -> bool {
    ATTRIBUTES.contains(&name)
}

/// Whether attributes that begin with this name are those of a tool.
pub(crate) fn is_of_tool(name: &str) -> bool {
    matches!(name, "rustfmt" | "clippy" | "diagnostic" | "miri")
}

/// Whether attributes that begin with this name are those of this project.
fn is_ours(name: &str) -> bool {
    matches!(name, "joblib" | "joblib_macros")
}

impl Parser<'_> {
    /// The traits that attributes derive, also under a condition.
    pub(super) fn derived(&self, source: &Source, (from, to): Range) -> Vec<Name> {
        let mut found = Vec::new();
        for at in (from..to).filter(|at| self.word(source, *at) == "derive" && source.is_open(at + 1, b'(')) {
            let list = at + 2..source.pair(at + 1);
            found.extend(
                list.filter_map(|at| source.word(at).filter(|_| !source.is_pair(at + 1, b':', b':'))),
            );
        }
        found
    }

    /// Whether the attributes that a `cfg_attr` has behind its condition are built in and derive nothing.
    fn are_built_in(&self, source: &Source, open: usize) -> bool {
        let (mut at, close) = (open + 1, source.pair(open));
        let mut all = source.is_open(open, b'(');
        while at < close {
            if source.is_punct(at, b',') && at + 1 < close {
                let name = self.word(source, at + 1);
                all &= name != "derive" && ATTRIBUTES.contains(&name);
            }
            at = source.after(at);
        }
        all
    }

    /// Whether an attribute or a derive is not built in, and so may generate items of any name.
    pub(super) fn may_write_items(&self, source: &Source, (from, to): Range) -> bool {
        let mut at = from;
        while at < to {
            let open = if source.is_punct(at + 1, b'!') { at + 2 } else { at + 1 };
            if !source.is_open(open, b'[') {
                return false;
            }
            let end = source.pair(open);
            let name = self.word(source, open + 1);
            let is_plain = match name {
                // `rustfmt::skip`; another path is that of a macro in a crate of that name.
                _ if source.is_pair(open + 2, b':', b':') => is_of_tool(name) || is_ours(name),
                "derive" => (open + 3..end).all(|at| {
                    let word = self.word(source, at);
                    word.is_empty() || source.is_pair(at + 1, b':', b':') || DERIVES.contains(&word)
                }),
                "cfg_attr" => self.are_built_in(source, open + 2),
                _ => ATTRIBUTES.contains(&name),
            };
            if !is_plain {
                return true;
            }
            at = end + 1;
        }
        false
    }
}
