//! The number within a newtype struct: how the crate `half` serializes its floats.

use serde::ser::{Error as _, Impossible, Serialize, Serializer};

use crate::error::{Error, Result};

/// The `u16` that a newtype struct holds.
pub(super) fn of<T: Serialize + ?Sized>(value: &T) -> Result<u16> {
    value.serialize(Bits)
}

struct Bits;

macro_rules! refused {
    ($($method:ident($($type:ty),*) -> $ok:ty)*) => {$(
        fn $method(self, $(_: $type),*) -> Result<$ok> {
            Err(Error::custom("expected the bits of a float of 16 bits"))
        }
    )*};
}

type No = Impossible<u16, Error>;

impl Serializer for Bits {
    type Ok = u16;
    type Error = Error;
    type SerializeSeq = No;
    type SerializeTuple = No;
    type SerializeTupleStruct = No;
    type SerializeTupleVariant = No;
    type SerializeMap = No;
    type SerializeStruct = No;
    type SerializeStructVariant = No;

    fn serialize_u16(self, value: u16) -> Result<u16> {
        Ok(value)
    }

    refused! {
        serialize_bool(bool) -> u16 serialize_i8(i8) -> u16 serialize_i16(i16) -> u16 serialize_i32(i32) -> u16
        serialize_i64(i64) -> u16 serialize_u8(u8) -> u16 serialize_u32(u32) -> u16 serialize_u64(u64) -> u16
        serialize_f32(f32) -> u16 serialize_f64(f64) -> u16 serialize_char(char) -> u16 serialize_str(&str) -> u16
        serialize_bytes(&[u8]) -> u16 serialize_none() -> u16 serialize_unit() -> u16
        serialize_unit_struct(&'static str) -> u16 serialize_unit_variant(&'static str, u32, &'static str) -> u16
        serialize_seq(Option<usize>) -> No serialize_tuple(usize) -> No
        serialize_tuple_struct(&'static str, usize) -> No
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> No
        serialize_map(Option<usize>) -> No serialize_struct(&'static str, usize) -> No
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> No
    }

    fn serialize_some<T: Serialize + ?Sized>(self, _: &T) -> Result<u16> {
        Err(Error::custom("expected the bits of a float of 16 bits"))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, _: &T) -> Result<u16> {
        Err(Error::custom("expected the bits of a float of 16 bits"))
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<u16> {
        Err(Error::custom("expected the bits of a float of 16 bits"))
    }
}
