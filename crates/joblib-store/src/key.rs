//! What a result is stored under: a function, a version of its code, and a call. Names on disk are made here, short and
//! portable whatever the function is called.

use std::fmt::{self, Write as _};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// A function and one version of its code.
///
/// ```
/// use joblib_store::FunctionVersion;
///
/// let version = FunctionVersion::new("flights::model::fit", 0x2a, "fn fit() { … }");
/// assert_eq!(version.function(), "flights::model::fit");
/// assert_eq!((version.code(), version.source()), (0x2a, "fn fit() { … }"));
/// // Names on disk, for stores that use the disk.
/// assert!(version.function_folder().starts_with("fit-"));
/// assert_eq!(version.code_folder(), "000000000000002a");
/// assert_eq!(version.path(), format!("{}/{}", version.function_folder(), version.code_folder()));
/// ```
#[derive(Debug)]
pub struct FunctionVersion {
    function: String,
    code: u128,
    source: String,
    path: String,
    split: usize,
}

impl FunctionVersion {
    /// The function named `function` (its whole path), whose code has the hash `code` and the readable form `source`.
    pub fn new(function: impl Into<String>, code: u128, source: impl Into<String>) -> Arc<Self> {
        let function = function.into();
        let mut path = folder_name(&function);
        let split = path.len();
        // Sixty-four bits tell versions of one function apart. Writing to a `String` does not fail.
        let _ = write!(path, "/{:016x}", (code >> 64) as u64 ^ code as u64);
        Arc::new(Self { function, code, source: source.into(), path, split })
    }

    /// The function's whole name.
    pub fn function(&self) -> &str {
        &self.function
    }

    /// The hash of its code.
    pub fn code(&self) -> u128 {
        self.code
    }

    /// Its code in human-readable form.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// A relative path of two short portable names: the function's folder and the version's in it.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The first name in [`path`](Self::path): the function's folder.
    pub fn function_folder(&self) -> &str {
        &self.path[..self.split]
    }

    /// The second name in [`path`](Self::path): the folder of the code's version.
    pub fn code_folder(&self) -> &str {
        &self.path[self.split + 1..]
    }
}

/// The readable form of the code is not compared, because it is known only in the program that was compiled from it.
impl PartialEq for FunctionVersion {
    fn eq(&self, other: &Self) -> bool {
        self.code == other.code && self.function == other.function
    }
}

impl Eq for FunctionVersion {}

impl Hash for FunctionVersion {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.function.hash(state);
        self.code.hash(state);
    }
}

/// The key of a stored result.
///
/// ```
/// use joblib_store::{FunctionVersion, Key};
///
/// let key = Key::new(&FunctionVersion::new("demo::fit", 1, "fn fit() {}"), [7; 16]);
/// assert_eq!(key.version().function(), "demo::fit");
/// assert_eq!(key.call(), &[7; 16]);
/// assert_eq!(key.call_hex(), "07".repeat(16));
/// ```
#[derive(Clone)]
pub struct Key {
    version: Arc<FunctionVersion>,
    call: [u8; 16],
    mappable: bool,
}

impl Key {
    /// The call with the digest `call` of a function.
    pub fn new(version: &Arc<FunctionVersion>, call: [u8; 16]) -> Self {
        Self { version: Arc::clone(version), call, mappable: false }
    }

    /// The function and its code.
    pub fn version(&self) -> &Arc<FunctionVersion> {
        &self.version
    }

    /// The digest of the call.
    pub fn call(&self) -> &[u8; 16] {
        &self.call
    }

    /// Requests a result that can be mapped: a store that packs small results stores it in a separate file. This does not
    /// affect the equality of keys.
    ///
    /// ```
    /// use joblib_store::{FunctionVersion, Key};
    ///
    /// let key = Key::new(&FunctionVersion::new("demo::fit", 1, "fn fit() {}"), [7; 16]);
    /// assert_eq!(key.clone().mappable(true), key);
    /// ```
    #[must_use]
    pub fn mappable(mut self, mappable: bool) -> Self {
        self.mappable = mappable;
        self
    }

    /// Returns `true` if the result is to be stored in a separate file.
    pub fn is_mappable(&self) -> bool {
        self.mappable
    }

    /// The digest of the call in hexadecimal: 32 digits.
    pub fn call_hex(&self) -> String {
        let mut text = String::with_capacity(32);
        push_hex(&mut text, &self.call);
        text
    }
}

/// Compares everything except whether the result can be mapped.
impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.call == other.call && self.version == other.version
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.version.hash(state);
        self.call.hash(state);
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({} {:032x} {})", self.version.function, self.version.code, self.call_hex())
    }
}

pub(crate) fn push_hex(text: &mut String, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
}

pub(crate) fn parse_hex(text: &str) -> Option<[u8; 16]> {
    if text.len() != 32 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; 16];
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

/// The last part of the function's name, to be read, and a hash of the whole name, to be unique.
fn folder_name(function: &str) -> String {
    let last = function.rsplit("::").next().unwrap_or(function);
    let mut name: String = last
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() || letter == '_' { letter } else { '_' })
        .take(32)
        .collect();
    // Writing to a `String` does not fail.
    let _ = write!(name, "-{:016x}", fnv64(function.as_bytes()));
    name
}

/// FNV-1a with 64 bits. It names folders and finds torn records; nothing depends on its being hard to forge, as the
/// call's digest includes the function.
pub(crate) fn fnv64(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_on_disk_are_short_and_portable_whatever_the_function_is_called() {
        let version = FunctionVersion::new(format!("k::<{}>::é/..\\", "x".repeat(4000)), 1, "");
        assert!(version.path().len() < 70);
        assert!(version.path().bytes().all(|b| b.is_ascii_alphanumeric() || b"-_/".contains(&b)));
    }

    #[test]
    fn hexadecimal_reads_back() {
        let key = Key::new(&FunctionVersion::new("f", 1, ""), *b"0123456789abcdef");
        assert_eq!(parse_hex(&key.call_hex()), Some(*key.call()));
        assert_eq!(parse_hex("zz"), None);
    }
}
