//! Every relative link of a Markdown file, written inline or as a definition, leads to a file of the repository.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::run::{Result, output, root};

/// Adds a line for each link that leads nowhere.
pub(crate) fn check(wrong: &mut Vec<String>) -> Result {
    for file in markdown_files()? {
        let path = root().join(&file);
        let text =
            std::fs::read_to_string(&path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
        let folder = path.parent().unwrap_or(root());
        for (number, line) in text.lines().enumerate() {
            for link in links(line).chain(definition(line)) {
                if !leads_somewhere(folder, link) {
                    wrong.push(format!("{}:{}: `{link}` does not exist", file.display(), number + 1));
                }
            }
        }
    }
    Ok(())
}

/// The Markdown files that git knows, relative to the root.
pub(crate) fn markdown_files() -> Result<Vec<PathBuf>> {
    let listed = output(Command::new("git").current_dir(root()).args(["ls-files", "*.md"]))?;
    Ok(listed.lines().map(PathBuf::from).filter(|file| root().join(file).exists()).collect())
}

/// The targets of the inline links (`[text](target)`) of a line.
fn links(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target)
}

/// The target of a link's definition (`[name]: target`).
fn definition(line: &str) -> Option<&str> {
    let (_, target) = line.strip_prefix('[')?.split_once("]: ")?;
    target.split_whitespace().next()
}

fn leads_somewhere(folder: &Path, link: &str) -> bool {
    let path = link.split_once('#').map_or(link, |(path, _)| path);
    let elsewhere = link.contains("://") || link.starts_with("mailto:");
    // A link to an item (`Memory::cache`) is rustdoc's to check.
    let item = !path.contains(['/', '.']) || path.contains("::");
    elsewhere || item || folder.join(path).exists()
}
