//! The hash functions, by name.

use std::fmt;
use std::str::FromStr;

use joblib_array::names::are_near;

/// A hash function.
///
/// ```
/// use joblib_hash::Algorithm;
///
/// assert_eq!("sha256".parse(), Ok(Algorithm::Sha256));
/// assert_eq!(Algorithm::default().to_string(), "blake3");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
#[non_exhaustive]
pub enum Algorithm {
    /// BLAKE3, 256 bits: cryptographic, and computed on all cores for large input.
    #[default]
    Blake3,
    /// XXH3, 128 bits: at nearly the speed of memory, for trusted data. Accidental collisions are not to be expected, but
    /// collisions can easily be constructed.
    Xxh3,
    /// SHA-256 (FIPS 180-4).
    #[cfg(feature = "digests")]
    Sha256,
    /// SHA-1, 160 bits: for comparison with joblib; collisions can be constructed.
    #[cfg(feature = "digests")]
    Sha1,
    /// MD5, 128 bits: joblib's default; collisions can be constructed.
    #[cfg(feature = "digests")]
    Md5,
}

impl Algorithm {
    /// Every algorithm that this build has.
    #[cfg(feature = "digests")]
    pub const ALL: &'static [Self] = &[Self::Blake3, Self::Xxh3, Self::Sha256, Self::Sha1, Self::Md5];
    /// Every algorithm that this build has.
    #[cfg(not(feature = "digests"))]
    pub const ALL: &'static [Self] = &[Self::Blake3, Self::Xxh3];

    /// The name, as in the text of a digest.
    ///
    /// ```
    /// use joblib_hash::Algorithm;
    ///
    /// let names: Vec<_> = Algorithm::ALL.iter().map(|algorithm| algorithm.name()).collect();
    /// assert_eq!(names, ["blake3", "xxh3", "sha256", "sha1", "md5"]);
    /// ```
    pub const fn name(self) -> &'static str {
        match self {
            Self::Blake3 => "blake3",
            Self::Xxh3 => "xxh3",
            #[cfg(feature = "digests")]
            Self::Sha256 => "sha256",
            #[cfg(feature = "digests")]
            Self::Sha1 => "sha1",
            #[cfg(feature = "digests")]
            Self::Md5 => "md5",
        }
    }

    /// The length of a digest, in bytes.
    ///
    /// ```
    /// use joblib_hash::{Algorithm, hash_with};
    ///
    /// let algorithm = Algorithm::Sha1;
    /// assert_eq!(hash_with(algorithm, "text")?.as_bytes().len(), algorithm.digest_len());
    /// # Ok::<(), joblib_hash::HashError>(())
    /// ```
    #[allow(clippy::match_same_arms, reason = "an arm for each algorithm, of which some are features")]
    pub const fn digest_len(self) -> usize {
        match self {
            Self::Blake3 => 32,
            Self::Xxh3 => 16,
            #[cfg(feature = "digests")]
            Self::Sha256 => 32,
            #[cfg(feature = "digests")]
            Self::Sha1 => 20,
            #[cfg(feature = "digests")]
            Self::Md5 => 16,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The error for an unknown name of an algorithm.
///
/// ```
/// use joblib_hash::{Algorithm, UnknownAlgorithm};
///
/// let error: UnknownAlgorithm = "crc32".parse::<Algorithm>().unwrap_err();
/// assert!(error.to_string().contains("expected blake3"));
/// ```
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown hash algorithm {found:?}: {}", expected(found))]
pub struct UnknownAlgorithm {
    found: String,
}

/// Writes the message, for a `main` that returns the error.
impl fmt::Debug for UnknownAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UnknownAlgorithm({self})")
    }
}

/// The names of all algorithms, and the one that was probably meant, for messages.
fn expected(found: &str) -> String {
    let names: Vec<_> = Algorithm::ALL.iter().map(|algorithm| algorithm.name()).collect();
    match names.iter().find(|name| are_near(found, name)) {
        Some(near) => format!("did you mean {near:?}? There are {}", names.join(", ")),
        None => format!("expected {}", names.join(", ")),
    }
}

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let mut all = Self::ALL.iter().copied();
        all.find(|algorithm| algorithm.name() == name)
            .ok_or_else(|| UnknownAlgorithm { found: name.to_owned() })
    }
}
