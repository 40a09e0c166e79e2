//! Which file of a crate imports which, read off the text: `use crate::…`, `use super::…` and paths that are written out.
//!
//! A name that a module re-exports counts as an import of the file that it comes from, so that a re-export neither hides
//! an import nor makes one. Declarations of modules, re-exports and the tests at the end of a file are not imports.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::run::Result;

/// For each file, as its module path (`call::read`), those that it imports. The crate's root is not among them.
pub(crate) type Graph = BTreeMap<String, BTreeSet<String>>;

/// A path as it is written or as it is known, by its names.
type Names = Vec<String>;

/// What a file says: the paths that it uses, and those that it re-exports.
#[derive(Debug, Default, PartialEq)]
struct Paths {
    used: Vec<Names>,
    exported: Vec<Names>,
}

/// The graph of a crate, from its `src` folder.
pub(crate) fn graph(source: &Path) -> Result<Graph> {
    let mut files = BTreeMap::new();
    read(source, &[], &mut files)?;
    Ok(link(&files))
}

/// Adds the files of a folder, by their module paths.
fn read(folder: &Path, module: &[String], files: &mut BTreeMap<Names, Paths>) -> Result {
    let error = |e| format!("cannot read {}: {e}", folder.display());
    for entry in fs::read_dir(folder).map_err(error)? {
        let path = entry.map_err(error)?.path();
        let Some(stem) = path.file_stem().and_then(|stem| stem.to_str()) else { continue };
        let inner: Names = match stem {
            "lib" | "main" | "mod" => module.to_vec(),
            name => module.iter().cloned().chain([name.to_owned()]).collect(),
        };
        if path.is_dir() {
            read(&path, &inner, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text =
                fs::read_to_string(&path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
            files.insert(inner, paths(&text));
        }
    }
    Ok(())
}

/// Which file imports which, from what each says.
fn link(files: &BTreeMap<Names, Paths>) -> Graph {
    let mut exports = BTreeMap::new();
    for (module, paths) in files {
        for path in &paths.exported {
            if let Some(path) = absolute(files, module, path) {
                let name = path.last().cloned().unwrap_or_default();
                exports.insert(module.iter().cloned().chain([name]).collect::<Names>(), path);
            }
        }
    }
    let mut graph = Graph::new();
    for (module, paths) in files.iter().filter(|(module, _)| !module.is_empty()) {
        let targets = paths.used.iter().filter_map(|path| absolute(files, module, path));
        let targets = targets.filter_map(|path| target(files, &exports, &path));
        let imported = targets.filter(|target| target != module && !target.is_empty());
        graph.insert(module.join("::"), imported.map(|target| target.join("::")).collect());
    }
    graph
}

/// A path from the crate's root, or `None` if it leads to another crate.
fn absolute(files: &BTreeMap<Names, Paths>, module: &[String], path: &[String]) -> Option<Names> {
    let mut base = module.to_vec();
    let mut rest = path;
    match rest.first()?.as_str() {
        "crate" => (base, rest) = (Vec::new(), &rest[1..]),
        "self" => rest = &rest[1..],
        "super" => {
            while rest.first().is_some_and(|name| name == "super") {
                base.pop();
                rest = &rest[1..];
            }
        }
        first => {
            let child: Names = base.iter().cloned().chain([first.to_owned()]).collect();
            files.get(&child)?;
        }
    }
    base.extend_from_slice(rest);
    Some(base)
}

/// The file that a path leads to: the longest part of it that is a file, or where that file has its next name from.
fn target(
    files: &BTreeMap<Names, Paths>,
    exports: &BTreeMap<Names, Names>,
    path: &[String],
) -> Option<Names> {
    let mut path = path.to_vec();
    // As many steps as there are re-exports: two that lead to each other end.
    for _ in 0..=exports.len() {
        let length = (0..=path.len()).rev().find(|&length| files.contains_key(&path[..length]))?;
        match path.get(..length + 1).and_then(|name| exports.get(name)) {
            Some(source) => path.clone_from(source),
            None => return Some(path[..length].to_vec()),
        }
    }
    None
}

/// The paths of a source file.
fn paths(source: &str) -> Paths {
    let tokens = tokens(source);
    let mut paths = Paths::default();
    let mut at = 0;
    while at < tokens.len() {
        if tokens[at..].starts_with(&["#", "[", "cfg", "(", "test", ")", "]", "mod"]) {
            break;
        }
        match tokens[at] {
            "use" => {
                let end =
                    tokens[at..].iter().position(|token| *token == ";").map_or(tokens.len(), |i| at + i);
                let exported = at > 0 && matches!(tokens[at - 1], "pub" | ")");
                let into = if exported { &mut paths.exported } else { &mut paths.used };
                expand(&tokens[at + 1..end], &[], into);
                at = end;
            }
            // `pub(in crate::…)` says who may import.
            "crate" | "super"
                if tokens.get(at + 1) == Some(&"::")
                    && (at == 0 || !matches!(tokens[at - 1], "::" | "in")) =>
            {
                let mut path = vec![tokens[at].to_owned()];
                while tokens.get(at + 1) == Some(&"::")
                    && tokens.get(at + 2).is_some_and(|name| is_name(name))
                {
                    path.push(tokens[at + 2].to_owned());
                    at += 2;
                }
                paths.used.push(path);
            }
            _ => {}
        }
        at += 1;
    }
    paths
}

/// The single paths of a tree: `a::{b, c::{d, e}}` is `a::b`, `a::c::d` and `a::c::e`.
fn expand(tree: &[&str], prefix: &[String], into: &mut Vec<Names>) {
    let mut path = prefix.to_vec();
    for (at, token) in tree.iter().enumerate() {
        match *token {
            "::" => {}
            "{" => {
                let inner = &tree[at + 1..tree.len().saturating_sub(1)];
                let mut depth = 0;
                for branch in inner.split(|token| {
                    depth += i32::from(*token == "{") - i32::from(*token == "}");
                    depth == 0 && *token == ","
                }) {
                    expand(branch, &path, into);
                }
                return;
            }
            "as" | "*" => break,
            // The module itself, in braces.
            "self" if !path.is_empty() => {}
            name => path.push(name.to_owned()),
        }
    }
    if path.len() > prefix.len() || tree.first() == Some(&"self") {
        into.push(path);
    }
}

fn is_name(token: &str) -> bool {
    token.starts_with(|letter: char| letter.is_alphabetic() || letter == '_')
}

/// Names, `::` and single signs; no comments, and no texts, characters or lifetimes.
fn tokens(source: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = source;
    while let Some(letter) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            comment_len(rest)
        } else if let Some(length) = text_len(rest) {
            length
        } else if rest.starts_with("::") {
            tokens.push("::");
            2
        } else if letter.is_alphanumeric() || letter == '_' {
            let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
            tokens.push(&rest[..end]);
            end
        } else {
            if !letter.is_whitespace() {
                tokens.push(&rest[..letter.len_utf8()]);
            }
            letter.len_utf8()
        };
        rest = &rest[length..];
    }
    tokens
}

