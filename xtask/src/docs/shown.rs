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
const CRATES: [&str; 4] = ["joblib", "joblib-array", "joblib-hash", "joblib-persist"];

/// Adds a line for each public item that no example shows.
pub(crate) fn check(wrong: &mut Vec<String>) -> Result {
    let sources = CRATES.map(|name| format!("crates/{name}/src/*.rs"));
    let files = output(Command::new("git").current_dir(root()).arg("ls-files").args(sources))?;
    for file in files.lines() {
        let text =
            std::fs::read_to_string(root().join(file)).map_err(|e| format!("cannot read {file}: {e}"))?;
        for (line, name) in not_shown(&text) {
            wrong.push(format!("{file}:{line}: no example that runs shows `{name}`"));
        }
    }
    Ok(())
}

/// The public items of a source file that no example in it uses, with their lines.
fn not_shown(source: &str) -> Vec<(usize, &str)> {
    let shown: BTreeSet<&str> = examples(source).flat_map(words).collect();
    let mut items = Vec::new();
    let mut hidden = false;
    for (number, line) in source.lines().enumerate() {
        let code = line.trim_start();
        if code.starts_with("#[cfg(test)]") {
            break;
        } else if code.starts_with("#[doc(hidden)]") {
            hidden = true;
        } else if let Some(name) = public_item(code) {
            // A trait that seals another one can't be named outside.
            if !hidden && name != "Sealed" && !shown.contains(name) {
                items.push((number + 1, name));
            }
            hidden = false;
        } else if hidden && code.starts_with("pub mod ") && code.ends_with('{') {
            // What generated code uses stands at a file's end.
            break;
        } else if !code.starts_with(['#', '/']) {
            hidden = false;
        }
    }
    items
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
    use super::not_shown;

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
        let names: Vec<&str> = not_shown(source).into_iter().map(|(_, name)| name).collect();
        assert_eq!(names, ["y", "hypot"]);
    }
}
