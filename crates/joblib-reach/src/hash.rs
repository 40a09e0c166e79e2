//! The digest of code and files: two runs of SipHash-2-4 with different keys.
//!
//! The algorithm is specified, so that a digest stays the same with every compiler, and it is a part of the standard
//! library that is compiled with optimisations also where procedural macros are not.

#![allow(deprecated, reason = "`DefaultHasher`, which took its place, may change its algorithm")]

use std::hash::{Hasher, SipHasher};

/// Collects bytes into a digest of 128 bits.
#[derive(Debug, Clone)]
pub struct Digester(SipHasher, SipHasher);

impl Default for Digester {
    fn default() -> Self {
        Self(
            SipHasher::new_with_keys(0x6a6f_626c, 0x6962_0000),
            SipHasher::new_with_keys(0x7265, 0x6163_6800),
        )
    }
}

impl Digester {
    /// Adds bytes. How they are divided among calls has no meaning.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.0.write(bytes);
        self.1.write(bytes);
    }

    /// Adds a text that ends here.
    pub fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
        self.bytes(&[0xff]);
    }

    /// Adds a number.
    pub fn number(&mut self, number: u128) {
        self.bytes(&number.to_le_bytes());
    }

    /// The digest of everything added so far.
    pub fn finish(&self) -> u128 {
        u128::from(self.0.finish()) << 64 | u128::from(self.1.finish())
    }
}

/// The digest of a text.
pub fn digest(text: &str) -> u128 {
    let mut digester = Digester::default();
    digester.text(text);
    digester.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_never_changes_and_tells_texts_apart() {
        assert_eq!(digest("fn f() {}"), digest("fn f() {}"));
        assert_ne!(digest("fn f() {}"), digest("fn f() { }"));
        let (mut joined, mut apart) = (Digester::default(), Digester::default());
        joined.text("ab");
        apart.text("a");
        apart.text("b");
        assert_ne!(joined.finish(), apart.finish());
    }
}
