//! The names of objects, and how claims and results are told apart.

use std::fmt::Write as _;

use object_store::path::Path;

use super::location::Location;
use crate::holder::Holder;
use crate::key::{FunctionVersion, Key, fnv64, parse_hex};

/// The size of a claim, which no result has.
const CLAIM: usize = 512;
const MAGIC: &str = "joblib claim 1";

/// The names of one store's objects.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    root: Path,
}

impl Layout {
    pub(super) fn new(location: &Location) -> Self {
        Self { root: Path::from(location.prefix.as_str()).join("joblib-rs").join("1") }
    }

    pub(super) fn format(&self) -> Path {
        self.root.clone().join("format")
    }

    pub(super) fn results(&self) -> Path {
        self.root.clone().join("r")
    }

    /// All results of a function.
    pub(super) fn results_of(&self, function: &str) -> Path {
        self.results().join(FunctionVersion::new(function, 0, "").function_folder())
    }

    pub(super) fn result(&self, key: &Key) -> Path {
        let mut name = key.call_hex();
        name.push_str(".joblib");
        Self::in_version(self.results(), key.version()).join(name)
    }

    pub(super) fn claims(&self) -> Path {
        self.root.clone().join("c")
    }

    /// The claim on a result that is there.
    pub(super) fn claim(&self, key: &Key) -> Path {
        Self::in_version(self.claims(), key.version()).join(key.call_hex())
    }

    pub(super) fn functions(&self) -> Path {
        self.root.clone().join("f")
    }

    pub(super) fn version(&self, version: &FunctionVersion) -> Path {
        Self::in_version(self.functions(), version)
    }

    pub(super) fn current(&self, version: &FunctionVersion) -> Path {
        self.functions().join(version.function_folder()).join("current")
    }

    pub(super) fn notes(&self) -> Path {
        self.root.clone().join("u")
    }

    pub(super) fn summary(&self) -> Path {
        self.notes().join("summary")
    }

    /// What a check writes and deletes.
    pub(super) fn checks(&self) -> Path {
        self.root.clone().join("check")
    }

    pub(super) fn sweep(&self) -> Path {
        self.root.clone().join("sweep")
    }

    fn in_version(folder: Path, version: &FunctionVersion) -> Path {
        folder.join(version.function_folder()).join(version.code_folder())
    }
}

/// The folders of the function and the code, and the call, of a result's name.
pub(super) fn parse_result(path: &Path) -> Option<(String, String, [u8; 16])> {
    let mut names = path.as_ref().rsplit('/');
    let call = parse_hex(names.next()?.strip_suffix(".joblib")?)?;
    let code = names.next()?.to_owned();
    Some((names.next()?.to_owned(), code, call))
}

/// What notes know an object by.
pub(super) fn id(path: &Path) -> u64 {
    fnv64(path.as_ref().as_bytes())
}

/// Whether an object of this size is a claim.
pub(super) fn is_claim(size: u64) -> bool {
    size == CLAIM as u64
}

/// The bytes that follow a result of this size, such that no object of a result has the size of a claim.
pub(super) fn end_of(bytes: u64) -> &'static [u8] {
    if bytes < CLAIM as u64 - 1 { b"\n" } else { b"\n\n" }
}

/// The size of the result in an object of this size, which is not a claim's.
pub(super) fn size_of_result(object: u64) -> u64 {
    object.saturating_sub(if object < CLAIM as u64 { 1 } else { 2 })
}

/// What a claim says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ClaimText {
    /// It was given back.
    Free,
    /// Who holds it, and which of that process's claims it is.
    Held { holder: Holder, token: u64 },
    /// It can't be read.
    Unknown,
}

/// A claim's bytes. `beat` counts how often it was refreshed.
pub(super) fn claim_bytes(holder: &Holder, token: u64, beat: u64) -> Vec<u8> {
    padded(&format!("{MAGIC}\n{holder}\n{token}\n{beat}\n"))
}

/// A claim that was given back.
pub(super) fn free_bytes() -> Vec<u8> {
    padded(&format!("{MAGIC}\nfree\n"))
}

fn padded(text: &str) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    bytes.resize(CLAIM, b' ');
    bytes
}

pub(super) fn parse_claim(bytes: &[u8]) -> ClaimText {
    let read = || {
        let mut lines = std::str::from_utf8(bytes).ok()?.lines();
        if lines.next()? != MAGIC {
            return None;
        }
        match lines.next()? {
            "free" => Some(ClaimText::Free),
            holder => {
                Some(ClaimText::Held { holder: holder.parse().ok()?, token: lines.next()?.parse().ok()? })
            }
        }
    };
    read().unwrap_or(ClaimText::Unknown)
}

/// The text of a version's object.
pub(super) fn version_text(version: &FunctionVersion) -> String {
    let mut text = String::from("joblib function 1\n");
    // Writing to a `String` does not fail.
    let _ = write!(text, "{}\n{:032x}\n{}", version.function(), version.code(), version.source());
    text
}

pub(super) fn parse_version(text: &str) -> Option<std::sync::Arc<FunctionVersion>> {
    let mut parts = text.splitn(4, '\n');
    if parts.next()? != "joblib function 1" {
        return None;
    }
    let function = parts.next()?;
    let code = u128::from_str_radix(parts.next()?, 16).ok()?;
    Some(FunctionVersion::new(function, code, parts.next()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_result_has_the_size_of_a_claim() {
        for bytes in (0..2000).chain([1 << 20]) {
            let object = bytes + end_of(bytes).len() as u64;
            assert!(object > 0 && !is_claim(object));
            assert_eq!(size_of_result(object), bytes);
        }
        assert!(is_claim(claim_bytes(&Holder::this_process(), u64::MAX, u64::MAX).len() as u64));
        assert!(is_claim(free_bytes().len() as u64));
    }

    #[test]
    fn a_claim_reads_back() {
        let holder = Holder::this_process();
        let read = parse_claim(&claim_bytes(&holder, 7, 1));
        assert_eq!(read, ClaimText::Held { holder, token: 7 });
        assert_eq!(parse_claim(&free_bytes()), ClaimText::Free);
        for bytes in [&b""[..], b"joblib claim 1", b"joblib claim 2\nfree\n", &[255; 512]] {
            assert_eq!(parse_claim(bytes), ClaimText::Unknown);
        }
    }

    #[test]
    fn a_version_reads_back() {
        let version = FunctionVersion::new("demo::fit", 1 << 100, "fn fit() {\n}\n");
        let read = parse_version(&version_text(&version)).unwrap();
        assert_eq!((&read, read.source()), (&version, version.source()));
        assert!(parse_version("joblib function 1\nx\n").is_none());
    }

    #[test]
    fn a_results_name_reads_back() {
        let layout = Layout::new(&Location::parse("memory://b/p").unwrap());
        let key = Key::new(&FunctionVersion::new("demo::fit", 1, ""), [7; 16]);
        let path = layout.result(&key);
        assert!(path.as_ref().starts_with("p/joblib-rs/1/r/fit-"));
        let (function, code, call) = parse_result(&path).unwrap();
        assert_eq!((format!("{function}/{code}"), call), (key.version().path().to_owned(), *key.call()));
    }
}
