//! What callers use: one function for one value, a hasher for several.

use serde::Serialize;

use crate::encoder::Encoder;
use crate::stream::Stream;
use crate::{Algorithm, Digest, HashError};

/// Returns the BLAKE3 hash of a value's content.
///
/// ```
/// use joblib_array::Array;
/// use joblib_hash::hash;
///
/// let array = Array::from_vec(vec![1.0, 2.0], &[2])?;
/// assert_eq!(hash(&array)?, hash(&&array.clone())?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// Returns an error if the value's `Serialize` implementation does, or if the value is nested deeper than
/// [`joblib_encoding::MAX_DEPTH`] levels: containers, variants with data, newtype structs and `Some` count.
pub fn hash<T: Serialize + ?Sized>(value: &T) -> Result<Digest, HashError> {
    hash_with(Algorithm::Blake3, value)
}

/// Returns the hash of a value's content by the given algorithm.
///
/// ```
/// use joblib_hash::{Algorithm, hash_with};
///
/// let digest = hash_with(Algorithm::Sha256, "text")?;
/// assert_eq!(digest.algorithm(), Algorithm::Sha256);
/// # Ok::<(), joblib_hash::HashError>(())
/// ```
///
/// # Errors
///
/// Returns the same errors as [`hash`].
pub fn hash_with<T: Serialize + ?Sized>(algorithm: Algorithm, value: &T) -> Result<Digest, HashError> {
    let mut hasher = Hasher::new(algorithm);
    hasher.update(value)?;
    Ok(hasher.finish())
}

/// Hashes several values, one after the other, into one digest.
///
/// The order of the values counts. Each value is delimited, so that different lists of values have different encodings.
///
/// ```
/// use joblib_hash::{Algorithm, Hasher};
///
/// let mut hasher = Hasher::new(Algorithm::Blake3);
/// hasher.update("alpha")?;
/// hasher.update(&0.5)?;
/// let digest = hasher.finish();
/// # Ok::<(), joblib_hash::HashError>(())
/// ```
pub struct Hasher {
    encoder: Encoder,
}

impl Hasher {
    /// Creates a hasher.
    pub fn new(algorithm: Algorithm) -> Self {
        Self { encoder: Encoder::new(algorithm) }
    }

    /// Adds a value. The order of a `HashSet` or a `HashMap` does not count, that of a map of an unknown type does.
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`hash`]. The hasher must not be used after an error.
    ///
    /// ```
    /// use joblib_hash::{Algorithm, Hasher};
    ///
    /// let digest = |parts: &[&str]| {
    ///     let mut hasher = Hasher::new(Algorithm::Blake3);
    ///     parts.iter().try_for_each(|part| hasher.update(part))?;
    ///     Ok(hasher.finish())
    /// };
    /// assert_ne!(digest(&["ab", "c"])?, digest(&["a", "bc"])?);
    /// # Ok::<(), joblib_hash::HashError>(())
    /// ```
    pub fn update<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), HashError> {
        self.encoder.value(value)
    }

    /// Returns the encoding of all added values, if it has at most `limit` bytes. For callers that compare encodings and
    /// rarely need the digest, which [`digest_of_encoding`] computes.
    #[doc(hidden)]
    pub fn encoding(&mut self, limit: usize) -> Option<&[u8]> {
        self.encoder.encoding(limit)
    }

    /// Returns the digest of all added values.
    pub fn finish(self) -> Digest {
        self.encoder.finish()
    }
}

/// Returns the digest of an encoding that [`Hasher::encoding`] returned: the same as that of the hasher.
#[doc(hidden)]
pub fn digest_of_encoding(algorithm: Algorithm, encoding: &[u8]) -> Digest {
    let mut stream = Stream::new(algorithm, Vec::new());
    stream.extend(encoding);
    stream.finish()
}

impl std::fmt::Debug for Hasher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hasher").finish_non_exhaustive()
    }
}
