//! What the attributes say, as data.

use proc_macro2::{Span, TokenStream};
use syn::{Expr, LitBool, LitStr, Path};

/// What is kept of a returned value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    All,
    Ok,
    Some,
}

/// What a method's `self` means for the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnSelf {
    Hash,
    Ignore,
}

/// What counts as a function's code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// The function and all that it reaches.
    Reach,
    /// The function's own tokens.
    Own,
}

/// The options as written, each with its place.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) krate: Option<Path>,
    pub(crate) ignore: Vec<LitStr>,
    pub(crate) key: Option<Expr>,
    /// Files that the result depends on, beside the arguments.
    pub(crate) files: Vec<Expr>,
    pub(crate) depends: Vec<Dependency>,
    /// Whether the versions of packages from elsewhere count: `depends(crates)`.
    pub(crate) crates: Option<Span>,
    pub(crate) version: Option<String>,
    pub(crate) code: Option<Extent>,
    pub(crate) name: Option<LitStr>,
    pub(crate) memory: Option<Expr>,
    pub(crate) mmap_mode: Option<Expr>,
    pub(crate) verify_mapped: Option<Span>,
    pub(crate) hasher: Option<Expr>,
    /// Bytes.
    pub(crate) in_memory: Option<u64>,
    pub(crate) compress: Option<Expr>,
    pub(crate) verbose: Option<Expr>,
    pub(crate) expires_after: Option<Expires>,
    pub(crate) validate: Option<Expr>,
    pub(crate) redact: Option<Span>,
    pub(crate) replay: Option<Span>,
    pub(crate) keep: Option<(Keep, Span)>,
    pub(crate) on_self: Option<(OnSelf, Span)>,
    pub(crate) associated: Option<Span>,
    pub(crate) companions: Option<LitBool>,
}

/// How long results stay valid.
pub(crate) enum Expires {
    /// Seconds, written as numbers.
    Seconds(f64),
    /// A constant expression of type `Duration`.
    Duration(Box<Expr>),
}

/// Which attribute is being read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attribute {
    Cached,
    Tracked,
    Task,
}

/// What `depends(…)` names.
pub(crate) struct Dependency {
    pub(crate) path: Path,
    /// The conditions under which it is there, each of a `#[cfg]`.
    pub(crate) conditions: Vec<TokenStream>,
}

impl From<Path> for Dependency {
    fn from(path: Path) -> Self {
        Self { path, conditions: Vec::new() }
    }
}
