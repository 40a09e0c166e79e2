//! What counts as the code of a function beside its own tokens, as the index of sources tells.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use joblib_reach::{Index, Place, Unseen, Within, digest};
use proc_macro2::{Span, TokenStream};

use crate::options::is_code;

/// What the sources tell of one function.
pub(crate) struct Reached {
    /// Of everything that was seen.
    pub(crate) digest: u128,
    /// Conditions and variables whose values the generated code asks the compiler for.
    pub(crate) conditions: Vec<TokenStream>,
    pub(crate) variables: Vec<String>,
    /// A line for each item that counts.
    pub(crate) listing: String,
    /// What the function is declared in.
    pub(crate) within: Within,
    /// Functions of the same name that come before it in the same place.
    pub(crate) ordinal: usize,
    /// Types whose name does not tell them apart.
    pub(crate) ambiguous: Vec<String>,
}

thread_local! {
    /// The index of the crate that this process compiles: read once.
    static INDEX: RefCell<Option<Result<Index, Unseen>>> = const { RefCell::new(None) };
    /// Places that several functions come from, through a macro; and names that attributes give.
    static PLACES: RefCell<HashMap<String, usize>> = RefCell::default();
}

/// The attribute's file, line and column. `None` where it has none, as in what another crate's macro made.
fn place() -> Option<(PathBuf, usize, usize)> {
    // Unit tests run outside of a compiler.
    if !proc_macro::is_available() {
        return None;
    }
    // Not an `Option`'s: it converts to the compiler's own span, and does not panic inside of one.
    let span = Span::call_site().unwrap();
    Some((span.local_file()?, span.line(), span.column()))
}

/// The folder of the package's manifest.
fn folder() -> PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(PathBuf::new, PathBuf::from)
}

/// What a function reaches. Where sources can't be seen there is a note, once, and `None`.
pub(crate) fn of_function(name: &str, tokens: &TokenStream, nameless: bool) -> Option<Reached> {
    let (file, line, column) = place()?;
    let place = Place { file: &file, line, column };
    let found = with_index(|index| {
        let code = index.code(&place, &|| tokens.to_string(), nameless)?;
        Ok((code, index.ambiguous_types()))
    });
    let (code, ambiguous) = match found {
        Ok(found) => found,
        Err(reason) => {
            note(&reason);
            return None;
        }
    };
    let mut listing = String::new();
    for item in &code.items {
        let file = Path::new(&item.file);
        let file = file.strip_prefix(folder()).unwrap_or(file).display();
        let short = (item.digest >> 64) as u64;
        // Writing to a `String` does not fail.
        let _ = match item.line {
            0 => writeln!(listing, "{short:016x}\t{}\t{file}", item.name),
            line => writeln!(listing, "{short:016x}\t{}\t{file}:{line}", item.name),
        };
    }
    let key = format!("{} {line} {column} {name}", file.display());
    let before = PLACES.with_borrow_mut(|places| {
        let count = places.entry(key).or_default();
        *count += 1;
        *count - 1
    });
    Some(Reached {
        digest: code.digest,
        conditions: code.conditions.iter().filter_map(|condition| condition.parse().ok()).collect(),
        variables: code.variables,
        listing,
        within: code.within,
        ordinal: code.ordinal + before,
        ambiguous,
    })
}

/// A digest of what tells this package from another of its name: where its manifest is.
pub(crate) fn package_digest() -> u128 {
    digest(&folder().display().to_string())
}

/// A digest of the versions that `Cargo.lock` has of packages from elsewhere.
pub(crate) fn locked_digest() -> Result<u128, String> {
    let locked = joblib_reach::locked(&folder()).map_err(|error| error.to_string())?;
    Ok(digest(&locked.join("\n")))
}

/// Notes that a function has this whole name; whether another one has it, at another place.
pub(crate) fn name_is_taken(name: &str) -> bool {
    let Some((file, line, column)) = place() else { return false };
    let at = digest(&format!("{} {line} {column}", file.display())) as usize;
    PLACES.with_borrow_mut(|places| *places.entry(format!("name {name}")).or_insert(at) != at)
}

/// What stands before a function's path: the package, where the crate is called otherwise.
pub(crate) fn package() -> String {
    let package = std::env::var("CARGO_PKG_NAME").unwrap_or_default().replace('-', "_");
    let krate = std::env::var("CARGO_CRATE_NAME").unwrap_or_default();
    if package.is_empty() || package == krate { String::new() } else { format!("{package}::") }
}

fn with_index<T>(then: impl FnOnce(&mut Index) -> Result<T, Unseen>) -> Result<T, Unseen> {
    INDEX.with_borrow_mut(|index| {
        let index = index.get_or_insert_with(|| Index::of_compilation(&folder(), is_code));
        then(index.as_mut().map_err(|error| error.clone())?)
    })
}

#[allow(clippy::print_stderr, reason = "a note of the compiler, for which there is no stable interface")]
fn note(reason: &Unseen) {
    thread_local! {
        static NOTED: RefCell<bool> = const { RefCell::new(false) };
    }
    if !NOTED.replace(true) {
        eprintln!(
            "note: joblib: {reason}; only their own tokens count as the code of functions with `#[cached]` here (see `code = \"own\"`)"
        );
    }
}
