//! Packages at hand that only crates from elsewhere use: which of their items count is not seen.

use std::path::Path;

use crate::hash::Digester;
use crate::manifest;
use crate::model::Model;
use crate::named_files::files_below;
use crate::reach::Reached;

/// The patched packages that no crate at hand names: one item for each.
pub(crate) fn below_others(model: &Model) -> Vec<Reached> {
    let is_at_hand = |folder: &Path| {
        model.crates.iter().flat_map(|krate| krate.externs.values()).any(|(_, of)| of == folder)
    };
    let locked = model.crates.first().and_then(|krate| manifest::locked_names(&krate.folder));
    let mut found = Vec::new();
    for (name, folder) in &model.patches {
        let folder = folder.canonicalize().unwrap_or_else(|_| folder.clone());
        let is_used = locked.as_ref().is_none_or(|locked| locked.contains(name));
        if is_at_hand(&folder) || !is_used {
            continue;
        }
        let mut digester = Digester::default();
        for path in files_below(&folder) {
            let is_code = path.extension().is_some_and(|extension| extension == "rs" || extension == "toml");
            if let (true, Ok(content)) = (is_code, std::fs::read(&path)) {
                digester.text(&path.strip_prefix(&folder).unwrap_or(&path).display().to_string());
                digester.bytes(&content);
            }
        }
        let file = folder.join("Cargo.toml").display().to_string();
        found.push(Reached { name: format!("crate {name}"), file, line: 0, digest: digester.finish() });
    }
    found
}
