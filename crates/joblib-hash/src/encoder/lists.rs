//! Lists that lie in one piece: the same encoding as element by element, made by code that is compiled here.
//!
//! What serde does for each element is compiled in the crate that hashes, at its optimisation level.

use joblib_array::slice::{Items, NumberSlice};
use serde::ser::{Serialize, SerializeSeq, Serializer};

use super::{Encoder, RUN_ITEMS, tag};
use crate::HashError;

/// Bytes of a run's head: its tag, the tag of the numbers, and how many there are.
const HEAD: usize = 6;

impl Encoder {
    /// Hashes a list, if it is of numbers or of one of the types that are most common; `None` otherwise.
    pub(super) fn list(&mut self, items: Items<'_>) -> Option<Result<(), HashError>> {
        if let Some(numbers) = items.numbers() {
            return self.numbers(numbers);
        }
        joblib_array::common_list!(items, elements => self.each(elements))
    }

    /// `None` when the encoding is another one than the bytes of the numbers.
    fn numbers(&mut self, numbers: NumberSlice<'_>) -> Option<Result<(), HashError>> {
        let NumberSlice { dtype, bytes } = numbers;
        let number = tag::of(dtype).filter(|_| numbers.is_little_endian() && !self.unordered)?;
        if let Err(error) = self.descend() {
            return Some(Err(error));
        }
        self.begin(tag::SEQ);
        let runs = Runs { number, size: dtype.size(), bytes };
        self.stream.made(runs.encoded_len(), &|start, out| runs.encode(start, out));
        self.begin(tag::END);
        self.length(numbers.len());
        self.ascend();
        Some(Ok(()))
    }

    fn each<T: Serialize>(&mut self, elements: &[T]) -> Result<(), HashError> {
        let mut list = self.serialize_seq(Some(elements.len()))?;
        for element in elements {
            list.serialize_element(element)?;
        }
        list.end()
    }
}

/// A list of numbers as runs.
struct Runs<'a> {
    /// The tag of the numbers.
    number: u8,
    /// Bytes of a number.
    size: usize,
    bytes: &'a [u8],
}

impl Runs<'_> {
    /// Bytes of the numbers of a whole run.
    fn run(&self) -> usize {
        RUN_ITEMS as usize * self.size
    }

    fn encoded_len(&self) -> usize {
        self.bytes.len() + HEAD * self.bytes.len().div_ceil(self.run())
    }

    /// Writes the encoding from its byte `start` on.
    fn encode(&self, start: usize, mut out: &mut [u8]) {
        let whole = HEAD + self.run();
        let (mut run, mut skip) = (start / whole, start % whole);
        while !out.is_empty() {
            let numbers = &self.bytes[run * self.run()..];
            let numbers = &numbers[..numbers.len().min(self.run())];
            let mut head = [tag::RUN, self.number, 0, 0, 0, 0];
            head[2..].copy_from_slice(&((numbers.len() / self.size) as u32).to_le_bytes());
            for part in [&head[..], numbers] {
                let rest = &part[skip.min(part.len())..];
                skip -= part.len() - rest.len();
                let (now, later) = out.split_at_mut(rest.len().min(out.len()));
                now.copy_from_slice(&rest[..now.len()]);
                out = later;
            }
            run += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encoding_made_in_parts_is_the_one_made_at_once() {
        let bytes: Vec<u8> = (0..3 * RUN_ITEMS * 2 + 10).map(|i| (i % 251) as u8).collect();
        let runs = Runs { number: 9, size: 2, bytes: &bytes };
        let mut whole = vec![0; runs.encoded_len()];
        runs.encode(0, &mut whole);
        assert_eq!(whole[..6], [tag::RUN, 9, 0, 32, 0, 0]);
        assert_eq!(whole[whole.len() - 16..][..6], [tag::RUN, 9, 5, 0, 0, 0]);
        for length in [1, 5, 6, 7, 1000, 16389, 16390, 16391, 40_000] {
            let mut parts = vec![0; whole.len()];
            for (number, part) in parts.chunks_mut(length).enumerate() {
                runs.encode(number * length, part);
            }
            assert!(parts == whole, "in parts of {length}");
        }
    }
}
