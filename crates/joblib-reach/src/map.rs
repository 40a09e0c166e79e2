//! Maps by numbers, for which the standard library's hash function does more than is needed: procedural macros are compiled
//! without optimisations.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

pub(crate) type Map<K, V> = HashMap<K, V, BuildHasherDefault<Mix>>;
pub(crate) type Set<T> = HashSet<T, BuildHasherDefault<Mix>>;

/// Multiplies, and mixes the halves at the end.
#[derive(Debug, Default)]
pub(crate) struct Mix(u64);

impl Mix {
    fn add(&mut self, number: u64) {
        self.0 = (self.0 ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(26);
    }
}

impl Hasher for Mix {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut number = [0; 8];
            number[..chunk.len()].copy_from_slice(chunk);
            self.add(u64::from_le_bytes(number));
        }
    }

    fn write_u8(&mut self, number: u8) {
        self.add(number.into());
    }

    fn write_u32(&mut self, number: u32) {
        self.add(number.into());
    }

    fn write_u64(&mut self, number: u64) {
        self.add(number);
    }

    fn write_usize(&mut self, number: usize) {
        self.add(number as u64);
    }

    fn write_isize(&mut self, number: isize) {
        self.add(number as u64);
    }

    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_told_apart_and_found_again() {
        let numbers: Map<(usize, Option<usize>), usize> =
            (0..1000_usize).map(|number| ((number / 10, (number % 10).checked_sub(1)), number)).collect();
        assert_eq!(numbers.len(), 1000);
        assert_eq!(numbers.get(&(99, Some(8))), Some(&999));
        let texts: Set<&str> = ["a", "ab", "abcdefgh", "abcdefghi"].into_iter().collect();
        assert!(texts.contains("abcdefgh") && !texts.contains("b"));
    }
}
