//! Every relative link of a Markdown file, written inline or as a definition, leads to a file of the repository, and one
//! with an anchor to a heading there.

use std::path::Path;

use super::markdown::{definition, files, headings, links, prose, read};
use crate::run::{Result, root};

/// Adds a line for each link that leads nowhere.
pub(crate) fn check(wrong: &mut Vec<String>) -> Result {
    for file in files()? {
        let text = read(&file)?;
        for (line, content) in prose(&text) {
            for link in links(content).chain(definition(content).map(|(_, target)| target)) {
                if let Some(message) = fault(&file, &text, link)? {
                    wrong.push(format!("{}:{line}: {message}", file.display()));
                }
            }
        }
    }
    Ok(())
}

/// What is wrong with a link of a file.
fn fault(file: &Path, text: &str, link: &str) -> Result<Option<String>> {
    let (path, anchor) = link.split_once('#').map_or((link, None), |(path, anchor)| (path, Some(anchor)));
    let elsewhere = link.contains("://") || link.starts_with("mailto:");
    // A link to an item (`Memory::cache`) is rustdoc's to check.
    let item = !path.is_empty() && !path.contains(['/', '.']) || path.contains("::");
    if elsewhere || item {
        return Ok(None);
    }
    let target = root().join(file.parent().unwrap_or(Path::new(""))).join(path);
    if !path.is_empty() && !target.exists() {
        return Ok(Some(format!("`{link}` does not exist")));
    }
    let Some(anchor) = anchor else { return Ok(None) };
    let there = match path {
        "" => headings(text),
        _ if Path::new(path).extension().is_some_and(|extension| extension == "md") => {
            headings(&read(&target)?)
        }
        _ => return Ok(None),
    };
    let found = there.iter().any(|heading| heading.anchor == anchor);
    Ok((!found).then(|| format!("`{link}`: there is no heading with this anchor")))
}

#[cfg(test)]
mod tests {
    use super::fault;
    use std::path::Path;

    #[test]
    fn a_link_leads_to_a_file_and_its_anchor_to_a_heading() {
        let text = "# Title\n## Part one\n";
        let wrong = |link| fault(Path::new("docs/guide/memory.md"), text, link).unwrap().is_some();
        assert!(!wrong("#part-one") && wrong("#part-two"));
        assert!(!wrong("../design.md#decisions") && wrong("../design.md#no-such-heading"));
        assert!(wrong("nowhere.md") && !wrong("https://example.org/nowhere.md#x") && !wrong("Memory::cache"));
    }
}
