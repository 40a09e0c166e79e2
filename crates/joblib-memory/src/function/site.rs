//! Where `#[cached]` describes a function once and for all.

use std::borrow::Cow;
use std::fmt;

use super::code::Code;
use super::options::CallOptions;
use crate::entry::metadata::lines;

/// What `#[cached]` knows of a function.
#[doc(hidden)]
#[derive(Debug)]
pub struct Site {
    /// What stands before the path of the function; empty where the crate is called as its package.
    pub package: &'static str,
    pub name: &'static str,
    /// The whole name, where the attribute says it.
    pub fixed: Option<&'static str>,
    /// How many names at the end of [`Known::path`] are not part of the function's parent path.
    pub depth: usize,
    pub file: &'static str,
    pub line: u32,
    /// All that counts as its code, in one.
    pub code: Code,
    pub source: &'static str,
    pub parts: Parts,
    /// Ends of the paths of types that have one name.
    pub ambiguous: &'static [&'static str],
    pub options: CallOptions,
}

/// What a function's code is made of.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct Parts {
    /// The function's own code.
    pub own: Code,
    /// What `depends` names, and what the compiler decided.
    pub depends: &'static [(&'static str, Code)],
    /// What the function reaches: a line each, of a digest, a tab, a name, a tab and a place.
    pub reached: &'static str,
}

/// One item that counts as a function's code: a function, a type, an implementation, an included file, an item that
/// `depends` names, or a condition or an environment variable of the compiler.
///
/// ```
/// use joblib_memory::CodeItem;
///
/// fn places(items: &[CodeItem]) -> Vec<&str> {
///     items.iter().map(CodeItem::place).collect()
/// }
/// assert!(places(&[]).is_empty());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeItem {
    name: &'static str,
    place: &'static str,
    digest: Cow<'static, str>,
}

impl CodeItem {
    /// Its kind and name, such as `fn weight`.
    pub fn name(&self) -> &str {
        self.name
    }

    /// Its file and line, such as `src/model.rs:12`; empty for items that are not in a file.
    pub fn place(&self) -> &str {
        self.place
    }

    /// A short digest of its own code.
    pub fn digest(&self) -> &str {
        &self.digest
    }
}

impl fmt::Display for CodeItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            "" => write!(f, "`{}`", self.name),
            place => write!(f, "`{}` ({place})", self.name),
        }
    }
}

impl Parts {
    /// What counts beside `depends`.
    pub(crate) fn items(&self) -> Vec<CodeItem> {
        let item = |(digest, name, place)| CodeItem { name, place, digest: Cow::Borrowed(digest) };
        lines(self.reached).map(item).collect()
    }

    /// All that counts.
    pub(crate) fn all(&self) -> Vec<CodeItem> {
        let depends = self.depends.iter().map(|(name, code)| {
            let digest = format!("{:016x}", (code.hash() >> 64) as u64);
            CodeItem { name, place: "", digest: Cow::Owned(digest) }
        });
        self.items().into_iter().chain(depends).collect()
    }
}

/// A function where it is called.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct Known {
    pub site: &'static Site,
    /// The name that the compiler has for a closure in the function or beside it: with the modules, functions, types and
    /// traits around it.
    pub path: &'static str,
}

impl Known {
    /// The whole name of the function.
    pub(crate) fn name(&self) -> String {
        match self.site.fixed {
            Some(name) => name.to_owned(),
            None => format!("{}{}::{}", self.site.package, self.parent_path(), self.site.name),
        }
    }

    /// The path of the module, function, type or trait that the function is defined in.
    pub(crate) fn parent_path(&self) -> &'static str {
        let mut path = self.path;
        while let Some(outer) = path.strip_suffix("::{{closure}}") {
            path = outer;
        }
        for _ in 0..self.site.depth {
            path = without_last(path);
        }
        path
    }
}

/// A path without its last name, whatever generic arguments the names have.
pub(super) fn without_last(path: &str) -> &str {
    let mut depth = 0usize;
    let bytes = path.as_bytes();
    for at in (1..bytes.len()).rev() {
        match bytes[at] {
            b'>' if bytes[at - 1] != b'-' => depth += 1,
            b'<' => depth = depth.saturating_sub(1),
            b':' if depth == 0 && bytes[at - 1] == b':' => return &path[..at - 1],
            _ => {}
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_name_of_a_path_may_have_arguments() {
        assert_eq!(without_last("a::b::f"), "a::b");
        assert_eq!(without_last("a::B<c::D>::f<e::F>"), "a::B<c::D>");
        assert_eq!(without_last("<a::B as c::D<e::F>>::f"), "<a::B as c::D<e::F>>");
        assert_eq!(without_last("a::B<fn(c::D) -> e::F>::g"), "a::B<fn(c::D) -> e::F>");
    }
}
