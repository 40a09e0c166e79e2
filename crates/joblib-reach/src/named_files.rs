//! Files that macros from elsewhere read: those whose names they are given, and those that the build script wrote.
//!
//! `query_file!("users.sql")`, `#[template(path = "page.html")]` and `include_proto!("study")` expand to code that depends on
//! a file, and nobody sees how.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use crate::lexer::Kind;
use crate::literal;
use crate::model::{FileId, Model, Range};
use crate::source::Source;
use crate::values::Value;

/// Folders of a package in which macros look for files.
const FOLDERS: [&str; 3] = ["", "src", "templates"];

/// The files that a macro of this name, from elsewhere, may read which is given these tokens in a file.
pub(crate) fn given(
    model: &Model,
    file: FileId,
    source: &Source,
    (from, to): Range,
    called: &str,
) -> Vec<Value> {
    // `include_dir!("assets")`; to others such a text is a word.
    let opens_folders = ["dir", "folder", "embed"].iter().any(|word| called.contains(word));
    let mut names = Vec::new();
    let mut found = Vec::new();
    for at in from..to {
        match source.kind(at) {
            Kind::Word(name) => names.push(model.names.text(name).to_owned()),
            Kind::Text => {
                found.extend(named(model, file, source, at, opens_folders));
                names.extend(literal::unescaped(source, at));
            }
            _ => {}
        }
    }
    found.extend(written(model, file, &names));
    found
}

/// The file that the text at a place names, if there is one; or the folder, where that is what is asked for.
pub(crate) fn named(
    model: &Model,
    file: FileId,
    source: &Source,
    at: usize,
    opens_folders: bool,
) -> Option<Value> {
    const LONGEST: usize = 300;
    let text = literal::unescaped(source, at)?;
    let key = at.checked_sub(2).filter(|key| source.is_punct(*key + 1, b'=')).map(|key| source.text_of(key));
    let key = key.unwrap_or_default();
    // `default_value = "data.csv"` says what a program opens, and not its compiler.
    if key.starts_with("default") {
        return None;
    }
    let opens_folders = opens_folders || ["folder", "dir", "path"].iter().any(|word| key.contains(word));
    let is_name = text.len() <= LONGEST && text.contains(|c: char| c.is_alphanumeric());
    // What is put together begins with a folder, as in `{folder}/migrations`.
    let text = match text.rsplit_once('}') {
        Some((_, rest)) if opens_folders => rest.trim_start_matches('/').to_owned(),
        _ => text,
    };
    if !is_name || text.is_empty() || text.contains(['\n', '\0', '{']) {
        return None;
    }
    let of = model.files.get(file)?;
    // A procedural macro looks from the package for which it writes code.
    let package = &model.crates.first()?.folder;
    let own = &model.crates[model.scopes[of.scope].krate].folder;
    let below = text.strip_prefix("$CARGO_MANIFEST_DIR").map(|rest| rest.trim_start_matches('/'));
    let text = below.unwrap_or(&text);
    let here = of.path.parent().into_iter().map(Path::to_owned);
    let below = [package, own].into_iter().flat_map(|of| FOLDERS.map(|folder| of.join(folder)));
    here.chain(below).map(|folder| folder.join(text)).find_map(|path| {
        let is_data = path.extension().is_none_or(|extension| extension != "rs");
        if path.is_file() && is_data {
            Some(Value::File(path))
        } else {
            // The package's own folder is named for other reasons.
            let is_part =
                opens_folders && path.is_dir() && !package.starts_with(&path) && !path.ends_with("src");
            is_part.then_some(Value::Folder(path))
        }
    })
}

/// Adds the files and folders that small files among these name, as a list or a configuration does.
pub(crate) fn add_named_in(model: &Model, found: &mut Vec<Value>) {
    const LARGEST: u64 = 1 << 16;
    let Some(package) = model.crates.first().map(|krate| &krate.folder) else { return };
    let mut next = 0;
    while let Some(value) = found.get(next).cloned() {
        next += 1;
        let Value::File(file) = value else { continue };
        let is_small = file.metadata().is_ok_and(|metadata| metadata.len() <= LARGEST);
        let Some(text) = is_small.then(|| std::fs::read_to_string(&file).ok()).flatten() else { continue };
        let is_part = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '-' | '.' | '/');
        let names = text.split(|letter| !is_part(letter)).filter(|name| name.contains(char::is_alphanumeric));
        for name in names {
            for folder in [package.as_path()].into_iter().chain(file.parent()) {
                let path = folder.join(name);
                let named = match () {
                    () if path.is_file() => Value::File(path),
                    () if path.is_dir() && !package.starts_with(&path) => Value::Folder(path),
                    () => continue,
                };
                if !found.contains(&named) {
                    found.push(named);
                }
            }
        }
    }
}

/// The files that the build script wrote which have one of these names; all code among them, if there are no names.
fn written(model: &Model, file: FileId, names: &[String]) -> Vec<Value> {
    let Some(of) = model.files.get(file) else { return Vec::new() };
    let environment = model.crates[model.scopes[of.scope].krate].environment();
    let Some(folder) = environment("OUT_DIR").map(PathBuf::from) else { return Vec::new() };
    let is_named = |path: &PathBuf| {
        let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        let whole = path.file_name().map(|name| name.to_string_lossy().into_owned());
        names.iter().any(|name| {
            Some(name) == stem.as_ref() || whole.as_ref().is_some_and(|whole| name.ends_with(whole.as_str()))
        })
    };
    let is_code = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "rs");
    let files = model.written.get_or_init(|| files_below(&folder)).iter();
    let counts = |path: &&PathBuf| if names.is_empty() { is_code(path) } else { is_named(path) };
    files.filter(counts).cloned().map(Value::File).collect()
}

/// The files of a folder and of those in it, in order, but for what is built, cached and hidden. Links are followed, as who reads
/// the folder does.
pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut waiting = vec![folder.to_owned()];
    let mut files = Vec::new();
    // Where links have led: they may lead in a circle.
    let mut seen = HashSet::new();
    while let Some(folder) = waiting.pop() {
        if !folder.canonicalize().is_ok_and(|real| seen.insert(real)) {
            continue;
        }
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let is_left_out = name == "target"
                || name == "joblib-runs"
                || name.to_string_lossy().starts_with('.')
                || entry.path().join("CACHEDIR.TAG").is_file();
            // A link that leads nowhere is a file that can't be read.
            if !entry.path().is_dir() {
                files.push(entry.path());
            } else if !is_left_out {
                waiting.push(entry.path());
            }
        }
    }
    files.sort_unstable();
    files
}
