//! What a call's key is made of: the function's name, the types that the call chooses, and its
//! arguments.

use std::borrow::Cow;
use std::ops::Range;

use joblib_hash::{Algorithm, HashError, Hasher, digest_of_encoding};
use serde::{Serialize, Serializer};

/// Bytes that an argument's encoding may have to be compared in full. Of longer ones the digest is.
const MAX_ENCODING: usize = 256;

/// The parts of a call's key.
pub(super) struct Content<'f> {
    function: &'f str,
    /// What arguments are hashed with.
    algorithm: Algorithm,
    parts: Vec<Part>,
    /// The parts in a form that is equal if and only if they are; empty if it is not wanted.
    encoding: Vec<u8>,
    encodes: bool,
}

enum Part {
    /// The name of a type.
    Type(Cow<'static, str>),
    /// The next part is the type of the result.
    Result,
    /// The shape of the result, or a number that the compiler knows of a type.
    Number(u64),
    Argument(&'static str, Value),
}

enum Value {
    Digest([u8; 32]),
    /// The value's encoding, whose digest is made when it is needed.
    Encoded(Range<usize>),
}

impl<'f> Content<'f> {
    /// With `encodes`, equal contents can be recognised without their digest.
    pub(super) fn new(function: &'f str, algorithm: Algorithm, encodes: bool) -> Self {
        let encoding = Vec::with_capacity(if encodes { 128 } else { 0 });
        let parts = Vec::with_capacity(8);
        let mut content = Self { function, algorithm, parts, encoding, encodes };
        if encodes && algorithm != Algorithm::default() {
            content.push(5, algorithm.name().as_bytes());
        }
        content
    }

    pub(super) fn type_name(&mut self, name: Cow<'static, str>) {
        if self.encodes {
            self.push(0, name.as_bytes());
        }
        self.parts.push(Part::Type(name));
    }

    /// Says that the next part is the type of the result.
    pub(super) fn result(&mut self) {
        self.parts.push(Part::Result);
        if self.encodes {
            self.push(4, &[]);
        }
    }

    pub(super) fn number(&mut self, number: u64) {
        self.parts.push(Part::Number(number));
        if self.encodes {
            self.push(5, &number.to_le_bytes());
        }
    }

    pub(super) fn argument<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), HashError> {
        let mut hasher = Hasher::new(self.algorithm);
        hasher.update(value)?;
        if !self.encodes {
            self.parts.push(Part::Argument(name, Value::Digest(bytes_of(hasher.finish()))));
            return Ok(());
        }
        self.push(1, name.as_bytes());
        let value = if let Some(encoding) = hasher.encoding(MAX_ENCODING) {
            Value::Encoded(self.push(2, encoding))
        } else {
            let digest = bytes_of(hasher.finish());
            self.push(3, &digest);
            Value::Digest(digest)
        };
        self.parts.push(Part::Argument(name, value));
        Ok(())
    }

    /// Adds an argument whose digest is made by the caller.
    pub(super) fn digest_of_argument(&mut self, name: &'static str, digest: [u8; 32]) {
        if self.encodes {
            self.push(1, name.as_bytes());
            self.push(3, &digest);
        }
        self.parts.push(Part::Argument(name, Value::Digest(digest)));
    }

    /// Adds a kind, a length and bytes, so that no two lists of parts have one encoding.
    fn push(&mut self, kind: u8, bytes: &[u8]) -> Range<usize> {
        self.encoding.push(kind);
        self.encoding.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
        let start = self.encoding.len();
        self.encoding.extend_from_slice(bytes);
        start..self.encoding.len()
    }

    /// What is equal for equal contents of one function, if that is wanted and short.
    pub(super) fn encoding(&self) -> Option<&[u8]> {
        (self.encodes && self.encoding.len() <= 4 * MAX_ENCODING).then_some(&self.encoding)
    }

    /// The names of the arguments and the first halves of their digests.
    pub(super) fn arguments(&self) -> impl Iterator<Item = (&'static str, [u8; 16])> + '_ {
        self.parts.iter().filter_map(|part| match part {
            Part::Type(_) | Part::Result | Part::Number(_) => None,
            Part::Argument(name, value) => Some((*name, half(&self.digest_of(value)))),
        })
    }

    /// The names of the arguments.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.parts.iter().filter_map(|part| match part {
            Part::Type(_) | Part::Result | Part::Number(_) => None,
            Part::Argument(name, _) => Some(*name),
        })
    }

    fn digest_of(&self, value: &Value) -> [u8; 32] {
        match value {
            Value::Digest(digest) => *digest,
            Value::Encoded(range) => {
                bytes_of(digest_of_encoding(self.algorithm, &self.encoding[range.clone()]))
            }
        }
    }

    /// The digest of the call.
    pub(super) fn digest(&self) -> Result<[u8; 16], HashError> {
        let mut content = Vec::with_capacity(256);
        content.extend_from_slice(self.function.as_bytes());
        if self.algorithm != Algorithm::default() {
            content.push(3);
            content.extend_from_slice(self.algorithm.name().as_bytes());
        }
        for part in &self.parts {
            match part {
                Part::Type(name) => {
                    content.push(0);
                    content.extend_from_slice(name.as_bytes());
                }
                Part::Result => content.push(2),
                Part::Number(number) => {
                    content.push(3);
                    content.extend_from_slice(&number.to_le_bytes());
                }
                Part::Argument(name, value) => {
                    content.push(1);
                    content.extend_from_slice(name.as_bytes());
                    content.push(0);
                    content.extend_from_slice(&self.digest_of(value));
                }
            }
        }
        Ok(half(&bytes_of(joblib_hash::hash(&Bytes(&content))?)))
    }
}

