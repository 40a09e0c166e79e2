//! Lists that lie in one piece: the same encoding as element by element, made by code that is compiled here.
//!
//! What serde does for each element is compiled in the crate that hashes, at its optimisation level.

use joblib_array::slice::{Items, NumberSlice};
use serde::ser::{Serialize, SerializeSeq, Serializer};

use super::{Encoder, RUN_ITEMS, tag};
use crate::HashError;

/// Bytes of a list of numbers that are put together for the hash function, which takes them on all cores.
const PIECE: usize = 1 << 20;

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
        let mut encoded = Vec::with_capacity(bytes.len().min(PIECE + PIECE / 8) + 16);
        for run in bytes.chunks(RUN_ITEMS as usize * dtype.size()) {
            encoded.extend_from_slice(&[tag::RUN, number]);
            encoded.extend_from_slice(&((run.len() / dtype.size()) as u32).to_le_bytes());
            encoded.extend_from_slice(run);
            if encoded.len() >= PIECE {
                self.stream.extend(&encoded);
                encoded.clear();
            }
        }
        self.stream.extend(&encoded);
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
