//! An array in memory as plain values: a number, or sequences of sequences of numbers.

use joblib_array::transfer::OwnedRawArray;
use joblib_array::{Buffer, DType, Order, forward, half_to_f32};
use serde::de::{DeserializeSeed, Deserializer, Error as _, SeqAccess, Visitor};

use super::Decoder;
use crate::block::Block;
use crate::error::{Error, Result};

/// Reads a small array of `len` bytes from the body.
pub(super) fn small(decoder: &mut Decoder<'_>, len: usize) -> Result<OwnedRawArray> {
    let offset = decoder.offset();
    let bytes = decoder.take(len)?;
    let cut = || Error::corrupt("a small array is shorter than its header").at_offset(offset);
    let [dtype, order, ndim, rest @ ..] = bytes else {
        return Err(cut());
    };
    let (shape, elements) = rest.split_at_checked(8 * usize::from(*ndim)).ok_or_else(cut)?;
    let shape = shape
        .chunks_exact(8)
        .map(|dimension| dimension.try_into().map(u64::from_le_bytes).map_or(usize::MAX, |d| d as usize))
        .collect();
    let Block { dtype, order, shape } = Block::from_codes(*dtype, *order, shape)
        .and_then(|block| block.check_len(elements.len() as u64).map(|()| block))
        .map_err(|error| error.at_offset(offset))?;
    Ok(OwnedRawArray { dtype, order, shape, buffer: Buffer::copy_of(elements) })
}

/// Gives an array to a visitor that wants plain values.
pub(super) fn visit<'de, V: Visitor<'de>>(
    array: &OwnedRawArray,
    exact: bool,
    visitor: V,
) -> Result<V::Value> {
    let size = array.dtype.size();
    // Bytes from one element to the next, along each dimension.
    let mut strides = vec![size; array.shape.len()];
    match array.order {
        Order::C => {
            (0..strides.len()).rev().skip(1).for_each(|i| strides[i] = strides[i + 1] * array.shape[i + 1]);
        }
        Order::F => (1..strides.len()).for_each(|i| strides[i] = strides[i - 1] * array.shape[i - 1]),
    }
    Part {
        dtype: array.dtype,
        bytes: array.buffer.as_bytes(),
        start: 0,
        shape: &array.shape,
        strides: &strides,
        exact,
    }
    .deserialize_any(visitor)
}

/// What is left of an array when some indices are fixed.
#[derive(Clone, Copy)]
struct Part<'a> {
    dtype: DType,
    bytes: &'a [u8],
    start: usize,
    shape: &'a [usize],
    strides: &'a [usize],
    exact: bool,
}

impl<'de> Deserializer<'de> for Part<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        if self.shape.is_empty() {
            let bytes = self
                .bytes
                .get(self.start..self.start + self.dtype.size())
                .ok_or_else(|| Error::corrupt("an array is shorter than its shape"))?;
            return Number { dtype: self.dtype, bytes, exact: self.exact }.deserialize_any(visitor);
        }
        let mut parts = Parts { part: self, index: 0 };
        let value = visitor.visit_seq(&mut parts)?;
        match self.shape[0] - parts.index {
            0 => Ok(value),
            left => Err(Error::custom(format_args!("the array has {left} more elements than expected"))),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value> {
        if name == joblib_array::transfer::NAME {
            visitor.visit_some(self)
        } else {
            visitor.visit_newtype_struct(self)
        }
    }

    forward! { <'de>(self, visitor) deserialize_option => visitor.visit_some(self); }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq
        tuple tuple_struct map struct enum identifier ignored_any
    }
}

struct Parts<'a> {
    part: Part<'a>,
    index: usize,
}

impl<'de> SeqAccess<'de> for Parts<'_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>> {
        let part = self.part;
        if self.index == part.shape[0] {
            return Ok(None);
        }
        let start = part.start + self.index * part.strides[0];
        self.index += 1;
        seed.deserialize(Part { start, shape: &part.shape[1..], strides: &part.strides[1..], ..part })
            .map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.part.shape[0] - self.index)
    }
}