fn bytes_of(digest: joblib_hash::Digest) -> [u8; 32] {
    // Zeros behind a shorter one.
    let mut bytes = [0; 32];
    bytes[..digest.as_bytes().len()].copy_from_slice(digest.as_bytes());
    bytes
}

fn half(digest: &[u8; 32]) -> [u8; 16] {
    let mut half = [0; 16];
    half.copy_from_slice(&digest[..16]);
    half
}

struct Bytes<'a>(&'a [u8]);

impl Serialize for Bytes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(encodes: bool, values: &[&str]) -> Content<'static> {
        content_by(Algorithm::Blake3, encodes, values)
    }

    fn content_by(algorithm: Algorithm, encodes: bool, values: &[&str]) -> Content<'static> {
        let mut content = Content::new("function", algorithm, encodes);
        content.result();
        content.type_name("f64".into());
        for value in values {
            content.argument("x", value).unwrap();
        }
        content
    }

    #[test]
    fn the_digest_does_not_depend_on_how_equal_contents_are_recognised() {
        let long = "long".repeat(1000);
        for values in [&["a"][..], &["a", "b"], &[&long, "b"], &[]] {
            for algorithm in [Algorithm::Blake3, Algorithm::Xxh3] {
                let [with, without] = [true, false].map(|encodes| content_by(algorithm, encodes, values));
                assert_eq!(with.digest().unwrap(), without.digest().unwrap());
                assert!(with.arguments().eq(without.arguments()));
                assert!(with.encoding().is_some() && without.encoding().is_none());
            }
        }
    }

    #[test]
    fn calls_by_different_algorithms_differ_also_without_arguments() {
        for values in [&[][..], &["a"]] {
            let [blake3, xxh3] =
                [Algorithm::Blake3, Algorithm::Xxh3].map(|algorithm| content_by(algorithm, true, values));
            assert_ne!(blake3.digest().unwrap(), xxh3.digest().unwrap());
            assert_ne!(blake3.encoding(), xxh3.encoding());
        }
    }

    #[test]
    fn contents_that_differ_differ_in_their_encoding() {
        let long = "long".repeat(1000);
        let lists = [&["a", "bc"][..], &["ab", "c"], &["abc"], &[], &[&long], &[&long, ""]];
        let encodings = lists.map(|values| content(true, values).encoding().unwrap().to_vec());
        for (at, encoding) in encodings.iter().enumerate() {
            assert!(!encodings[..at].contains(encoding));
        }
    }
}
