//! `docs/design.md` names every crate with those that it uses, every feature of one, and every module of the crates with
//! layers.

use std::collections::BTreeSet;
use std::path::Path;

use super::markdown::read;
use super::table;
use crate::lint::layers;
use crate::run::{Result, root};

const DOCUMENT: &str = "docs/design.md";

/// Reports each crate, feature and module that the document does not name, and each feature that it names and that does
/// not exist.
pub(crate) fn check(wrong: &mut Vec<String>) -> Result {
    let text = read(Path::new(DOCUMENT))?;
    let crates = root().join("crates");
    let entries = std::fs::read_dir(&crates).map_err(|e| format!("cannot list {}: {e}", crates.display()))?;
    let mut features = BTreeSet::new();
    for entry in entries.filter_map(std::result::Result::ok) {
        let name = entry.file_name().to_string_lossy().into_owned();
        let manifest = read(&Path::new("crates").join(&name).join("Cargo.toml"))?;
        let used = used_crates(&manifest);
        match documented_uses(&text, &name) {
            None => wrong.push(format!("{DOCUMENT}: the crate `{name}` is not in the table of crates")),
            Some(uses) if uses != used => {
                wrong.push(format!("{DOCUMENT}: `{name}` uses {used}, and not {uses}"));
            }
            Some(_) => {}
        }
        features.extend(of_manifest(&manifest).map(|feature| (name.clone(), feature.to_owned())));
    }
    let documented = of_document(&text);
    for (name, feature) in features.difference(&documented) {
        wrong
            .push(format!("{DOCUMENT}: the feature `{feature}` of `{name}` is not in the table of features"));
    }
    for (name, feature) in documented.difference(&features) {
        wrong.push(format!("{DOCUMENT}: `{name}` has no feature `{feature}`"));
    }
    for (source, modules) in layers::modules() {
        let name = source.trim_start_matches("crates/").trim_end_matches("/src");
        let section = section(&text, &format!("## Layers of `{name}`"));
        for module in modules.filter(|module| !names(section, module)) {
            wrong.push(format!("{DOCUMENT}: the module `{module}` is in no layer of `{name}`"));
        }
    }
    Ok(())
}

/// The crates of this workspace that a manifest depends on, as the document lists them.
fn used_crates(manifest: &str) -> String {
    let (_, rest) = manifest.split_once("[dependencies]\n").unwrap_or_default();
    let lines = rest.lines().take_while(|line| !line.starts_with('['));
    let names = lines.filter_map(|line| line.strip_prefix("joblib-")?.split(['.', ' ']).next());
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    if names.is_empty() { "–".to_owned() } else { names.join(", ") }
}

/// What the document says that a crate uses.
fn documented_uses(text: &str, name: &str) -> Option<String> {
    let rows = table::rows(text).into_iter().filter(|row| row.heading == "Crates");
    let mut own =
        rows.filter(|row| row.cells.first().is_some_and(|cell| *cell == format!("`crates/{name}`")));
    own.next().and_then(|row| row.cells.into_iter().nth(2))
}

/// The features of a manifest, without `default`.
fn of_manifest(manifest: &str) -> impl Iterator<Item = &str> {
    let (_, rest) = manifest.split_once("[features]\n").unwrap_or_default();
    let lines = rest.lines().take_while(|line| !line.starts_with('['));
    let names = lines.filter_map(|line| line.split_once(" = ")).map(|(name, _)| name);
    names.filter(|name| *name != "default" && !name.starts_with('#'))
}

/// Each crate with each of its features, of the table.
fn of_document(text: &str) -> BTreeSet<(String, String)> {
    let rows = table::rows(text).into_iter().filter(|row| row.heading == "Features");
    let mut found = BTreeSet::new();
    for row in rows {
        let [features, crates, ..] = row.cells.as_slice() else { continue };
        for name in table::code(crates) {
            found.extend(table::code(features).map(|feature| (name.to_owned(), feature.to_owned())));
        }
    }
    found
}

/// The text from a heading to the next one.
fn section<'t>(text: &'t str, heading: &str) -> &'t str {
    let (_, rest) = text.split_once(heading).unwrap_or_default();
    rest.find("\n## ").map_or(rest, |end| &rest[..end])
}

/// Whether a section names a module, by its file or its folder.
fn names(section: &str, module: &str) -> bool {
    section.contains(&format!("`{module}.rs`")) || section.contains(&format!("`{module}/`"))
}

#[cfg(test)]
mod tests {
    use super::{documented_uses, names, of_document, of_manifest, section, used_crates};

    #[test]
    fn features_of_a_manifest_are_compared_with_the_rows_of_their_crates() {
        let manifest = "[package]\nname = \"a\"\n[features]\ndefault = [\"xz\"]\n# xz = old\nxz = []\n[dependencies]\nb = \"1\"\n";
        assert!(of_manifest(manifest).eq(["xz"]));
        let document =
            "## Features\n\n| features | crates | what |\n|---|---|---|\n| `xz`, `lz4` | `a` | both |\n";
        let found: Vec<_> = of_document(document).into_iter().map(|(_, feature)| feature).collect();
        assert_eq!(found, ["lz4", "xz"]);
    }

    #[test]
    fn what_a_crate_uses_is_compared_with_its_row() {
        let manifest = "[dependencies]\njoblib-store.workspace = true\njoblib-array = { path = \"\" }\nserde = \"1\"\n[lints]\n";
        assert_eq!(used_crates(manifest), "array, store");
        assert_eq!(used_crates("[dependencies]\nserde = \"1\"\n"), "–");
        let text = "## Crates\n\n| crate | what | uses |\n|---|---|---|\n| `crates/a` | it | array |\n";
        assert_eq!(documented_uses(text, "a").as_deref(), Some("array"));
        assert_eq!(documented_uses(text, "b"), None);
    }

    #[test]
    fn a_module_is_named_by_its_file_or_its_folder_in_the_section_of_its_crate() {
        let text = "## Layers of `a`\n| `call/` | `error.rs` |\n## Layers of `b`\n| `wire/` |\n";
        let section = section(text, "## Layers of `a`");
        assert!(names(section, "call") && names(section, "error") && !names(section, "wire"));
    }
}