/// The length of a comment between signs; they nest.
fn comment_len(rest: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < rest.len() {
        let bytes = &rest.as_bytes()[at..];
        if bytes.starts_with(b"/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if bytes.starts_with(b"*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}

/// The length of a text, a character or a lifetime, if one begins here.
fn text_len(rest: &str) -> Option<usize> {
    let plain = rest.trim_start_matches(['b', 'c']);
    let prefix = rest.len() - plain.len();
    if let Some(raw) = plain.strip_prefix('r').filter(|_| prefix <= 1) {
        let marks = raw.len() - raw.trim_start_matches('#').len();
        if raw[marks..].starts_with('"') {
            let end = format!("\"{}", "#".repeat(marks));
            let start = prefix + 1 + marks + 1;
            return Some(rest[start..].find(&end).map_or(rest.len(), |at| start + at + end.len()));
        }
    }
    if plain.starts_with('"') && prefix <= 1 {
        return Some(prefix + quoted_len(plain, '"'));
    }
    if let Some(inner) = rest.strip_prefix('\'') {
        let mut letters = inner.chars();
        let (first, second) = (letters.next(), letters.next());
        if first == Some('\\') || second == Some('\'') {
            return Some(quoted_len(rest, '\''));
        }
        // A lifetime.
        let name = inner.find(|c: char| !(c.is_alphanumeric() || c == '_'));
        return Some(1 + name.unwrap_or(inner.len()));
    }
    None
}

/// The length of what stands in quotes, with both of them.
fn quoted_len(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, letter) in rest.char_indices().skip(1) {
        if !escaped && letter == quote {
            return at + quote.len_utf8();
        }
        escaped = letter == '\\' && !escaped;
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Names, Paths, link, paths};

    fn crate_of(files: &[(&str, &str)]) -> BTreeMap<Names, Paths> {
        let names =
            |module: &str| module.split("::").filter(|name| !name.is_empty()).map(str::to_owned).collect();
        files.iter().map(|(module, text)| (names(module), paths(text))).collect()
    }

    fn imports(files: &[(&str, &str)], file: &str) -> Vec<String> {
        link(&crate_of(files))[file].iter().cloned().collect()
    }

    #[test]
    fn a_file_imports_what_its_uses_and_its_paths_lead_to() {
        let files = [
            ("", "mod a; mod b; pub use crate::b::c::Deep;"),
            (
                "a",
                "use std::fmt; use crate::b::{self, c::{Inner, other as renamed}};
                 fn f<'a>(x: &'a crate::d::Thing) -> char { '\\'' }",
            ),
            ("b", "pub(crate) use self::c::Inner;"),
            ("b::c", ""),
            ("d", ""),
            ("e", "use crate::Deep; use super::b::Inner;"),
            ("f", "use super::g;"),
            ("g", "pub(crate) struct G;"),
        ];
        assert_eq!(imports(&files, "a"), ["b", "b::c", "d"]);
        assert_eq!(imports(&files, "b"), [""; 0]);
        assert_eq!(imports(&files, "e"), ["b::c"]);
        assert_eq!(imports(&files, "f"), ["g"]);
    }

    #[test]
    fn comments_texts_and_tests_import_nothing() {
        let text = r##"
            // use crate::a::A;
            /* use crate::a::A; /* nested */ use crate::a::A; */
            const TEXT: &str = "use crate::a::A; \" crate::a::A";
            const RAW: &str = r#"" crate::a::A"#;
            const BYTE: u8 = b'"';
            fn f() -> u8 { crate::b::b(b"crate::a::A") }
            #[cfg(test)]
            mod tests { use crate::a::A; }
        "##;
        assert_eq!(imports(&[("a", ""), ("b", ""), ("c", text)], "c"), ["b"]);
    }
}
