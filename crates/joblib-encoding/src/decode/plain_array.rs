//! An array in memory as plain values: a number, or sequences of sequences of numbers.

use joblib_array::transfer::OwnedRawArray;
use joblib_array::{Buffer, DType, Order, forward, half_to_f32};
use serde::de::{DeserializeSeed, Deserializer, Error as _, IntoDeserializer, SeqAccess, Visitor};

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
    Block { dtype: array.dtype, order: array.order, shape: array.shape.clone() }.check_rows()?;
    let strides = strides(array);
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

/// Bytes from one element to the next, along each dimension. Of an array without elements, whose dimensions may be of any
/// length, they mean nothing.
fn strides(array: &OwnedRawArray) -> Vec<usize> {
    let mut strides = vec![array.dtype.size(); array.shape.len()];
    match array.order {
        Order::C => {
            for i in (1..strides.len()).rev() {
                strides[i - 1] = strides[i].wrapping_mul(array.shape[i]);
            }
        }
        Order::F => {
            for i in 1..strides.len() {
                strides[i] = strides[i - 1].wrapping_mul(array.shape[i - 1]);
            }
        }
    }
    strides
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

impl<'a> Part<'a> {
    /// The one number of a part without dimensions.
    fn number(&self) -> Result<Number<'a>> {
        let bytes = self
            .bytes
            .get(self.start..self.start + self.dtype.size())
            .ok_or_else(|| Error::corrupt("an array is shorter than its shape"))?;
        Ok(Number { dtype: self.dtype, bytes, exact: self.exact })
    }
}

impl<'de> Deserializer<'de> for Part<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        if self.shape.is_empty() {
            return self.number()?.deserialize_any(visitor);
        }
        let mut parts = Parts { part: self, index: 0 };
        let value = visitor.visit_seq(&mut parts)?;
        parts.finish()?;
        Ok(value)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value> {
        if name == joblib_array::transfer::NAME {
            visitor.visit_some(self)
        } else if self.shape.is_empty() {
            self.number()?.deserialize_newtype_struct(name, visitor)
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

impl<'a> Parts<'a> {
    fn next(&mut self) -> Option<Part<'a>> {
        let part = self.part;
        if self.index == part.shape[0] {
            return None;
        }
        let start = part.start + self.index * part.strides[0];
        self.index += 1;
        Some(Part { start, shape: &part.shape[1..], strides: &part.strides[1..], ..part })
    }

    fn finish(self) -> Result<()> {
        match self.part.shape[0] - self.index {
            0 => Ok(()),
            left => Err(Error::custom(format_args!("the array has {left} more elements than expected"))),
        }
    }
}

impl<'de> SeqAccess<'de> for Parts<'_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>> {
        self.next().map(|part| seed.deserialize(part)).transpose()
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

/// What a number is to a visitor.
enum Plain {
    Bool(bool),
    Signed(i64),
    Unsigned(u64),
    F32(f32),
    F64(f64),
    Complex,
}

impl Number<'_> {
    #[inline]
    fn word<const N: usize>(self) -> Result<[u8; N]> {
        match self.bytes.first_chunk() {
            Some(bytes) if self.bytes.len() == N => Ok(*bytes),
            _ => Err(Self::other_size()),
        }
    }

    #[cold]
    fn other_size() -> Error {
        Error::corrupt("a number has another size than its type")
    }

    /// Its value: compiled once, where the visitors' code is compiled for each of them.
    fn plain(self) -> Result<Plain> {
        Ok(match self.dtype {
            DType::F64 => Plain::F64(f64::from_le_bytes(self.word()?)),
            DType::F32 => Plain::F32(f32::from_le_bytes(self.word()?)),
            DType::I64 => Plain::Signed(i64::from_le_bytes(self.word()?)),
            DType::I32 => Plain::Signed(i32::from_le_bytes(self.word()?).into()),
            DType::I16 => Plain::Signed(i16::from_le_bytes(self.word()?).into()),
            DType::I8 => Plain::Signed(i8::from_le_bytes(self.word()?).into()),
            DType::U64 => Plain::Unsigned(u64::from_le_bytes(self.word()?)),
            DType::U32 => Plain::Unsigned(u32::from_le_bytes(self.word()?).into()),
            DType::U16 => Plain::Unsigned(u16::from_le_bytes(self.word()?).into()),
            DType::U8 => Plain::Unsigned(u8::from_le_bytes(self.word()?).into()),
            DType::Bool => match self.bytes {
                [0] => Plain::Bool(false),
                [1] => Plain::Bool(true),
                other => return Err(Error::corrupt(format!("a bool is stored as {other:?}"))),
            },
            DType::F16 => Plain::F32(half_to_f32(u16::from_le_bytes(self.word()?))),
            DType::C64 | DType::C128 => Plain::Complex,
            other => return Err(Error::corrupt(format!("an element of the unknown type {other}"))),
        })
    }
}

