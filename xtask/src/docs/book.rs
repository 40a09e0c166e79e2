//! `docs` is a book: `docs/SUMMARY.md` lists every page, and no page leads out of the folder, where a book has nothing.
//!
//! `mdbook` builds it where it is installed (`cargo install mdbook`). It is not needed for anything else, and installing
//! it would compile 200 packages, so what it would find wrong is checked here, and a run without it says so.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};
use std::process::Command;

use super::markdown::{definition, files, links, prose, read};
use crate::run::{Result, root, run, succeeds, target};

const FOLDER: &str = "docs";
const SUMMARY: &str = "docs/SUMMARY.md";

/// Adds a line for each page that is listed not once, and for each link out of the book; then builds the book.
pub(crate) fn check(wrong: &mut Vec<String>) -> Result {
    let pages: BTreeSet<PathBuf> =
        files()?.into_iter().filter(|file| file.starts_with(FOLDER) && *file != Path::new(SUMMARY)).collect();
    wrong.extend(unlisted(&pages, &read(Path::new(SUMMARY))?));
    for page in &pages {
        for (line, content) in prose(&read(page)?) {
            for link in links(content).chain(definition(content).map(|(_, target)| target)) {
                if leaves(page, link) {
                    wrong.push(format!(
                        "{}:{line}: `{link}` leads out of `{FOLDER}`, where a book has nothing; name the file \
                         in backticks instead",
                        page.display()
                    ));
                }
            }
        }
    }
    if !succeeds(Command::new("mdbook").arg("--version")) {
        eprintln!("NOT BUILT here, for there is no `mdbook`: the book of `{FOLDER}`, which was only checked");
        return Ok(());
    }
    let built = target().join("book");
    run(Command::new("mdbook").current_dir(root()).args(["build", FOLDER, "--dest-dir"]).arg(built))
}

/// A line for each page that the summary lists more or less than once.
fn unlisted(pages: &BTreeSet<PathBuf>, summary: &str) -> Vec<String> {
    let listed: Vec<PathBuf> =
        prose(summary).flat_map(|(_, line)| links(line)).map(|link| Path::new(FOLDER).join(link)).collect();
    let count = |page: &PathBuf| listed.iter().filter(|one| *one == page).count();
    let faults = pages.iter().filter(|page| count(page) != 1);
    faults.map(|page| format!("{SUMMARY}: lists `{}` {} times", page.display(), count(page))).collect()
}

/// Whether a link of a page leads out of the book's folder.
fn leaves(page: &Path, link: &str) -> bool {
    let path = link.split_once('#').map_or(link, |(path, _)| path);
    if link.contains("://") {
        return false;
    }
    let folders = page.parent().map_or(0, |folder| folder.components().count() - 1);
    let mut depth = folders;
    for component in Path::new(path).components() {
        depth = match component {
            Component::ParentDir if depth == 0 => return true,
            Component::ParentDir => depth - 1,
            Component::Normal(_) => depth + 1,
            _ => depth,
        };
    }
    false
}

#[cfg(test)]
mod tests {
    use super::{leaves, unlisted};
    use std::collections::BTreeSet;
    use std::path::Path;

    #[test]
    fn every_page_is_listed_once() {
        let pages = BTreeSet::from(["docs/design.md", "docs/guide/memory.md"].map(Into::into));
        assert!(unlisted(&pages, "- [Design](design.md)\n  - [Results](guide/memory.md)\n").is_empty());
        assert_eq!(unlisted(&pages, "- [Design](design.md)\n- [Again](design.md)\n").len(), 2);
    }

    #[test]
    fn a_link_to_a_source_leads_out_of_the_book() {
        let page = Path::new("docs/guide/extending.md");
        assert!(leaves(page, "../../crates/joblib/src/lib.rs") && leaves(page, "../../README.md"));
        assert!(!leaves(page, "../design.md#decisions") && !leaves(page, "#a") && !leaves(page, "memory.md"));
        assert!(!leaves(page, "../img/../guide/memory.md") && leaves(page, "../img/../../README.md"));
    }
}
