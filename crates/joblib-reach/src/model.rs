//! What a package is made of, as far as its tokens tell: files, scopes, items and declarations `use`.

use crate::map::{Map, Set};
use std::cell::OnceCell;
use std::path::PathBuf;
use std::rc::Rc;

use crate::lexer::{Name, Names};
use crate::source::Source;

pub(crate) type FileId = usize;
pub(crate) type ItemId = usize;
pub(crate) type ScopeId = usize;
pub(crate) type CrateId = usize;

/// Tokens of one file, from the first to behind the last.
pub(crate) type Range = (usize, usize);

#[derive(Debug)]
pub(crate) struct File {
    pub(crate) path: PathBuf,
    pub(crate) source: Rc<Source>,
    /// The scope of the module whose file it is.
    pub(crate) scope: ScopeId,
    /// The items in it.
    pub(crate) items: Vec<ItemId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum ItemKind {
    Function,
    /// A constant or a static.
    Value,
    /// A struct, an enum or a union.
    Type,
    Alias,
    Trait,
    Impl,
    /// `macro_rules!`
    Macro,
    /// A call of a macro where items stand: what it defines is not known.
    Call,
    Module,
    /// What is none of these: `extern` blocks, items of later editions.
    Other,
}

#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) kind: ItemKind,
    pub(crate) name: Option<Name>,
    pub(crate) file: FileId,
    /// The attributes before it.
    pub(crate) attributes: Range,
    /// Visibility and all that follows.
    pub(crate) visible: usize,
    /// What follows the visibility.
    pub(crate) range: Range,
    /// What stands between its braces.
    pub(crate) body: Option<Range>,
    /// The scope that it is declared in.
    pub(crate) scope: ScopeId,
    /// The trait or the implementation that it is a member of.
    pub(crate) parent: Option<ItemId>,
    pub(crate) members: Vec<ItemId>,
    /// Scopes of blocks in it, outer ones first.
    pub(crate) blocks: Vec<ScopeId>,
    /// Of an implementation: the path of its trait.
    pub(crate) of_trait: Option<Range>,
    /// Of an implementation: the type that it is for.
    pub(crate) of_type: Option<Range>,
    /// The attributes of the `extern` block that it stands in.
    pub(crate) outer: Range,
    pub(crate) visibility: Visibility,
    /// Whether it may be missing: there is a `#[cfg]` on it.
    pub(crate) conditional: bool,
    /// Whether it has an attribute or a derive that is not built in, and so may generate other items.
    pub(crate) is_foreign: bool,
}

/// Where a declaration can be named, by what stands before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Visibility {
    /// `pub`, and what is not known to be less.
    Public,
    /// `pub(crate)`
    Crate,
    /// `pub(super)`
    Super,
    /// `pub(in path)`
    In(ScopeId),
    /// Nothing.
    Private,
}

/// Where names are looked up: a module, or a block that declares items.
#[derive(Debug)]
pub(crate) struct Scope {
    pub(crate) krate: CrateId,
    pub(crate) parent: Option<ScopeId>,
    pub(crate) is_module: bool,
    pub(crate) file: FileId,
    pub(crate) range: Range,
    /// The function that the block is in.
    pub(crate) owner: Option<ItemId>,
    pub(crate) items: Map<Name, Vec<ItemId>>,
    pub(crate) modules: Map<Name, Vec<ScopeId>>,
    pub(crate) uses: Vec<Use>,
    pub(crate) calls: Vec<ItemId>,
    /// Attributes of the module and of declarations in it that are no items, where conditions may stand.
    pub(crate) attributes: Vec<(FileId, Range)>,
    /// Those of the module itself.
    pub(crate) own_attributes: Vec<(FileId, Range)>,
    pub(crate) visibility: Visibility,
    /// The module as an item, if attributes of it may change what it holds.
    pub(crate) item: Option<ItemId>,
    /// Items with attributes that may write other items.
    pub(crate) makers: Vec<ItemId>,
    /// Whether the module may be missing.
    pub(crate) conditional: bool,
    /// The call of a macro that made what stands here, and nothing else that is in a file.
    pub(crate) maker: Option<ItemId>,
}

