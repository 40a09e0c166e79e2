//! Lists that lie in one piece: the same encoding as element by element, made by code that is compiled here.
//!
//! What serde does for each element is compiled in the crate that encodes, at its optimisation level.

use joblib_array::slice::{Items, NumberSlice};
use serde::ser::{Serialize, SerializeSeq, Serializer};

use super::Encoder;
use crate::block::Block;
use crate::error::Result;
use crate::limits::MIN_BLOCK;
use crate::markers::Role;

impl Encoder<'_> {
    /// Encodes a list, if it is of numbers or of one of the types that are most common; `None` otherwise.
    pub(super) fn list(&mut self, items: Items<'_>) -> Option<Result<()>> {
        if let Some(numbers) = items.numbers() {
            return self.numbers(numbers);
        }
        joblib_array::common_list!(items, elements => self.each(elements))
    }

    /// `None` when the list is too short for a block, or its bytes are not those of a block.
    fn numbers(&mut self, numbers: NumberSlice<'_>) -> Option<Result<()>> {
        if numbers.bytes.len() < MIN_BLOCK || !numbers.is_little_endian() {
            return None;
        }
        let block = Block::run(numbers.dtype, numbers.len());
        Some(self.refer(Role::Sequence).and_then(|()| self.sink.block(&block, numbers.bytes)))
    }

    fn each<T: Serialize>(&mut self, elements: &[T]) -> Result<()> {
        let mut list = self.serialize_seq(Some(elements.len()))?;
        for element in elements {
            list.serialize_element(element)?;
        }
        list.end()
    }
}
