//! A long run of one number type: its elements go to a block as they come.

use std::any::type_name;

use joblib_array::DType;
use serde::ser::{Impossible, Serialize, Serializer};

use super::Encoder;
use crate::error::{Error, Result};
use crate::format::markers::Role;
use crate::output::run_header;

/// Bytes gathered before the output is asked.
const GATHER: usize = 64 << 10;

/// The element type of a primitive. The name of a type of somebody's own has its module in front, so it is never taken
/// for one; were a name ever wrong, [`Run`] refuses the element, and nothing is written that means another value.
pub(super) fn number_type<T: ?Sized>() -> Option<DType> {
    // serde's own sequences give references to their elements.
    Some(match type_name::<T>().trim_start_matches('&') {
        "bool" => DType::Bool,
        "i8" => DType::I8,
        "i16" => DType::I16,
        "i32" => DType::I32,
        "i64" => DType::I64,
        "u8" => DType::U8,
        "u16" => DType::U16,
        "u32" => DType::U32,
        "u64" => DType::U64,
        "f32" => DType::F32,
        "f64" => DType::F64,
        _ => return None,
    })
}

/// A run that is being written.
pub(crate) struct Run<'e, 'o, 'w> {
    encoder: &'e mut Encoder<'o, 'w>,
    elements: Elements,
}

struct Elements {
    dtype: DType,
    bytes: Vec<u8>,
}

impl<'e, 'o, 'w> Run<'e, 'o, 'w> {
    pub(super) fn begin(encoder: &'e mut Encoder<'o, 'w>, dtype: DType, len: usize) -> Result<Self> {
        encoder.refer(Role::Sequence)?;
        let size = len.saturating_mul(dtype.size());
        encoder.output.begin_block(run_header(dtype, len), size as u64);
        Ok(Self { encoder, elements: Elements { dtype, bytes: Vec::with_capacity(size.min(GATHER) + 8) } })
    }

    #[inline]
    pub(super) fn push<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        value.serialize(&mut self.elements)?;
        if self.elements.bytes.len() >= GATHER { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<()> {
        self.encoder.output.block_bytes(&self.elements.bytes)?;
        self.elements.bytes.clear();
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<()> {
        self.flush()?;
        self.encoder.output.end_block()
    }
}

impl Elements {
    #[cold]
    fn refuse(&self) -> Error {
        Error::value(format!("a sequence of {} holds an element of another type", self.dtype))
    }
}

macro_rules! numbers {
    ($($method:ident $type:ty => $dtype:ident),*) => {$(
        #[inline]
        fn $method(self, value: $type) -> Result<()> {
            if self.dtype != DType::$dtype {
                return Err(self.refuse());
            }
            self.bytes.extend_from_slice(&value.to_le_bytes());
            Ok(())
        }
    )*};
}

macro_rules! refused {
    ($($method:ident($($type:ty),*)),* $(,)?) => {$(
        fn $method(self, $(_: $type),*) -> Result<()> {
            Err(self.refuse())
        }
    )*};
}

type Nothing = Impossible<(), Error>;

impl Serializer for &mut Elements {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Nothing;
    type SerializeTuple = Nothing;
    type SerializeTupleStruct = Nothing;
    type SerializeTupleVariant = Nothing;
    type SerializeMap = Nothing;
    type SerializeStruct = Nothing;
    type SerializeStructVariant = Nothing;

    numbers!(
        serialize_i8 i8 => I8, serialize_i16 i16 => I16, serialize_i32 i32 => I32, serialize_i64 i64 => I64,
        serialize_u8 u8 => U8, serialize_u16 u16 => U16, serialize_u32 u32 => U32, serialize_u64 u64 => U64,
        serialize_f32 f32 => F32, serialize_f64 f64 => F64
    );

    #[inline]
    fn serialize_bool(self, value: bool) -> Result<()> {
        if self.dtype != DType::Bool {
            return Err(self.refuse());
        }
        self.bytes.push(u8::from(value));
        Ok(())
    }

    refused!(
        serialize_char(char),
        serialize_str(&str),
        serialize_bytes(&[u8]),
        serialize_none(),
        serialize_unit(),
        serialize_unit_struct(&'static str),
        serialize_unit_variant(&'static str, u32, &'static str),
    );

    fn serialize_some<T: Serialize + ?Sized>(self, _: &T) -> Result<()> {
        Err(self.refuse())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<()> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<()> {
        Err(self.refuse())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Nothing> {
        Err(self.refuse())
    }

    fn serialize_tuple(self, _: usize) -> Result<Nothing> {
        Err(self.refuse())
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Nothing> {
        Err(self.refuse())
    }

    fn serialize_tuple_variant(self, _: &'static str, _: u32, _: &'static str, _: usize) -> Result<Nothing> {
        Err(self.refuse())
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Nothing> {
        Err(self.refuse())
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Nothing> {
        Err(self.refuse())
    }

    fn serialize_struct_variant(self, _: &'static str, _: u32, _: &'static str, _: usize) -> Result<Nothing> {
        Err(self.refuse())
    }
}
