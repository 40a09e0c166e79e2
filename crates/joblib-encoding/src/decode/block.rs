//! A block for a visitor that did not ask for an `Array`: its elements one after another, bytes, or text.

use joblib_array::transfer::OwnedRawArray;
use joblib_array::{DType, Order, forward};
use serde::de::{DeserializeSeed, Error as _, SeqAccess, Visitor};

use super::Decoder;
use super::plain_array::{self, Number};
use crate::block::Block;
use crate::error::{Error, Result};
use crate::markers::Role;

/// What a block is to a visitor that wants no array.
enum Form<'d, 's> {
    Bytes(Vec<u8>),
    Text(String),
    /// Elements in C order come as they stand in the stream.
    Elements(Stream<'d, 's>, Vec<usize>),
    /// Others, and a single one, come from memory.
    Memory(OwnedRawArray),
}

/// Gives the block, whose header was read, to a visitor that wants no array.
pub(super) fn visit<'de, V: Visitor<'de>>(
    decoder: &mut Decoder<'_>,
    role: Role,
    block: Block,
    visitor: V,
) -> Result<V::Value> {
    let exact = decoder.exact;
    match begin(decoder, role, block)? {
        Form::Bytes(bytes) => visitor.visit_byte_buf(bytes),
        Form::Text(text) => visitor.visit_string(text),
        Form::Elements(mut stream, shape) => {
            let mut elements = Rows { left: shape[0], inner: &shape[1..], stream: &mut stream };
            let value = visitor.visit_seq(&mut elements)?;
            elements.finish()?;
            stream.finish()?;
            Ok(value)
        }
        Form::Memory(array) => plain_array::visit(&array, exact, visitor),
    }
}

fn begin<'d, 's>(decoder: &'d mut Decoder<'s>, role: Role, block: Block) -> Result<Form<'d, 's>> {
    Ok(match role {
        Role::Bytes => Form::Bytes(decoder.numbers(&block)?.into_vec().map_err(Error::corrupt)?),
        Role::Text => {
            let start = decoder.source.position();
            let bytes = decoder.numbers(&block)?.into_vec().map_err(Error::corrupt)?;
            let text = String::from_utf8(bytes)
                .map_err(|_| Error::corrupt("a text is not UTF-8").at_offset(start))?;
            Form::Text(text)
        }
        Role::Array | Role::Ndarray | Role::Sequence
            if block.shape.len() == 1 || (block.order == Order::C && !block.shape.is_empty()) =>
        {
            block.check_rows()?;
            let Block { dtype, shape, .. } = block;
            Form::Elements(Stream { dtype, exact: decoder.exact, decoder, bytes: Vec::new(), at: 0 }, shape)
        }
        Role::Array | Role::Ndarray | Role::Sequence => Form::Memory(decoder.block_array(block)?),
    })
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

    fn finish(self) -> Result<()> {
        self.decoder.source.end_block()?;
        self.decoder.block_done();
        Ok(())
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
        // Where there are no elements, the dimensions may be of any length.
        for _ in 0..self.0.inner.iter().fold(self.0.left, |count, len| count.saturating_mul(*len)) {
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
