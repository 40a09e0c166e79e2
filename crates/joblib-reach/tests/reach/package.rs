//! A package in a folder, and the code of its cached function before and after an edit.

use std::collections::BTreeMap;
use std::path::Path;

use joblib_reach::{Code, Index, Place, Unseen};

/// A package: files by their path in it.
#[derive(Clone)]
pub(crate) struct Package(pub(crate) BTreeMap<&'static str, String>);

impl Package {
    pub(crate) fn new(files: &[(&'static str, &str)]) -> Self {
        let mut package = Self(BTreeMap::new());
        package.0.insert("Cargo.toml", "[package]\nname = \"study\"\n".to_owned());
        for (path, text) in files {
            package.0.insert(path, (*text).to_owned());
        }
        package
    }

    pub(crate) fn one(text: &str) -> Self {
        Self::new(&[("src/main.rs", text)])
    }

    pub(crate) fn with(&self, path: &'static str, from: &str, to: &str) -> Self {
        let mut edited = self.clone();
        let text = edited.0.get_mut(path).expect(path);
        assert!(text.contains(from), "{from} is not in {path}");
        *text = text.replacen(from, to, 1);
        edited
    }

    /// The code of the function below the first `#[cached` of the file.
    pub(crate) fn code_in(&self, file: &str) -> Code {
        self.code_named(file, false)
    }

    pub(crate) fn code_named(&self, file: &str, nameless: bool) -> Code {
        let folder = tempfile::tempdir().unwrap();
        self.write(folder.path());
        let root = folder.path().join("src/main.rs");
        let mut index =
            Index::of_crate("study", &root, folder.path(), |name| name != "verbose" && name != "file")
                .unwrap();
        let text = &self.0[file];
        let at = text.find("#[cached").expect("an attribute");
        let line = text[..at].matches('\n').count() + 1;
        let column = at - text[..at].rfind('\n').map_or(0, |at| at + 1) + 1;
        let tokens = &text[at..];
        let tokens = &tokens[tokens.find(']').unwrap() + 1..];
        let mut depth = 0;
        let end = tokens
            .char_indices()
            .find(|(_, letter)| {
                depth += i32::from(*letter == '{') - i32::from(*letter == '}');
                *letter == '}' && depth == 0
            })
            .map_or(tokens.len(), |(at, _)| at + 1);
        let path = folder.path().join(file);
        index
            .code(&Place { file: Path::new(&path), line, column }, &|| tokens[..end].to_owned(), nameless)
            .unwrap()
    }

    /// The index of the package, whose folder is gone afterwards.
    pub(crate) fn read(&self) -> Result<Index, Unseen> {
        let folder = tempfile::tempdir().unwrap();
        self.write(folder.path());
        Index::of_crate("study", &folder.path().join("src/main.rs"), folder.path(), |_| true)
    }

    fn write(&self, folder: &Path) {
        for (path, text) in &self.0 {
            let path = folder.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            // `-> path` is a link.
            #[cfg(unix)]
            if let Some(to) = text.strip_prefix("-> ") {
                std::os::unix::fs::symlink(to, path).unwrap();
                continue;
            }
            std::fs::write(path, text).unwrap();
        }
    }

    pub(crate) fn code(&self) -> Code {
        self.code_in("src/main.rs")
    }

    pub(crate) fn digest(&self) -> u128 {
        self.code().digest
    }
}

/// Asserts which of the edits, each a text and what takes its place, count.
#[track_caller]
pub(crate) fn check(
    package: &Package,
    file: &'static str,
    counts: &[(&str, &str)],
    does_not: &[(&str, &str)],
) {
    let before = package.digest();
    for (from, to) in counts {
        assert_ne!(package.with(file, from, to).digest(), before, "`{from}` to `{to}` has to count");
    }
    for (from, to) in does_not {
        assert_eq!(package.with(file, from, to).digest(), before, "`{from}` to `{to}` must not count");
    }
}
