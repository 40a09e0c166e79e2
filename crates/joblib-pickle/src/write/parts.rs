//! What a small value serializes as: a text, or a few numbers.

use joblib_array::{structs, tuples};
use serde::ser::{Error as _, Impossible, Serialize, Serializer};

use crate::error::{Error, Result};

/// A text, or numbers one after another.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Parts {
    Text(String),
    Numbers(Vec<i128>),
}

impl Parts {
    /// The parts of a value; `None` if it is something else.
    pub(super) fn of<T: Serialize + ?Sized>(value: &T) -> Option<Self> {
        value.serialize(Catch).ok()
    }
}

/// Takes a text or a number.
struct Catch;

/// Takes numbers.
pub(super) struct Several(Vec<i128>);

#[cold]
fn other() -> Error {
    Error::custom("expected a text or numbers")
}

macro_rules! numbers {
    ($($method:ident($type:ty))*) => {$(
        fn $method(self, value: $type) -> Result<Parts> {
            Ok(Parts::Numbers(vec![value.into()]))
        }
    )*};
}

macro_rules! refused {
    ($($method:ident($($type:ty),*) -> $ok:ty)*) => {$(
        fn $method(self, $(_: $type),*) -> Result<$ok> {
            Err(other())
        }
    )*};
}

type No = Impossible<Parts, Error>;

impl Serializer for Catch {
    type Ok = Parts;
    type Error = Error;
    type SerializeSeq = No;
    type SerializeTuple = Several;
    type SerializeTupleStruct = Several;
    type SerializeTupleVariant = Several;
    type SerializeMap = No;
    type SerializeStruct = Several;
    type SerializeStructVariant = Several;

    numbers! {
        serialize_i8(i8) serialize_i16(i16) serialize_i32(i32) serialize_i64(i64) serialize_u8(u8)
        serialize_u16(u16) serialize_u32(u32) serialize_u64(u64)
    }

    refused! {
        serialize_bool(bool) -> Parts serialize_f32(f32) -> Parts serialize_f64(f64) -> Parts
        serialize_char(char) -> Parts serialize_bytes(&[u8]) -> Parts serialize_none() -> Parts
        serialize_unit() -> Parts serialize_unit_struct(&'static str) -> Parts
        serialize_unit_variant(&'static str, u32, &'static str) -> Parts serialize_seq(Option<usize>) -> No
        serialize_map(Option<usize>) -> No
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Several
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> Several
    }

    fn serialize_str(self, value: &str) -> Result<Parts> {
        Ok(Parts::Text(value.to_owned()))
    }

    fn serialize_some<T: Serialize + ?Sized>(self, _: &T) -> Result<Parts> {
        Err(other())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<Parts> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<Parts> {
        Err(other())
    }

    fn serialize_tuple(self, len: usize) -> Result<Several> {
        Ok(Several(Vec::with_capacity(len.min(16))))
    }

    fn serialize_tuple_struct(self, _: &'static str, len: usize) -> Result<Several> {
        self.serialize_tuple(len)
    }

    fn serialize_struct(self, _: &'static str, len: usize) -> Result<Several> {
        self.serialize_tuple(len)
    }
}

impl Several {
    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        match value.serialize(Catch)? {
            Parts::Numbers(numbers) => {
                self.0.extend(numbers);
                Ok(())
            }
            Parts::Text(_) => Err(other()),
        }
    }

    fn field<T: Serialize + ?Sized>(&mut self, _: &'static str, value: &T) -> Result<()> {
        self.element(value)
    }

    #[expect(clippy::unnecessary_wraps, reason = "serde's traits return results")]
    fn finish(self) -> Result<Parts> {
        Ok(Parts::Numbers(self.0))
    }
}

tuples!(Several => Parts, Error);
structs!(Several => Parts, Error);
