//! The chapters that rustdoc includes (`crates/joblib/src/guide.rs`) link to each other by names, `[memory]`, which
//! `guide.rs` defines as the modules that the chapters are in rustdoc. A link by a file's path would lead nowhere there.

use std::path::Path;

use super::markdown::{definition, links, prose, read};
use crate::run::Result;

const GUIDE: &str = "crates/joblib/src/guide.rs";

/// Adds a line for each link of a chapter that has no place in rustdoc.
pub(crate) fn check(wrong: &mut Vec<String>) -> Result {
    let guide = read(Path::new(GUIDE))?;
    let names: Vec<&str> = guide
        .lines()
        .filter_map(|line| definition(line.trim_start().strip_prefix("/// ")?))
        .map(|d| d.0)
        .collect();
    for file in included(&guide) {
        let path = Path::new("docs").join(file);
        for (line, message) in faults(&read(&path)?, &names) {
            wrong.push(format!("{}:{line}: {message}", path.display()));
        }
    }
    Ok(())
}

/// The files of the chapters, below `docs`: each stands in quotes behind the name of its module.
fn included(guide: &str) -> impl Iterator<Item = &str> {
    let quoted = guide.lines().filter_map(|line| Some(line.split_once(" \"")?.1.split_once('"')?.0));
    quoted.filter(|file| Path::new(file).extension().is_some_and(|extension| extension == "md"))
}

/// What is wrong with the links of a chapter, with their lines.
fn faults(text: &str, names: &[&str]) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (line, content) in prose(text) {
        for link in links(content).filter(|link| !link.starts_with('#') && !link.contains("://")) {
            found.push((
                line,
                format!("`{link}`: chapters are linked by name; define it at the end of the page"),
            ));
        }
        if let Some((name, target)) = definition(content)
            && !target.contains("://")
            && !names.contains(&name)
        {
            found.push((line, format!("`[{name}]` is not defined in {GUIDE} for rustdoc")));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{faults, included};

    #[test]
    fn chapters_are_linked_by_names_that_rustdoc_knows() {
        let text =
            "[here](#part) and [web](https://example.org), [file](a.md)\n[memory]: memory.md\n[b]: b.md\n";
        let lines: Vec<usize> = faults(text, &["memory"]).into_iter().map(|(line, _)| line).collect();
        assert_eq!(lines, [1, 3]);
        assert!(included("    memory \"guide/memory.md\"\n    #[doc = \"x\"]").eq(["guide/memory.md"]));
    }
}
