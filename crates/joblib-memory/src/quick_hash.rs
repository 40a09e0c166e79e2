//! A hash function for maps of this process whose keys nobody chooses to harm it: digests, addresses and encodings that
//! are compared in full.

use std::hash::{BuildHasherDefault, Hasher};

/// For maps with [`QuickHasher`].
pub(crate) type QuickBuild = BuildHasherDefault<QuickHasher>;

/// Mixes a word at a time, by the folded product of both halves.
#[derive(Debug, Default, Clone)]
pub(crate) struct QuickHasher(u64);

impl QuickHasher {
    fn mix(&mut self, word: u64) {
        /// An odd number without a pattern: the golden ratio's fraction.
        const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
        let product = u128::from(self.0 ^ word ^ FACTOR.rotate_left(32)) * u128::from(FACTOR);
        self.0 = (product as u64) ^ ((product >> 64) as u64);
    }
}

impl Hasher for QuickHasher {
    fn write(&mut self, bytes: &[u8]) {
        let mut words = bytes.chunks_exact(8);
        for word in &mut words {
            let mut whole = [0; 8];
            whole.copy_from_slice(word);
            self.mix(u64::from_le_bytes(whole));
        }
        let rest = words.remainder();
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        // The length distinguishes what ends in zeros.
        self.mix(u64::from_le_bytes(last) ^ ((bytes.len() as u64) << 56));
    }

    fn write_u64(&mut self, word: u64) {
        self.mix(word);
    }

    fn write_usize(&mut self, word: usize) {
        self.mix(word as u64);
    }

    fn write_u128(&mut self, words: u128) {
        self.mix(words as u64);
        self.mix((words >> 64) as u64);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use std::hash::{BuildHasher, Hash};

    fn hash<T: Hash + ?Sized>(value: &T) -> u64 {
        QuickBuild::default().hash_one(value)
    }

    #[test]
    fn values_that_differ_little_differ_in_all_parts_of_their_hash() {
        let hashes: Vec<u64> = (0..4096_u64).map(|number| hash(&number)).collect();
        // Maps use the highest seven bits and the lowest.
        for part in [|hash: u64| hash & 0xfff, |hash: u64| hash >> 52] {
            let parts: HashSet<u64> = hashes.iter().map(|hash| part(*hash)).collect();
            assert!(parts.len() > 2000, "{} of 4096", parts.len());
        }
        assert_ne!(hash(&[0_u8; 8][..]), hash(&[0_u8; 9][..]));
        assert_ne!(hash(&[1_u8, 0][..]), hash(&[1_u8][..]));
    }
}
