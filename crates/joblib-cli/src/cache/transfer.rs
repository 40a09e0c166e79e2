//! The file that carries a function's results from one cache to another: a file of joblib in the native format,
//! whose first value is a [`Header`] and whose others are an [`Exported`] each.

use serde::{Deserialize, Serialize};

/// What the first value calls such a file.
pub(crate) const FORMAT: &str = "joblib cache export";
/// The version of this layout.
pub(crate) const VERSION: u32 = 1;

/// What the file holds.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Header {
    pub(crate) format: String,
    pub(crate) version: u32,
    pub(crate) function: String,
    pub(crate) results: u64,
    /// The versions of the function's code, of which each result names one by its place.
    pub(crate) versions: Vec<CodeVersion>,
}

/// A version of the function's code.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct CodeVersion {
    /// The hash of the code, in hexadecimal.
    pub(crate) code: String,
    pub(crate) source: String,
    pub(crate) current: bool,
}

/// A result.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Exported {
    /// Its place in the list of versions.
    pub(crate) version: u32,
    pub(crate) call: [u8; 16],
    /// The bytes that the store has.
    pub(crate) entry: Vec<u8>,
}
