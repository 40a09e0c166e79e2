//! A block for a visitor that did not ask for an `Array`: its elements one after another, bytes, or text.

use joblib_array::{DType, Order};
use serde::de::{DeserializeSeed, Error as _, SeqAccess, Visitor};

use super::Decoder;
use super::plain_array::{self, Number};
use crate::error::{Error, Result};
use crate::format::BlockHeader;
use crate::format::markers::Role;
use crate::forward::forward;
use crate::sections::Block;

/// A block that is read for a visitor.
pub(super) struct BlockReader<'d, 'i, 'r> {
    decoder: &'d mut Decoder<'i, 'r>,
    role: Role,
    header: BlockHeader,
    len: u64,
}

impl<'d, 'i, 'r> BlockReader<'d, 'i, 'r> {
    pub(super) fn begin(decoder: &'d mut Decoder<'i, 'r>, role: Role) -> Result<Self> {
        let (header, len) = decoder.block(role)?;
        Ok(Self { decoder, role, header, len })
    }

    pub(super) fn visit<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.role {
            Role::Bytes => visitor.visit_byte_buf(self.into_bytes()?),
            Role::Text => {
                let start = self.decoder.sections.position();
                let text = String::from_utf8(self.into_bytes()?)
                    .map_err(|_| Error::corrupt("a text is not UTF-8").at_offset(start))?;
                visitor.visit_string(text)
            }
            // Elements in C order come as they stand in the stream; others, and a single one, from memory.
            Role::Array | Role::Sequence if self.header.shape.len() == 1 || self.is_in_c_order() => {
                let Self { decoder, header, len, .. } = self;
                let rows: Vec<usize> = header.shape.clone();
                let mut stream = Stream {
                    dtype: header.dtype,
                    block: decoder.sections.begin_block(header, len),
                    decoder,
                    bytes: Vec::new(),
                    scratch: Vec::new(),
                    at: 0,
                };
                let mut elements = Rows { left: rows[0], inner: &rows[1..], stream: &mut stream };
                let value = visitor.visit_seq(&mut elements)?;
                elements.finish()?;
                let Stream { decoder, block, .. } = stream;
                decoder.sections.end_block(&block)?;
                decoder.block_done();
                Ok(value)
            }
            Role::Array | Role::Sequence => {
                let array = self.decoder.block_array(self.header, self.len)?;
                plain_array::visit(&array, visitor)
            }
        }
    }

    fn is_in_c_order(&self) -> bool {
        self.header.order == Order::C && !self.header.shape.is_empty()
    }

    /// All bytes, in memory that grows as they come: their number is not trusted.
    fn into_bytes(self) -> Result<Vec<u8>> {
        let Self { decoder, header, len, .. } = self;
        let mut block = decoder.sections.begin_block(header, len);
        let (mut all, mut bytes, mut scratch) = (Vec::new(), Vec::new(), Vec::new());
        let mut left = len;
        while left > 0 {
            decoder.sections.block_bytes(&mut block, &mut bytes, &mut scratch)?;
            left -= bytes.len() as u64;
            all.extend_from_slice(&bytes);
        }
        decoder.sections.end_block(&block)?;
        decoder.block_done();
        Ok(all)
    }
}

/// The numbers of a block.
struct Stream<'d, 'i, 'r> {
    decoder: &'d mut Decoder<'i, 'r>,
    dtype: DType,
    block: Block,
    bytes: Vec<u8>,
    scratch: Vec<u8>,
    at: usize,
}

impl Stream<'_, '_, '_> {
    /// The bytes of the next number. Chunks hold whole numbers: their sizes are powers of two above any number's.
    #[inline]
    fn next(&mut self) -> Result<Number<'_>> {
        if self.at == self.bytes.len() {
            self.decoder.sections.block_bytes(&mut self.block, &mut self.bytes, &mut self.scratch)?;
            self.at = 0;
        }
        let start = self.at;
        self.at += self.dtype.size();
        match self.bytes.get(start..self.at) {
            Some(bytes) => Ok(Number { dtype: self.dtype, bytes }),
            None => Err(Error::corrupt("a block ends inside of a number")),
        }
    }
}

/// The elements along one dimension: numbers, or the rows of the next dimension.
struct Rows<'a, 's, 'd, 'i, 'r> {
    left: usize,
    inner: &'a [usize],
    stream: &'s mut Stream<'d, 'i, 'r>,
}

impl Rows<'_, '_, '_, '_, '_> {
    fn finish(self) -> Result<()> {
        if self.left > 0 {
            return Err(Error::custom(format_args!(
                "the file's array has {} more elements than expected",
                self.left
            )));
        }
        Ok(())
    }
}

impl<'de> SeqAccess<'de> for Rows<'_, '_, '_, '_, '_> {
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
struct Row<'a, 's, 'd, 'i, 'r>(Rows<'a, 's, 'd, 'i, 'r>);

impl<'de> serde::Deserializer<'de> for Row<'_, '_, '_, '_, '_> {
    type Error = Error;

    fn is_human_readable(&self) -> bool {
        false
    }

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
