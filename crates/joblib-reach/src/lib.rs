#![doc = include_str!("../README.md")]

mod compilation;
mod compiled;
mod depends;
mod hash;
mod impls;
mod lexer;
mod literal;
mod load;
mod locate;
mod macros;
mod manifest;
mod map;
mod meaning;
mod model;
mod named_files;
mod normal;
mod parse;
mod patched;
mod paths;
mod reach;
mod references;
mod resolve;
mod sight;
mod source;
mod standard_macros;
mod texts;
mod values;
mod visibility;

use std::fmt;
use std::path::{Path, PathBuf};

pub use depends::Misplaced;
pub use hash::{Digester, digest};
pub use locate::{Place, Within};
pub use normal::without_name;
pub use reach::Reached;

use compilation::Compilation;
use lexer::Names;
use reach::Knowledge;
use source::Source;
use values::Value;

/// The sources of the crate that is compiled, and of those at hand that its code leads to.
#[derive(Debug)]
pub struct Index {
    known: Knowledge,
    compilation: Compilation,
    folder: PathBuf,
    is_code: fn(&str) -> bool,
    /// The types whose name is not theirs alone, and how many items were known then.
    ambiguous: (usize, Vec<String>),
    /// Crates at hand that only crates from elsewhere use, through a patch: which of their items count is not seen.
    patched: Vec<Reached>,
}

/// Why sources can't be seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unseen(String);

impl fmt::Display for Unseen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unseen {}

/// What counts as the code of one function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    /// One digest of everything that was seen.
    pub digest: u128,
    /// The items that count; the first is the function itself.
    pub items: Vec<Reached>,
    /// Conditions whose outcome counts, as they stand in `cfg!(…)`.
    pub conditions: Vec<String>,
    /// Names of environment variables whose value at compile time counts.
    pub variables: Vec<String>,
    /// Functions of the same name that come before this one in the function around them.
    pub ordinal: usize,
    /// Where it stands.
    pub within: Within,
}

impl Index {
    /// Reads the crate that this process, a compiler, is compiling. `folder` is that of its package's manifest, and `is_code`
    /// says which options of an attribute are code.
    ///
    /// # Errors
    ///
    /// Returns an error if the crate's root file is not known, or if a file can't be read or divided into tokens.
    pub fn of_compilation(folder: &Path, is_code: fn(&str) -> bool) -> Result<Self, Unseen> {
        let compilation = Compilation::of_process();
        let root =
            compilation.root.clone().ok_or_else(|| Unseen("the compiler names no source file".to_owned()))?;
        let name = compilation.crate_name.clone();
        let mut index = Self::of_crate(&name, &root, folder, is_code)?;
        index.compilation = compilation;
        Ok(index)
    }

    /// Reads the crate with this root file.
    ///
    /// # Errors
    ///
    /// Returns an error if a file can't be read or divided into tokens.
    pub fn of_crate(
        name: &str,
        root: &Path,
        folder: &Path,
        is_code: fn(&str) -> bool,
    ) -> Result<Self, Unseen> {
        let mut known = Knowledge::default();
        load::load(&mut known.model, name, root, folder, true).map_err(Unseen)?;
        load::everything(&mut known.model);
        let patched = patched::below_others(&known.model);
        let index = Self {
            known,
            compilation: Compilation::default(),
            folder: folder.to_owned(),
            is_code,
            ambiguous: (0, Vec::new()),
            patched,
        };
        index.check()?;
        Ok(index)
    }

    fn check(&self) -> Result<(), Unseen> {
        self.known.model.unread.first().map_or(Ok(()), |reason| Err(Unseen(reason.clone())))
    }

