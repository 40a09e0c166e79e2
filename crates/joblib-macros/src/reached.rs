//! What counts as the code of a function beside its own tokens, as the index of sources tells.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use joblib_reach::{Index, Misplaced, Place, Unseen, Within, digest};
use proc_macro2::{Span, TokenStream, TokenTree};

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

/// The file, line and column of a token. `None` where it has none.
fn place(span: Span) -> Option<(PathBuf, usize, usize)> {
    // Unit tests run outside of a compiler.
    if !proc_macro::is_available() {
        return None;
    }
    // Not an `Option`'s: it converts to the compiler's own span, and does not panic inside of one.
    let span = span.unwrap();
    Some((span.local_file()?, span.line(), span.column()))
}

/// The places of tokens that a macro was given, one in each file: where the macro is of another crate, they tell where it is
/// called.
fn places_given(tokens: &TokenStream) -> Vec<(PathBuf, usize, usize)> {
    let mut found: Vec<(PathBuf, usize, usize)> = Vec::new();
    let mut waiting: Vec<TokenStream> = vec![tokens.clone()];
    while let Some(tokens) = waiting.pop() {
        for token in tokens {
            if let TokenTree::Group(group) = &token {
                waiting.push(group.stream());
            }
            let Some(place) = place(token.span()) else { continue };
            if found.iter().all(|(file, ..)| *file != place.0) {
                found.push(place);
            }
        }
    }
    found
}

/// Where the attribute stands, as the compiler tells it for messages.
pub(crate) fn told_place() -> String {
    if !proc_macro::is_available() {
        return String::new();
    }
    // As in `place`: a conversion, which can't fail inside of a compiler.
    let span = Span::call_site().unwrap();
    let file = PathBuf::from(span.file());
    format!("{}:{}", file.strip_prefix(folder()).unwrap_or(&file).display(), span.line())
}

/// The folder of the package's manifest.
fn folder() -> PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(PathBuf::new, PathBuf::from)
}

/// What a function reaches, or why that can't be seen.
pub(crate) fn of_function(name: &str, tokens: &TokenStream, nameless: bool) -> Result<Reached, String> {
    let mut reason = "a macro of another crate made the function".to_owned();
    let here = place(Span::call_site()).into_iter();
    // What a macro of another crate made is where the macro was given tokens.
    let given = std::iter::once_with(|| places_given(tokens)).flatten();
    for place in here.chain(given) {
        match at_place(name, tokens, nameless, &place) {
            Ok(reached) => return Ok(reached),
            Err(error) => reason = error.to_string(),
        }
    }
    Err(reason)
}

/// What the item is declared in that the attribute stands on, where the sources tell.
pub(crate) fn within() -> Within {
    let Some((file, line, column)) = place(Span::call_site()) else { return Within::Unknown };
    let place = Place { file: &file, line, column };
    with_index(|index| Ok(index.within(&place))).ok().flatten().unwrap_or(Within::Unknown)
}

/// What is wrong with each path of `depends(…)`, as far as the sources tell.
pub(crate) fn misplaced(paths: &[String]) -> Vec<Option<Misplaced>> {
    let unknown = || vec![None; paths.len()];
    let Some((file, line, column)) = place(Span::call_site()) else { return unknown() };
    let place = Place { file: &file, line, column };
    with_index(|index| Ok(index.misplaced(&place, paths))).unwrap_or_else(|_| unknown())
}

fn at_place(
    name: &str,
    tokens: &TokenStream,
    nameless: bool,
    (file, line, column): &(PathBuf, usize, usize),
) -> Result<Reached, Unseen> {
    let place = Place { file, line: *line, column: *column };
    let (code, ambiguous) = with_index(|index| {
        let code = index.code(&place, &|| tokens.to_string(), nameless)?;
        Ok((code, index.ambiguous_types()))
    })?;
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
    let before = others_at(&format!("{} {line} {column} {name}", file.display()));
    Ok(Reached {
        digest: code.digest,
        conditions: code.conditions.iter().filter_map(|condition| condition.parse().ok()).collect(),
        variables: code.variables,
        listing,
        within: code.within,
        ordinal: code.ordinal + before,
        ambiguous,
    })
}

/// How many functions came from a place before this one.
fn others_at(place: &str) -> usize {
    PLACES.with_borrow_mut(|places| {
        let count = places.entry(place.to_owned()).or_default();
        *count += 1;
        *count - 1
    })
}

/// Of a function whose place is not known: how many of its name came before it.
pub(crate) fn ordinal_of_unseen(name: &str) -> usize {
    others_at(&format!("unseen {name}"))
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
    let Some((file, line, column)) = place(Span::call_site()) else { return false };
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

/// Whether nothing was said yet of sources that can't be seen.
pub(crate) fn is_first_unseen() -> bool {
    others_at("unseen") == 0
}
