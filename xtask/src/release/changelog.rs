//! The changelog has a section of the version to be released, with its date, and nothing that is not released.

use crate::run::{Result, root};

/// What is missing for a version.
pub(super) fn faults(version: &str) -> Result<Vec<String>> {
    let text = std::fs::read_to_string(root().join("CHANGELOG.md"))
        .map_err(|e| format!("cannot read CHANGELOG.md: {e}"))?;
    Ok(check(&text, version))
}

fn check(text: &str, version: &str) -> Vec<String> {
    let mut missing = Vec::new();
    let start = format!("## [{version}] - ");
    let dated = text.lines().filter_map(|line| line.strip_prefix(&start)).any(is_date);
    if !dated {
        missing.push(format!("CHANGELOG.md has no heading `{start}YYYY-MM-DD`"));
    }
    let unreleased = text.lines().skip_while(|line| *line != "## [Unreleased]").skip(1);
    if unreleased.take_while(|line| !line.starts_with("## [")).any(|line| line.starts_with("- ")) {
        missing.push("CHANGELOG.md lists changes below `[Unreleased]`: move them to the version".into());
    }
    missing
}

/// Whether a text is a date, `YYYY-MM-DD`.
fn is_date(text: &str) -> bool {
    let form = text
        .trim()
        .split('-')
        .map(|part| part.bytes().all(|byte| byte.is_ascii_digit()).then_some(part.len()));
    form.eq([Some(4), Some(2), Some(2)])
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn a_release_has_a_dated_section_and_leaves_nothing_unreleased() {
        assert!(check("## [Unreleased]\n\n## [0.2.0] - 2027-01-31\n- new\n", "0.2.0").is_empty());
        assert_eq!(check("## [Unreleased]\n- new\n## [0.1.0] - 2026-12-01\n- all\n", "0.2.0").len(), 2);
        assert_eq!(check("## [0.2.0] - soon\n", "0.2.0").len(), 1);
    }
}