/// One number, little-endian; its bytes are as many as its type has.
#[derive(Clone, Copy)]
pub(super) struct Number<'a> {
    pub(super) dtype: DType,
    pub(super) bytes: &'a [u8],
    /// Whether only its own type may be asked for.
    pub(super) exact: bool,
}

impl Number<'_> {
    #[inline]
    fn word<const N: usize>(self) -> Result<[u8; N]> {
        self.bytes.try_into().map_err(|_| Error::corrupt("a number has another size than its type"))
    }
}

impl<'de> Deserializer<'de> for Number<'_> {
    type Error = Error;

    #[inline]
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.dtype {
            DType::F64 => visitor.visit_f64(f64::from_le_bytes(self.word()?)),
            DType::F32 => visitor.visit_f32(f32::from_le_bytes(self.word()?)),
            DType::I64 => visitor.visit_i64(i64::from_le_bytes(self.word()?)),
            DType::I32 => visitor.visit_i32(i32::from_le_bytes(self.word()?)),
            DType::U8 => visitor.visit_u8(u8::from_le_bytes(self.word()?)),
            DType::I8 => visitor.visit_i8(i8::from_le_bytes(self.word()?)),
            DType::I16 => visitor.visit_i16(i16::from_le_bytes(self.word()?)),
            DType::U16 => visitor.visit_u16(u16::from_le_bytes(self.word()?)),
            DType::U32 => visitor.visit_u32(u32::from_le_bytes(self.word()?)),
            DType::U64 => visitor.visit_u64(u64::from_le_bytes(self.word()?)),
            DType::Bool => match self.bytes {
                [0] => visitor.visit_bool(false),
                [1] => visitor.visit_bool(true),
                other => Err(Error::corrupt(format!("a bool is stored as {other:?}"))),
            },
            DType::F16 => visitor.visit_f32(half_to_f32(u16::from_le_bytes(self.word()?))),
            DType::C64 | DType::C128 => self.complex(visitor),
            other => Err(Error::corrupt(format!("an element of the unknown type {other}"))),
        }
    }

    forward! { <'de>(self, visitor)
        deserialize_option => visitor.visit_some(self);
        deserialize_newtype_struct => visitor.visit_newtype_struct(self);
        deserialize_bool => self.asked(DType::Bool, visitor);
        deserialize_i8 => self.asked(DType::I8, visitor);
        deserialize_i16 => self.asked(DType::I16, visitor);
        deserialize_i32 => self.asked(DType::I32, visitor);
        deserialize_i64 => self.asked(DType::I64, visitor);
        deserialize_u8 => self.asked(DType::U8, visitor);
        deserialize_u16 => self.asked(DType::U16, visitor);
        deserialize_u32 => self.asked(DType::U32, visitor);
        deserialize_u64 => self.asked(DType::U64, visitor);
        deserialize_f32 => self.asked(DType::F32, visitor);
        deserialize_f64 => self.asked(DType::F64, visitor);
    }

    serde::forward_to_deserialize_any! {
        i128 u128 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct enum identifier
        ignored_any
    }
}

impl Number<'_> {
    #[inline]
    fn asked<'de, V: Visitor<'de>>(self, dtype: DType, visitor: V) -> Result<V::Value> {
        if self.exact && dtype != self.dtype {
            return Err(Error::custom(format_args!(
                "expected exactly an element of {dtype}, found one of {}",
                self.dtype
            )));
        }
        self.deserialize_any(visitor)
    }

    /// A complex number is a pair: real, imaginary.
    fn complex<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let half = if self.dtype == DType::C64 { DType::F32 } else { DType::F64 };
        let (real, imaginary) = self.bytes.split_at(half.size().min(self.bytes.len()));
        let numbers = [real, imaginary].map(|bytes| Number { dtype: half, bytes, exact: self.exact });
        let mut sequence = serde::de::value::SeqDeserializer::new(numbers.into_iter().map(Plain));
        let value = visitor.visit_seq(&mut sequence)?;
        sequence.end()?;
        Ok(value)
    }
}

struct Plain<'a>(Number<'a>);

impl<'a> serde::de::IntoDeserializer<'_, Error> for Plain<'a> {
    type Deserializer = Number<'a>;

    fn into_deserializer(self) -> Number<'a> {
        self.0
    }
}
