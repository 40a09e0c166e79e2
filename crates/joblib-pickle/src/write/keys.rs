//! Which keys Python takes for one: `True`, `1`, `1.0` and `Decimal("1")` are equal there, and so are texts of one content
//! and moments in any zone.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use serde::ser::{Error as _, Impossible, Serialize, Serializer};

use joblib_array::tuples;

use super::pickler::too_deep;
use super::{bits, typed};
use crate::error::{Error, Result};
use crate::limits::DEPTH;
use crate::rust_type::RustType;
use joblib_array::half_to_f32;

/// The keys of a dict that is being written.
#[derive(Default)]
pub(super) struct Keys {
    /// Digests of 128 bits, so that a dict of many keys takes little memory.
    seen: HashSet<(u64, u64)>,
    states: [RandomState; 2],
    text: Vec<u8>,
    /// How many NaNs were keys: none is equal to another.
    nans: u64,
}

impl Keys {
    /// Refuses a key that is equal to an earlier one.
    pub(super) fn check<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<()> {
        self.text.clear();
        Identity { to: &mut self.text, nans: &mut self.nans, levels: DEPTH }.put_value(key)?;
        let digest = (self.states[0].hash_one(&self.text), self.states[1].hash_one(&self.text));
        if self.seen.insert(digest) {
            return Ok(());
        }
        Err(Error::value(format!(
            "the key {} is in a map twice, or is equal to another one in Python (True, 1 and 1.0 are one key): a dict has \
             one value for a key",
            self.last()
        )))
    }

    /// The key that was checked last, for errors.
    pub(super) fn last(&self) -> String {
        String::from_utf8_lossy(&self.text).replace('\0', " ").trim().trim_start_matches('\'').to_owned()
    }
}

/// Appends bytes that are equal exactly where Python's keys are.
struct Identity<'a> {
    to: &'a mut Vec<u8>,
    nans: &'a mut u64,
    /// Levels that the key may still go down.
    levels: usize,
}

#[expect(clippy::unnecessary_wraps, reason = "the methods of serde's traits return results")]
impl Identity<'_> {
    /// A part that ends at a zero; one within it is written twice.
    fn put(self, kind: &str, content: &[u8]) {
        self.to.extend_from_slice(kind.as_bytes());
        for &byte in content {
            self.to.push(byte);
            if byte == 0 {
                self.to.push(0);
            }
        }
        self.to.push(0);
    }

    fn number(self, text: impl std::fmt::Display) -> Result<()> {
        self.put("", text.to_string().as_bytes());
        Ok(())
    }
}

impl Identity<'_> {
    /// A value, as the object of Python's library that it is written as.
    fn put_value<T: Serialize + ?Sized>(self, value: &T) -> Result<()> {
        if let Some(kind) = RustType::of::<T>()
            && let Some(text) = typed::identity(kind, value)
        {
            self.put("", text.as_bytes());
            return Ok(());
        }
        value.serialize(self)
    }

    /// Goes into a key that holds another one.
    fn inside(self) -> Result<Self> {
        let levels = self.levels.checked_sub(1).ok_or_else(too_deep)?;
        Ok(Self { levels, ..self })
    }
}

/// The parts of a key that is a tuple.
struct Parts<'a> {
    to: &'a mut Vec<u8>,
    nans: &'a mut u64,
    levels: usize,
}

#[expect(clippy::unnecessary_wraps, reason = "serde's traits return results")]
impl Parts<'_> {
    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        Identity { to: self.to, nans: self.nans, levels: self.levels }.put_value(value)
    }

    fn finish(self) -> Result<()> {
        self.to.extend_from_slice(b")\0");
        Ok(())
    }
}

tuples!(Parts<'_> => (), Error);

impl serde::ser::SerializeSeq for Parts<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.element(value)
    }

    fn end(self) -> Result<()> {
        self.finish()
    }
}

macro_rules! numbers {
    ($($method:ident($type:ty))*) => {$(
        fn $method(self, value: $type) -> Result<()> {
            self.number(value)
        }
    )*};
}

type No = Impossible<(), Error>;

impl<'a> Serializer for Identity<'a> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Parts<'a>;
    type SerializeTuple = Parts<'a>;
    type SerializeTupleStruct = Parts<'a>;
    type SerializeTupleVariant = Parts<'a>;
    type SerializeMap = No;
    type SerializeStruct = No;
    type SerializeStructVariant = No;

    numbers! {
        serialize_i8(i8) serialize_i16(i16) serialize_i32(i32) serialize_i64(i64) serialize_i128(i128)
        serialize_u8(u8) serialize_u16(u16) serialize_u32(u32) serialize_u64(u64) serialize_u128(u128)
    }

    fn serialize_bool(self, value: bool) -> Result<()> {
        self.number(u8::from(value))
    }

    fn serialize_f32(self, value: f32) -> Result<()> {
        self.serialize_f64(value.into())
    }

    fn serialize_f64(self, value: f64) -> Result<()> {
        if value.is_nan() {
            *self.nans += 1;
            let number = *self.nans;
            return self.number(format_args!("nan {number}"));
        }
        self.number(typed::float_identity(value))
    }

    fn serialize_char(self, value: char) -> Result<()> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<()> {
        self.put("'", value.as_bytes());
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<()> {
        self.put("b'", value);
        Ok(())
    }

    fn serialize_none(self) -> Result<()> {
        self.put("None", b"");
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<()> {
        self.inside()?.put_value(value)
    }

    fn serialize_unit(self) -> Result<()> {
        self.serialize_none()
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<()> {
        self.serialize_none()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<()> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, name: &'static str, value: &T) -> Result<()> {
        // The floats of the crate `half` are their bits to serde.
        match name {
            "f16" => self.serialize_f32(half_to_f32(bits::of(value)?)),
            "bf16" => self.serialize_f32(f32::from_bits(u32::from(bits::of(value)?) << 16)),
            _ => self.inside()?.put_value(value),
        }
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: &T,
    ) -> Result<()> {
        Err(Error::custom(format_args!("the variant {variant} with content can't be a key")))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Parts<'a>> {
        let Self { to, nans, levels } = self.inside()?;
        to.extend_from_slice(b"(\0");
        Ok(Parts { to, nans, levels })
    }

    fn serialize_tuple(self, len: usize) -> Result<Parts<'a>> {
        self.serialize_seq(Some(len))
    }

    fn serialize_tuple_struct(self, _: &'static str, len: usize) -> Result<Parts<'a>> {
        self.serialize_seq(Some(len))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        len: usize,
    ) -> Result<Parts<'a>> {
        self.serialize_seq(Some(len))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<No> {
        Err(Error::custom("a map can't be a key"))
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<No> {
        Err(Error::custom(format_args!("{name} can't be a key")))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<No> {
        Err(Error::custom(format_args!("the variant {variant} can't be a key")))
    }
}
