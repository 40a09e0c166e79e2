//! A block for a visitor that did not ask for an `Array`: its elements one after another, bytes, or text.

use joblib_array::{DType, Order, forward};
use serde::de::{DeserializeSeed, Error as _, SeqAccess, Visitor};

use super::Decoder;
use super::plain_array::{self, Number};
use crate::block::Block;
use crate::error::{Error, Result};
use crate::markers::Role;

/// A block that is read for a visitor.
pub(super) struct BlockReader<'d, 's> {
    decoder: &'d mut Decoder<'s>,
    role: Role,
    block: Block,
}

impl<'d, 's> BlockReader<'d, 's> {
    pub(super) fn begin(decoder: &'d mut Decoder<'s>, role: Role) -> Result<Self> {
        let block = decoder.block(role)?;
        Ok(Self { decoder, role, block })
    }

    pub(super) fn visit<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.role {
            Role::Bytes => visitor.visit_byte_buf(self.into_bytes()?),
            Role::Text => {
                let start = self.decoder.source.position();
                let text = String::from_utf8(self.into_bytes()?)
                    .map_err(|_| Error::corrupt("a text is not UTF-8").at_offset(start))?;
                visitor.visit_string(text)
            }
            // Elements in C order come as they stand in the stream; others, and a single one, from memory.
            Role::Array | Role::Sequence if self.block.shape.len() == 1 || self.is_in_c_order() => {
                let Self { decoder, block, .. } = self;
                let mut stream =
                    Stream { dtype: block.dtype, exact: decoder.exact, decoder, bytes: Vec::new(), at: 0 };
                let mut elements =
                    Rows { left: block.shape[0], inner: &block.shape[1..], stream: &mut stream };
                let value = visitor.visit_seq(&mut elements)?;
                elements.finish()?;
                stream.decoder.source.end_block()?;
                stream.decoder.block_done();
                Ok(value)
            }
            Role::Array | Role::Sequence => {
                let array = self.decoder.block_array(self.block)?;
                plain_array::visit(&array, self.decoder.exact, visitor)
            }
        }
    }

    fn is_in_c_order(&self) -> bool {
        self.block.order == Order::C && !self.block.shape.is_empty()
    }

    /// All bytes, in memory that grows as they come: their number is not trusted.
    fn into_bytes(self) -> Result<Vec<u8>> {
        let Self { decoder, block, .. } = self;
        let (mut all, mut bytes) = (Vec::new(), Vec::new());
        let mut left = block.byte_len().unwrap_or(usize::MAX);
        while left > 0 {
            decoder.source.block_bytes(&mut bytes)?;
            left = left
                .checked_sub(bytes.len())
                .filter(|_| !bytes.is_empty())
                .ok_or_else(|| Error::corrupt("a block has another size than its header says"))?;
            if all.is_empty() && left == 0 {
                all = std::mem::take(&mut bytes);
            } else {
                all.extend_from_slice(&bytes);
            }
        }
        decoder.source.end_block()?;
        decoder.block_done();
        Ok(all)
    }
}

/// The numbers of a block.
struct Stream<'d, 's> {
    decoder: &'d mut Decoder<'s>,
    dtype: DType,
    exact: bool,
    bytes: Vec<u8>,
    at: usize,
}

impl Stream<'_, '_> {
    /// The bytes of the next number.
    #[inline]
    fn next(&mut self) -> Result<Number<'_>> {
        if self.at == self.bytes.len() {
            self.decoder.source.block_bytes(&mut self.bytes)?;
            self.at = 0;
        }
        let start = self.at;
        self.at += self.dtype.size();
        match self.bytes.get(start..self.at) {
            Some(bytes) => Ok(Number { dtype: self.dtype, bytes, exact: self.exact }),
            None => Err(Error::corrupt("a block ends inside of a number")),
        }
    }
}

/// The elements along one dimension: numbers, or the rows of the next dimension.
struct Rows<'a, 'r, 'd, 's> {
    left: usize,
    inner: &'a [usize],
    stream: &'r mut Stream<'d, 's>,
}

impl Rows<'_, '_, '_, '_> {
    fn finish(self) -> Result<()> {
        if self.left > 0 {
            return Err(Error::custom(format_args!(
                "the array has {} more elements than expected",
                self.left
            )));
        }
        Ok(())
    }
}

impl<'de> SeqAccess<'de> for Rows<'_, '_, '_, '_> {
    type Error = Error;

    #[inline]
    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        if self.inner.is_empty() {
            return seed.deserialize(self.stream.next()?).map(Some);
        }
        seed.deserialize(Row(Rows { left: self.inner[0], inner: &self.inner[1..], stream: self.stream }))
            .map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}

/// A row as a value of its own.
struct Row<'a, 'r, 'd, 's>(Rows<'a, 'r, 'd, 's>);

impl<'de> serde::Deserializer<'de> for Row<'_, '_, '_, '_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value> {
        let value = visitor.visit_seq(&mut self.0)?;
        self.0.finish()?;
        Ok(value)
    }

    /// As a plain sequence: rows of an array of rows.
    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value> {
        if name == joblib_array::transfer::NAME {
            visitor.visit_some(self)
        } else {
            visitor.visit_newtype_struct(self)
        }
    }

    /// Rows that nobody wants are read all the same: their bytes lie in the way.
    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        for _ in 0..self.0.left * self.0.inner.iter().product::<usize>() {
            self.0.stream.next()?;
        }
        visitor.visit_unit()
    }

    forward! { <'de>(self, visitor) deserialize_option => visitor.visit_some(self); }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq
        tuple tuple_struct map struct enum identifier
    }
}
