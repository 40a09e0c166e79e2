//! Every page below `docs` with several parts begins with a list of them, so that its reader need not scroll to know
//! what it answers.

use std::path::Path;

use super::markdown::{files, headings, prose, read};
use crate::run::Result;

/// From this many headings of the second level on a page needs a list.
const PARTS: usize = 3;

/// Adds a line for each page whose list of contents is not what its headings are.
pub(crate) fn check(wrong: &mut Vec<String>) -> Result {
    for file in files()? {
        if file.starts_with("docs") && !file.ends_with("SUMMARY.md") {
            let text = read(&file)?;
            wrong.extend(fault(&file, &text));
        }
    }
    Ok(())
}

fn fault(file: &Path, text: &str) -> Option<String> {
    let parts: Vec<_> = headings(text).into_iter().filter(|heading| heading.level == 2).collect();
    let first = parts.first().filter(|_| parts.len() >= PARTS)?.line;
    let expected: Vec<String> =
        parts.iter().map(|part| format!("- [{}](#{})", part.text, part.anchor)).collect();
    let listed: Vec<&str> = prose(text)
        .filter(|(line, content)| *line < first && content.starts_with("- [") && content.contains("](#"))
        .map(|(_, content)| content)
        .collect();
    (listed != expected).then(|| {
        let expected = expected.join("\n");
        format!(
            "{}: before its first part the page lists its parts; expected are these lines:\n{expected}",
            file.display()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::fault;
    use std::path::Path;

    #[test]
    fn a_page_of_several_parts_lists_all_of_them_in_order() {
        let parts = "## A b\n## `C`\n## D\n";
        let wrong = |list: &str| fault(Path::new("page.md"), &format!("# Page\n{list}\n{parts}")).is_some();
        assert!(!wrong("- [A b](#a-b)\n- [`C`](#c)\n- [D](#d)"));
        assert!(wrong(""));
        assert!(wrong("- [A b](#a-b)\n- [D](#d)\n- [`C`](#c)"));
        assert!(fault(Path::new("page.md"), "# Page\n## A\n## B\n").is_none());
    }
}