/// One name that a declaration `use` brings, or all of a module's.
#[derive(Debug, Clone)]
pub(crate) struct Use {
    pub(crate) path: Vec<Name>,
    pub(crate) absolute: bool,
    pub(crate) brings: Brings,
    /// Whether it brings no values and no macros: `use path::{self}`.
    pub(crate) is_module: bool,
    pub(crate) visibility: Visibility,
    /// Its attributes and path, if there is a `#[cfg]` on it: it may be missing.
    pub(crate) condition: Option<Rc<str>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Brings {
    Name(Name),
    All,
    /// `as _`
    Trait,
}

#[derive(Debug)]
pub(crate) struct Crate {
    pub(crate) name: String,
    pub(crate) root: ScopeId,
    /// Whether it belongs to the package that is compiled.
    pub(crate) is_own: bool,
    /// Crates whose sources are at hand, by the names that this one has for them: the root file and the manifest's folder.
    pub(crate) externs: Map<Name, (PathBuf, PathBuf)>,
    pub(crate) folder: PathBuf,
    /// The names that its code has for all crates that its manifest names.
    pub(crate) dependencies: Set<Name>,
    /// Whether its functions write code for the crates that use it.
    pub(crate) is_proc_macro: bool,
    /// Whether it has code that can't be found from here, such as what its build script wrote.
    pub(crate) is_opaque: bool,
    /// Crates whose macros and derives it has everywhere: `#[macro_use] extern crate`.
    pub(crate) macro_use: Vec<Name>,
    /// The edition that its manifest names; the compiler is asked for that of the crate that is compiled.
    pub(crate) edition: String,
    /// The names that `extern crate` gives to crates in all of it, and those of the crates.
    pub(crate) extern_names: Map<Name, Name>,
    /// What could not be read of it, as long as no path led there.
    pub(crate) unread: Vec<String>,
}

impl Crate {
    /// The environment variables that its compiler sees, as far as they are known.
    pub(crate) fn environment(&self) -> impl Fn(&str) -> Option<String> + use<> {
        let folder = (!self.is_own).then(|| self.folder.display().to_string());
        move |name| match &folder {
            None => std::env::var(name).ok(),
            Some(folder) => (name == "CARGO_MANIFEST_DIR").then(|| folder.clone()),
        }
    }
}

/// All that was read so far.
#[derive(Debug, Default)]
pub(crate) struct Model {
    pub(crate) names: Names,
    pub(crate) files: Vec<File>,
    pub(crate) items: Vec<Item>,
    pub(crate) scopes: Vec<Scope>,
    pub(crate) crates: Vec<Crate>,
    /// `macro_rules!` of all crates, by name.
    pub(crate) macros: Map<Name, Vec<ItemId>>,
    pub(crate) impls: Vec<ItemId>,
    /// Types by the traits that they derive.
    pub(crate) derived: Map<Name, Vec<ItemId>>,
    /// Calls of macros where items stand, in all scopes.
    pub(crate) calls: Vec<ItemId>,
    /// Members of traits, by name.
    pub(crate) trait_members: Map<Name, Vec<ItemId>>,
    /// Functions and values with attributes that are not built in.
    pub(crate) attributed: Vec<ItemId>,
    /// Calls of macros in blocks.
    pub(crate) block_calls: Vec<ItemId>,
    /// Calls of macros that are members of traits.
    pub(crate) trait_calls: Vec<ItemId>,
    /// Packages at hand that the root of the workspace puts in the place of others, for all crates: names and folders.
    pub(crate) patches: Vec<(String, PathBuf)>,
    /// The files that the build script wrote, listed when they are asked for.
    pub(crate) written: OnceCell<Vec<PathBuf>>,
    /// Modules whose file was not found or could not be read, and why.
    pub(crate) unread: Vec<String>,
}

impl Model {
    pub(crate) fn push(&mut self, item: Item) {
        let id = self.items.len();
        if let Some(file) = self.files.get_mut(item.file) {
            file.items.push(id);
        }
        self.items.push(item);
    }

    /// The innermost item of a file that a token is in.
    pub(crate) fn innermost(&self, file: FileId, at: usize) -> Option<ItemId> {
        let contains = |item: &ItemId| {
            let item = &self.items[*item];
            (item.attributes.0..item.range.1).contains(&at)
        };
        let inside = self.files[file].items.iter().copied().filter(contains);
        inside.max_by_key(|item| self.items[*item].attributes.0)
    }

    pub(crate) fn source(&self, item: ItemId) -> &Rc<Source> {
        &self.files[self.items[item].file].source
    }

    /// The module that a scope is in.
    pub(crate) fn module_of(&self, mut scope: ScopeId) -> ScopeId {
        while !self.scopes[scope].is_module {
            match self.scopes[scope].parent {
                Some(parent) => scope = parent,
                None => break,
            }
        }
        scope
    }
}
