//! `cargo xtask semver`: the public interface against that of the last release, by `cargo semver-checks`.
//!
//! The tool compares rustdoc's description of both. It is not installed by this command: it compiles 300 packages, and is
//! needed only where a release is prepared.

use std::process::Command;

use crate::run::{Result, cargo, output, root, run, succeeds};

/// Not compared: a macro has no items that rustdoc describes, and a command is no library.
const NOT_COMPARED: &str = "--exclude joblib-macros --exclude joblib-cli --exclude joblib-tests --exclude joblib-bench --exclude xtask";

/// Compares with the last release. Without one, or without the tool unless it is `required`, it says so.
pub(crate) fn execute(required: bool) -> Result {
    let Some(tag) = last_release()? else {
        eprintln!("public interface: there is no release yet, no tag `vX.Y.Z`: nothing to compare with");
        return Ok(());
    };
    if succeeds(&mut cargo("semver-checks --version")) {
        return run(&mut cargo(&format!(
            "semver-checks --workspace {NOT_COMPARED} --all-features --baseline-rev {tag}"
        )));
    }
    let missing = format!(
        "there is no `cargo semver-checks` (`cargo install cargo-semver-checks`) to compare with {tag}"
    );
    if required {
        return Err(format!("public interface: {missing}"));
    }
    eprintln!("NOT CHECKED here, the public interface: {missing}");
    Ok(())
}

/// The tag of the last release.
pub(crate) fn last_release() -> Result<Option<String>> {
    let listed = output(Command::new("git").current_dir(root()).args(["tag", "--list", "v*"]))?;
    Ok(newest(listed.lines()).map(|(tag, _)| tag.to_owned()))
}

/// The tag `vX.Y.Z` of the highest version, with it.
fn newest<'t>(tags: impl Iterator<Item = &'t str>) -> Option<(&'t str, [u64; 3])> {
    tags.filter_map(|tag| Some((tag, version(tag.strip_prefix('v')?)?))).max_by_key(|(_, version)| *version)
}

/// The numbers of a version; `None` of one before a release, such as `1.0.0-rc.1`.
pub(crate) fn version(text: &str) -> Option<[u64; 3]> {
    let numbers: Option<Vec<u64>> = text.split('.').map(|part| part.parse().ok()).collect();
    numbers?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::newest;

    #[test]
    fn the_last_release_is_the_highest_version_and_other_tags_are_none() {
        let tags = ["v0.9.0", "v0.10.0", "v0.10.1-rc.1", "vintage", "v0.2.11"];
        assert_eq!(newest(tags.into_iter()), Some(("v0.10.0", [0, 10, 0])));
        assert_eq!(newest(["latest"].into_iter()), None);
    }
}