/// Methods that read their own type at once: long sequences are read so, a number at a time.
macro_rules! own_type {
    ($($method:ident $dtype:ident $type:ident $visit:ident,)*) => {$(
        #[inline]
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
            if self.dtype == DType::$dtype {
                return visitor.$visit($type::from_le_bytes(self.word()?));
            }
            self.other_type(DType::$dtype)?;
            self.deserialize_any(visitor)
        }
    )*};
}

impl<'de> Deserializer<'de> for Number<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.plain()? {
            Plain::Bool(value) => visitor.visit_bool(value),
            Plain::Signed(value) => visitor.visit_i64(value),
            Plain::Unsigned(value) => visitor.visit_u64(value),
            Plain::F32(value) => visitor.visit_f32(value),
            Plain::F64(value) => visitor.visit_f64(value),
            Plain::Complex => {
                let mut pair = Pair::of(self);
                let value = visitor.visit_seq(&mut pair)?;
                pair.finish()?;
                Ok(value)
            }
        }
    }

    own_type! {
        deserialize_i8 I8 i8 visit_i8,
        deserialize_i16 I16 i16 visit_i16,
        deserialize_i32 I32 i32 visit_i32,
        deserialize_i64 I64 i64 visit_i64,
        deserialize_u8 U8 u8 visit_u8,
        deserialize_u16 U16 u16 visit_u16,
        deserialize_u32 U32 u32 visit_u32,
        deserialize_u64 U64 u64 visit_u64,
        deserialize_f32 F32 f32 visit_f32,
        deserialize_f64 F64 f64 visit_f64,
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        if self.dtype != DType::Bool {
            self.other_type(DType::Bool)?;
        }
        self.deserialize_any(visitor)
    }

    /// The crate `half` has its numbers as structs of their bits.
    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value> {
        if self.dtype == DType::F16 && name == "f16" {
            let bits = u16::from_le_bytes(self.word()?);
            return visitor.visit_newtype_struct(IntoDeserializer::<Error>::into_deserializer(bits));
        }
        visitor.visit_newtype_struct(self)
    }

    forward! { <'de>(self, visitor) deserialize_option => visitor.visit_some(self); }

    serde::forward_to_deserialize_any! {
        i128 u128 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct enum identifier
        ignored_any
    }
}

impl Number<'_> {
    /// Refuses, where types have to be exact, a number of another type than the one asked for.
    fn other_type(self, asked: DType) -> Result<()> {
        if self.exact {
            return Err(Error::custom(format_args!(
                "expected exactly an element of {asked}, found one of {}",
                self.dtype
            )));
        }
        Ok(())
    }
}

/// A complex number is a pair: real, imaginary.
struct Pair<'a> {
    half: Number<'a>,
    imaginary: &'a [u8],
    given: u8,
}

impl<'a> Pair<'a> {
    fn of(number: Number<'a>) -> Self {
        let dtype = if number.dtype == DType::C64 { DType::F32 } else { DType::F64 };
        let (bytes, imaginary) = number.bytes.split_at(dtype.size().min(number.bytes.len()));
        Self { half: Number { dtype, bytes, ..number }, imaginary, given: 0 }
    }

    fn next(&mut self) -> Option<Number<'a>> {
        self.given += 1;
        match self.given {
            1 => Some(self.half),
            2 => Some(Number { bytes: self.imaginary, ..self.half }),
            _ => None,
        }
    }

    fn finish(self) -> Result<()> {
        match self.given {
            0 | 1 => Err(Error::custom("a complex number has more elements than expected: it has two")),
            _ => Ok(()),
        }
    }
}

impl<'de> SeqAccess<'de> for Pair<'_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>> {
        self.next().map(|number| seed.deserialize(number)).transpose()
    }

    fn size_hint(&self) -> Option<usize> {
        Some(2_usize.saturating_sub(self.given.into()))
    }
}
