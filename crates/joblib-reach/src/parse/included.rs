//! Files whose code a macro puts where it is called: among items, and in blocks.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::{Parser, Place};
use crate::lexer::Name;
use crate::literal;
use crate::macros::{definitions, includes};
use crate::model::{ItemId, Range, ScopeId};

impl Parser<'_> {
    /// The file that `include!` is given. `None` if that is not a text that is known.
    pub(super) fn file_included(&self, (from, to): Range, place: &Place<'_>) -> Option<PathBuf> {
        let environment = self.model.crates[self.krate].environment();
        let path = literal::text_of(place.source, &self.model.names, &environment, from, to)?;
        Some(self.folder_of(place).join(path))
    }

    /// Reads the files that a macro may include among items, by a name that it is given or holds.
    pub(super) fn included_by_macro(&mut self, name: Option<Name>, given: Range, place: &Place<'_>) {
        let before = std::mem::replace(&mut self.guesses, true);
        for path in self.files_of_macro(name, given, place) {
            let folder = path.parent().unwrap_or(Path::new("")).to_owned();
            // A file that is not Rust code declares nothing.
            let _ = self.file(&path, place.scope, folder);
        }
        self.guesses = before;
    }

    /// Looks for items in the files that a macro of this name puts into a block of `owner`.
    pub(super) fn included_in_block(
        &mut self,
        name: Name,
        given: Range,
        scope: ScopeId,
        owner: ItemId,
        place: &Place<'_>,
    ) {
        let files = if self.model.names.text(name) == "include" {
            self.file_included(given, place).into_iter().collect()
        } else {
            self.files_of_macro(Some(name), given, place)
        };
        for path in files {
            // The compiler says it where a file is missing or no code.
            let Ok((file, source)) = self.read(&path, scope) else { continue };
            let folder = path.parent().unwrap_or(Path::new("")).to_owned();
            let place = Place { source: &source, file, scope, folder, parent: None };
            self.depth += 1;
            self.block(0, source.tokens.len(), scope, owner, true, &place);
            self.depth -= 1;
        }
    }

    /// The files that a macro may include, by a name that it is given or holds.
    fn files_of_macro(&self, name: Option<Name>, (from, to): Range, place: &Place<'_>) -> Vec<PathBuf> {
        let known = definitions(self.model, name);
        if !includes(self.model, &known) {
            return Vec::new();
        }
        let here = (Rc::clone(place.source), (from, to));
        let definitions =
            known.into_iter().map(|item| (Rc::clone(self.model.source(item)), self.model.items[item].range));
        let texts = [here].into_iter().chain(definitions).flat_map(|(source, (from, to))| {
            (from..to).filter_map(|at| literal::unescaped(&source, at)).collect::<Vec<_>>()
        });
        let written = self.model.crates[self.krate].environment()("OUT_DIR").map(PathBuf::from);
        let folders: Vec<PathBuf> = written.into_iter().chain([self.folder_of(place)]).collect();
        let names = texts.map(|text| text.trim_start_matches('/').to_owned()).filter(|text| !text.is_empty());
        let paths =
            names.flat_map(|name| folders.iter().map(move |folder| folder.join(&name)).collect::<Vec<_>>());
        paths.filter(|path| path.is_file()).collect()
    }

    /// The folder of the file that is being read.
    fn folder_of(&self, place: &Place<'_>) -> PathBuf {
        self.model.files[place.file].path.parent().unwrap_or(Path::new("")).to_owned()
    }
}
