//! What the checks of documents read in a Markdown file: its headings with their anchors, and its links.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::run::{Result, output, root};

/// The Markdown files that git knows, relative to the root.
pub(super) fn files() -> Result<Vec<PathBuf>> {
    let listed = output(Command::new("git").current_dir(root()).args(["ls-files", "*.md"]))?;
    Ok(listed.lines().map(PathBuf::from).filter(|file| root().join(file).exists()).collect())
}

/// The text of a file, by its path relative to the root.
pub(super) fn read(file: &Path) -> Result<String> {
    let path = root().join(file);
    std::fs::read_to_string(&path).map_err(|e| format!("cannot read {}: {e}", path.display()))
}

/// The lines of a document that are not in a code block, with their numbers from 1.
pub(super) fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut in_code = false;
    text.lines().enumerate().filter_map(move |(at, line)| {
        let fence = line.trim_start().starts_with("```");
        in_code ^= fence;
        (!in_code && !fence).then_some((at + 1, line))
    })
}

/// A heading of a document.
#[derive(Debug, PartialEq)]
pub(super) struct Heading {
    pub(super) line: usize,
    /// 1 for the title.
    pub(super) level: usize,
    pub(super) text: String,
    /// What a link to it names after `#`: the same on GitHub, in rustdoc and in a book.
    pub(super) anchor: String,
}

/// The headings of a document, in order.
pub(super) fn headings(text: &str) -> Vec<Heading> {
    let mut found: Vec<Heading> = Vec::new();
    for (line, content) in prose(text) {
        let level = content.bytes().take_while(|byte| *byte == b'#').count();
        let Some(title) = content[level..].strip_prefix(' ').filter(|_| (1..=6).contains(&level)) else {
            continue;
        };
        let base = slug(title);
        let earlier = found.iter().filter(|heading| slug(&heading.text) == base).count();
        let anchor = if earlier == 0 { base } else { format!("{base}-{earlier}") };
        found.push(Heading { line, level, text: title.trim().to_owned(), anchor });
    }
    found
}

/// A heading's text as an anchor: letters, digits, `-` and `_` in lower case, and `-` for a space.
fn slug(title: &str) -> String {
    let kept = title.trim().chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | ' '));
    kept.map(|c| if c == ' ' { '-' } else { c }).flat_map(char::to_lowercase).collect()
}

/// The targets of the inline links (`[text](target)`) of a line.
pub(super) fn links(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target)
}

/// The name and the target of a link's definition (`[name]: target`).
pub(super) fn definition(line: &str) -> Option<(&str, &str)> {
    let (name, target) = line.strip_prefix('[')?.split_once("]: ")?;
    Some((name, target.split_whitespace().next()?))
}

#[cfg(test)]
mod tests {
    use super::{definition, headings, links};

    #[test]
    fn an_anchor_has_letters_digits_and_hyphens_and_a_repeated_one_has_a_number() {
        let text = "# Caching results\n```sh\n# no heading\n```\n## `#[cached]`: how?\n## Files\n## Files\n";
        let anchors: Vec<String> = headings(text).into_iter().map(|heading| heading.anchor).collect();
        assert_eq!(anchors, ["caching-results", "cached-how", "files", "files-1"]);
    }

    #[test]
    fn links_are_found_inline_and_in_definitions() {
        assert_eq!(links("[a](b.md#c), [d](e)").collect::<Vec<_>>(), ["b.md#c", "e"]);
        assert_eq!(definition("[memory]: memory.md"), Some(("memory", "memory.md")));
        assert_eq!(definition("[memory] is"), None);
    }
}
