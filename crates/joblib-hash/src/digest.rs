//! The result of hashing.

use std::fmt::{self, Write as _};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{Algorithm, UnknownAlgorithm};

/// A digest and the algorithm that made it. Its text form is `blake3:` and the bytes in hexadecimal.
///
/// ```
/// use joblib_hash::{Digest, hash};
///
/// let digest = hash("text")?;
/// assert_eq!(digest.to_string().parse::<Digest>().unwrap(), digest);
/// # Ok::<(), joblib_hash::HashError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest {
    algorithm: Algorithm,
    // Zeros behind the algorithm's length.
    bytes: [u8; 32],
}

impl Digest {
    pub(crate) fn new(algorithm: Algorithm, digest: &[u8]) -> Self {
        let mut bytes = [0; 32];
        bytes[..digest.len()].copy_from_slice(digest);
        Self { algorithm, bytes }
    }

    /// The algorithm.
    ///
    /// ```
    /// use joblib_hash::{Algorithm, hash};
    ///
    /// assert_eq!(hash("text")?.algorithm(), Algorithm::Blake3);
    /// # Ok::<(), joblib_hash::HashError>(())
    /// ```
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The digest's bytes: 32, 20 or 16 of them.
    ///
    /// ```
    /// let digest = joblib_hash::hash("text")?;
    /// assert_eq!(digest.as_bytes().len(), 32);
    /// assert_eq!(digest.to_hex().len(), 64);
    /// assert_eq!(digest.to_string(), format!("blake3:{}", digest.to_hex()));
    /// # Ok::<(), joblib_hash::HashError>(())
    /// ```
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.algorithm.digest_len()]
    }

    /// The bytes in hexadecimal, without the algorithm.
    pub fn to_hex(&self) -> String {
        let mut text = String::with_capacity(64);
        for byte in self.as_bytes() {
            // Writing to a `String` does not fail.
            let _ = write!(text, "{byte:02x}");
        }
        text
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.algorithm, self.to_hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

/// The error for a text that is not a digest.
///
/// ```
/// use joblib_hash::{Digest, ParseDigestError};
///
/// let parse = |text: &str| text.parse::<Digest>().unwrap_err();
/// assert!(matches!(parse("0123"), ParseDigestError::NoAlgorithm(_)));
/// assert!(matches!(parse("crc32:0123"), ParseDigestError::Algorithm(_)));
/// assert!(matches!(parse("md5:0123"), ParseDigestError::Digits { expected: 32, .. }));
/// ```
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseDigestError {
    /// There is no `algorithm:` before the digits.
    #[error("a digest looks like \"blake3:0123…\", found {0:?}")]
    NoAlgorithm(String),
    /// The algorithm is unknown.
    #[error(transparent)]
    Algorithm(#[from] UnknownAlgorithm),
    /// The digits are not hexadecimal, or their number is not that of the algorithm.
    #[error("a {algorithm} digest has {expected} hexadecimal digits, found {found:?}")]
    Digits {
        /// The algorithm.
        algorithm: Algorithm,
        /// How many digits its digests have.
        expected: usize,
        /// The text behind the colon.
        found: String,
    },
}

/// Writes the message, for a `main` that returns the error.
impl fmt::Debug for ParseDigestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ParseDigestError({self})")
    }
}

impl FromStr for Digest {
    type Err = ParseDigestError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, digits) =
            text.split_once(':').ok_or_else(|| ParseDigestError::NoAlgorithm(text.to_owned()))?;
        let algorithm: Algorithm = name.parse()?;
        let expected = 2 * algorithm.digest_len();
        let wrong = || ParseDigestError::Digits { algorithm, expected, found: digits.to_owned() };
        if digits.len() != expected || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.as_bytes().chunks_exact(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| wrong())?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| wrong())?;
        }
        Ok(Self { algorithm, bytes })
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}