    /// The code of the function at a place; `tokens` gives its own, for one that a macro makes. With `nameless` the function's
    /// own name does not count.
    ///
    /// # Errors
    ///
    /// Returns an error if the place is in none of the crate's files, or if a file that counts can't be read.
    pub fn code(
        &mut self,
        place: &Place<'_>,
        tokens: &dyn Fn() -> String,
        nameless: bool,
    ) -> Result<Code, Unseen> {
        let located = locate::locate(&mut self.known.model, place, tokens)
            .filter(|located| !located.roots.is_empty())
            .ok_or_else(|| Unseen(format!("{} is not a file of this crate", place.file.display())))?;
        let within = locate::within(&self.known.model, &located);
        let walked = reach::walk(&mut self.known, &located.roots, nameless, self.is_code);
        self.check()?;
        let mut digester = Digester::default();
        digester.number(walked.digest);
        // What code means changes with the edition.
        digester.text(&self.compilation.edition);
        let (mut conditions, mut variables) = (Vec::new(), Vec::new());
        for value in walked.values {
            match value {
                Value::Condition(condition) => conditions.push(condition),
                Value::Variable(name) => variables.push(name),
                Value::File(_) | Value::Folder(_) => {}
                Value::Unknown => {
                    self.compilation.conditions.iter().for_each(|condition| digester.text(condition));
                    digester.text(&self.compilation.target);
                    self.compilation.codegen.iter().for_each(|option| digester.text(option));
                    conditions.push("debug_assertions".to_owned());
                }
            }
        }
        if !walked.foreign.is_empty() {
            self.foreign(&mut digester)?;
        }
        let mut items = walked.items;
        for krate in &self.patched {
            digester.number(krate.digest);
            items.push(krate.clone());
        }
        conditions.dedup();
        Ok(Code { digest: digester.finish(), items, conditions, variables, ordinal: located.ordinal, within })
    }

    /// What the item is declared in whose attribute stands at this place. `None` if the place is in none of the crate's files.
    pub fn within(&self, place: &Place<'_>) -> Option<Within> {
        locate::within_at(&self.known.model, place)
    }

    /// What is wrong with each of the paths in the `depends(…)` of the attribute at this place, as far as the sources tell. A path is
    /// names with `::` in between, without generic arguments.
    pub fn misplaced(&mut self, place: &Place<'_>, paths: &[String]) -> Vec<Option<Misplaced>> {
        depends::misplaced(&mut self.known, place, paths)
    }

    /// Adds the compiled form of crates at hand: what their compilers saw of conditions and variables is in there.
    fn foreign(&mut self, digester: &mut Digester) -> Result<(), Unseen> {
        let mut names: Vec<String> = Vec::new();
        for krate in &self.known.model.crates {
            names.extend(krate.externs.keys().map(|name| self.known.model.names.text(*name).to_owned()));
        }
        for (name, path) in &self.compilation.externs {
            if names.contains(name) {
                let content =
                    std::fs::read(path).map_err(|error| Unseen(format!("{}: {error}", path.display())))?;
                digester.text(name);
                compiled::add(&content, digester);
            }
        }
        Ok(())
    }

    /// Types of the crates read so far whose name does not tell them apart, as ends of a path: declared twice in one function.
    pub fn ambiguous_types(&mut self) -> Vec<String> {
        let items = self.known.model.items.len();
        if self.ambiguous.0 != items {
            self.ambiguous = (items, locate::ambiguous_types(&self.known.model));
        }
        self.ambiguous.1.clone()
    }

    /// A line for each package from elsewhere that this one is built with: name, version and checksum as they are locked.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no `Cargo.lock`.
    pub fn locked(&self) -> Result<Vec<String>, Unseen> {
        manifest::locked(&self.folder).ok_or_else(|| Unseen("there is no Cargo.lock".to_owned()))
    }
}

/// The locked packages of the package in `folder`; see [`Index::locked`].
///
/// # Errors
///
/// Returns an error if there is no `Cargo.lock`.
pub fn locked(folder: &Path) -> Result<Vec<String>, Unseen> {
    manifest::locked(folder).ok_or_else(|| Unseen("there is no Cargo.lock".to_owned()))
}

/// The normal form of code: the same for code that differs in comments and layout only. `None` if it can't be divided into tokens.
pub fn normal_form(code: &str, is_code: fn(&str) -> bool) -> Option<String> {
    let mut names = Names::default();
    let source = Source::new(code.to_owned(), &mut names).ok()?;
    let no_macro = |_| false;
    let rules = normal::Rules {
        names: &names,
        own_macro: &no_macro,
        prints: &no_macro,
        is_code: &is_code,
        docs: false,
    };
    Some(normal::normal(&source, 0, source.tokens.len(), rules))
}
