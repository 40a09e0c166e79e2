//! Reads crates: the one that is compiled, and those at hand that it is built with.

use crate::map::Map;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::lexer::Name;
use crate::manifest;
use crate::model::{Crate, CrateId, Model, ScopeId};
use crate::parse::parse_crate;

/// Packages that never count: what a result means to them is their own business.
const FAMILY: [&str; 15] = [
    "joblib",
    "joblib_array",
    "joblib_arrow",
    "joblib_cli",
    "joblib_encoding",
    "joblib_hash",
    "joblib_macros",
    "joblib_memory",
    "joblib_parallel",
    "joblib_persist",
    "joblib_pickle",
    "joblib_polars",
    "joblib_reach",
    "joblib_record",
    "joblib_store",
];

/// Reads the crate with this root file, which belongs to the package in `folder`.
pub(crate) fn load(
    model: &mut Model,
    name: &str,
    root: &Path,
    folder: &Path,
    is_own: bool,
) -> Result<CrateId, String> {
    let mut externs: Map<Name, (PathBuf, PathBuf)> = Map::default();
    let folder = &folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let kind = manifest::kind(folder);
    if model.crates.is_empty() {
        model.patches.extend(manifest::patches(folder));
    }
    for (name, root_of, folder_of) in manifest::crates_at_hand(folder, &model.patches) {
        let library = manifest::library(&folder_of).map(|(library, _)| library);
        let is_family = library.is_some_and(|library| FAMILY.contains(&&*library));
        if !is_family && root_of.canonicalize().ok() != root.canonicalize().ok() {
            externs.insert(model.names.of(&name), (root_of, folder_of));
        }
    }
    let dependencies = kind.dependencies.iter().map(|name| model.names.of(name)).collect();
    let id = model.crates.len();
    // The root's scope is the next one.
    let scope = model.scopes.len();
    model.crates.push(Crate {
        name: name.to_owned(),
        root: scope,
        is_own,
        externs,
        folder: folder.to_owned(),
        dependencies,
        is_proc_macro: kind.is_proc_macro,
        is_opaque: false,
        macro_use: Vec::new(),
        edition: kind.edition,
        unread: Vec::new(),
        extern_names: Map::default(),
    });
    parse_crate(model, id, root)?;
    Ok(id)
}

/// The root of the crate that `name` is in the code of `krate`, if its sources are at hand. What can't be read of it matters
/// from now on.
pub(crate) fn extern_crate(model: &mut Model, krate: CrateId, name: Name) -> Option<ScopeId> {
    let root = found_or_loaded(model, krate, name)?;
    let led_to = model.scopes[root].krate;
    let unread = std::mem::take(&mut model.crates[led_to].unread);
    model.unread.extend(unread);
    Some(root)
}

fn found_or_loaded(model: &mut Model, krate: CrateId, name: Name) -> Option<ScopeId> {
    if let Some(of) = model.crates[krate].extern_names.get(&name).copied().filter(|of| *of != name) {
        return if model.names.text(of) == "self" {
            Some(model.crates[krate].root)
        } else {
            found_or_loaded(model, krate, of)
        };
    }
    let (root, folder) = model.crates[krate].externs.get(&name)?.clone();
    let known = model.crates.iter().find(|other| {
        other.folder == folder
            && model.files.get(model.scopes[other.root].file).is_some_and(|file| file.path == root)
    });
    if let Some(known) = known {
        return Some(known.root);
    }
    let is_own = model.crates[krate].is_own && model.crates[krate].folder == folder;
    let text = model.names.text(name).to_owned();
    match load(model, &text, &root, &folder, is_own) {
        Ok(id) => Some(model.crates[id].root),
        Err(reason) => {
            model.unread.push(reason);
            None
        }
    }
}

/// Reads all crates at hand, whether a path leads there or not: any may implement what a function's caller chooses by a trait,
/// and a macro of any may make a function here. What can't be read of them is missed only where a path leads there.
pub(crate) fn everything(model: &mut Model) {
    let mut next = 0;
    // One that can't be read is not known afterwards, and would be read again.
    let mut tried = BTreeSet::new();
    while next < model.crates.len() {
        let mut externs: Vec<(PathBuf, Name)> =
            model.crates[next].externs.iter().map(|(name, (root, _))| (root.clone(), *name)).collect();
        // Names are numbered as they are met.
        externs.sort_unstable();
        for (root, name) in externs {
            if !tried.insert(root) {
                continue;
            }
            let (before, loaded) = (model.unread.len(), model.crates.len());
            found_or_loaded(model, next, name);
            let unread = model.unread.split_off(before);
            if let Some(krate) = model.crates.get_mut(loaded) {
                krate.unread = unread;
            }
        }
        next += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::FAMILY;

    #[test]
    fn the_packages_that_never_count_are_those_of_this_repository() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let mut names: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().replace('-', "_"))
            .filter(|name| name.starts_with("joblib"))
            .collect();
        names.sort_unstable();
        assert_eq!(names, FAMILY);
    }
}
