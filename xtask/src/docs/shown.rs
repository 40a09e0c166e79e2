//! Every public function and type of these crates is shown in a documentation example that runs: its own, or one of its
//! file, as the accessors of a type are in the type's.
//!
//! Read off the text of the sources. That is enough because the lint `unreachable_pub` keeps the word `pub` for what can be
//! reached from outside of its crate.

use std::collections::BTreeSet;
use std::process::Command;

use crate::run::{Result, output, root};

/// The crates that are held to it; another one joins when its items are all shown. Not the macros: they run only beside the
/// crates that use them, whose pages show them.
const CRATES: [&str; 7] = [
    "joblib",
    "joblib-array",
    "joblib-hash",
    "joblib-memory",
    "joblib-parallel",
    "joblib-persist",
    "joblib-store",
];

/// Adds a line for each public item that no example shows.
pub(crate) fn check(wrong: &mut Vec<String>) -> Result {
    for name in CRATES {
        let sources = format!("crates/{name}/src/*.rs");
        let files = output(Command::new("git").current_dir(root()).args(["ls-files", &sources]))?;
        let mut texts = Vec::new();
        for file in files.lines() {
            let text =
                std::fs::read_to_string(root().join(file)).map_err(|e| format!("cannot read {file}: {e}"))?;
            texts.push((file, text));
        }
        let hidden: BTreeSet<&str> = texts.iter().flat_map(|(_, text)| hidden_items(text)).collect();
        for (file, text) in &texts {
            for (line, name) in not_shown(text, &hidden) {
                wrong.push(format!("{file}:{line}: no example that runs shows `{name}`"));
            }
        }
    }
    Ok(())
}

/// The public items of a source file that no example in it uses, with their lines; `hidden` are those of the crate that
/// are kept out of the documentation, and with them what is implemented for them.
fn not_shown<'s>(source: &'s str, hidden: &BTreeSet<&str>) -> Vec<(usize, &'s str)> {
    let shown: BTreeSet<&str> = examples(source).flat_map(words).collect();
    let mut items = Vec::new();
    // The indentation of the block for a hidden type that the line is in.
    let mut within: Option<usize> = None;
    for (number, line, itself_hidden) in code(source) {
        let text = line.trim_start();
        let indentation = line.len() - text.len();
        if let Some(name) = subject(text) {
            within = (hidden.contains(name) && !text.ends_with('}')).then_some(indentation);
        } else if text == "}" && within == Some(indentation) {
            within = None;
        } else if let Some(name) = public_item(text) {
            // A trait that seals another one can't be named outside.
            if !itself_hidden && within.is_none() && name != "Sealed" && !shown.contains(name) {
                items.push((number, name));
            }
        }
    }
    items
}

/// The public items that a source file keeps out of the documentation.
fn hidden_items(source: &str) -> impl Iterator<Item = &str> {
    code(source).filter_map(|(_, line, hidden)| public_item(line.trim_start()).filter(|_| hidden))
}

/// The lines of code before the tests and before the module that generated code uses, which stands at a file's end: each
/// with its number, and with whether it is marked to be kept out of the documentation.
fn code(source: &str) -> impl Iterator<Item = (usize, &str, bool)> {
    let mut marked = false;
    source.lines().enumerate().map_while(move |(index, line)| {
        let text = line.trim_start();
        let hidden = match text {
            _ if text.starts_with("#[cfg(test)]") => return None,
            _ if text.starts_with("#[doc(hidden)]") => {
                marked = true;
                false
            }
            _ if text.starts_with(['#', '/']) => false,
            _ => std::mem::take(&mut marked),
        };
        let generated = hidden && text.starts_with("pub mod ") && text.ends_with('{');
        (!generated).then_some((index + 1, line, hidden))
    })
}

/// The type that a line begins to implement something of its own for.
fn subject(code: &str) -> Option<&str> {
    let rest = code.strip_prefix("impl")?;
    let rest = match rest.strip_prefix('<') {
        None => rest.strip_prefix(' ')?,
        Some(parameters) => {
            let mut depth = 1;
            let after = parameters.find(|letter| {
                depth += i32::from(letter == '<') - i32::from(letter == '>');
                depth == 0
            })?;
            &parameters[after + 1..]
        }
    };
    words(rest).next()
}

/// The lines of code blocks in documentation comments that are compiled and run or compiled only.
fn examples(source: &str) -> impl Iterator<Item = &str> {
    let mut fence: Option<bool> = None;
    source.lines().filter_map(move |line| {
        let line = line.trim_start();
        let text = line.strip_prefix("///").or_else(|| line.strip_prefix("//!"))?;
        let Some(info) = text.trim_start().strip_prefix("```") else {
            return (fence == Some(true)).then_some(text);
        };
        fence = match fence {
            Some(_) => None,
            None => Some(!["text", "ignore", "toml", "sh"].iter().any(|skipped| info.contains(skipped))),
        };
        None
    })
}

/// The name that a line declares for all the world.
fn public_item(code: &str) -> Option<&str> {
    let mut rest = code.strip_prefix("pub ")?;
    for qualifier in ["const ", "async ", "unsafe "] {
        rest = match rest.strip_prefix(qualifier) {
            Some(function) if function.contains("fn ") => function,
            _ => rest,
        };
    }
    let kinds = ["fn ", "struct ", "enum ", "trait ", "union "];
    let name = kinds.iter().find_map(|kind| rest.strip_prefix(kind))?;
    words(name).next()
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{hidden_items, not_shown};

    fn names(source: &str) -> Vec<&str> {
        let hidden: BTreeSet<&str> = hidden_items(source).collect();
        not_shown(source, &hidden).into_iter().map(|(_, name)| name).collect()
    }

    #[test]
    fn an_item_is_shown_by_an_example_of_its_file_and_by_nothing_else() {
        let source = "
            /// ```
            /// assert_eq!(Point::new().x(), 0);
            /// ```
            pub struct Point;
            /// Not `hypot`.
            pub const fn new() {}
            pub fn x() {}
            /// ```text
            /// y
            /// ```
            pub fn y() {}
            pub async fn hypot() {}
            #[doc(hidden)]
            pub fn generated() {}
            pub(crate) fn inner() {}
            #[cfg(test)]
            pub fn of_tests() {}
        ";
        assert_eq!(names(source), ["y", "hypot"]);
    }

    #[test]
    fn what_is_kept_out_of_the_documentation_needs_no_example_nor_do_its_methods() {
        let source = "
            #[doc(hidden)]
            #[derive(Debug)]
            pub struct Call<'m>(&'m str);
            pub struct Memory;
            impl<'m, K: Keep<'m>> Call<'m> {
                pub fn lookup(self) {
                }
            }
            impl<K: Keep<Call>> Memory {
                pub fn size(self) {}
            }
            impl Call<'_> {}
            pub fn open() {}
            #[doc(hidden)]
            pub mod internal {
                pub fn run() {}
            }
        ";
        assert_eq!(names(source), ["Memory", "size", "open"]);
    }
}
