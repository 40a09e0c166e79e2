//! Where `#[cached]` describes a function once and for all.

use super::code::Code;
use super::options::CallOptions;

/// What `#[cached]` knows of a function.
#[doc(hidden)]
#[derive(Debug)]
pub struct Site {
    pub module: &'static str,
    pub name: &'static str,
    pub file: &'static str,
    pub line: u32,
    /// The function's own code.
    pub own: Code,
    /// Own code, dependencies and version.
    pub code: Code,
    pub source: &'static str,
    pub depends: &'static [(&'static str, Code)],
    pub options: CallOptions,
}
