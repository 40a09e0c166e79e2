//! Runs of one number type, as the bytes of an array.

use std::any::type_name;

use joblib_array::DType;
use serde::ser::{Impossible, Serialize, Serializer};

use crate::error::{Error, Result};

/// Bytes of a run that are gathered before they are written.
pub(crate) const GATHER: usize = 64 << 10;

/// The element type of a primitive. The name of a type of somebody's own has its module in front, so it is never taken
/// for one; were a name ever wrong, [`Numbers`] refuses the element, and nothing is written that means another value.
pub(crate) fn number_type<T: ?Sized>() -> Option<DType> {
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

/// Elements of one type, little-endian.
#[derive(Debug)]
pub(crate) struct Numbers {
    pub(crate) dtype: DType,
    pub(crate) bytes: Vec<u8>,
}

impl Numbers {
    #[inline]
    pub(crate) fn push<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        value.serialize(self)
    }

    #[cold]
    fn refuse(&self) -> Error {
        Error::value(format!("a sequence of {} holds an element of another type", self.dtype))
    }
}

macro_rules! numbers {
    ($($method:ident($type:ty) => $dtype:ident)*) => {$(
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
    ($($method:ident($($type:ty),*) -> $ok:ty)*) => {$(
        fn $method(self, $(_: $type),*) -> Result<$ok> {
            Err(self.refuse())
        }
    )*};
}

type No = Impossible<(), Error>;

impl Serializer for &mut Numbers {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = No;
    type SerializeTuple = No;
    type SerializeTupleStruct = No;
    type SerializeTupleVariant = No;
    type SerializeMap = No;
    type SerializeStruct = No;
    type SerializeStructVariant = No;

    #[inline]
    fn serialize_bool(self, value: bool) -> Result<()> {
        if self.dtype != DType::Bool {
            return Err(self.refuse());
        }
        self.bytes.push(u8::from(value));
        Ok(())
    }

    numbers! {
        serialize_i8(i8) => I8 serialize_i16(i16) => I16 serialize_i32(i32) => I32 serialize_i64(i64) => I64
        serialize_u8(u8) => U8 serialize_u16(u16) => U16 serialize_u32(u32) => U32 serialize_u64(u64) => U64
        serialize_f32(f32) => F32 serialize_f64(f64) => F64
    }

    refused! {
        serialize_char(char) -> () serialize_str(&str) -> () serialize_bytes(&[u8]) -> () serialize_none() -> ()
        serialize_unit() -> () serialize_unit_struct(&'static str) -> ()
        serialize_unit_variant(&'static str, u32, &'static str) -> ()
        serialize_seq(Option<usize>) -> No serialize_tuple(usize) -> No
        serialize_tuple_struct(&'static str, usize) -> No
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> No
        serialize_map(Option<usize>) -> No serialize_struct(&'static str, usize) -> No
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> No
    }

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

    fn is_human_readable(&self) -> bool {
        false
    }
}
