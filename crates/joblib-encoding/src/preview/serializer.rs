//! A value as tokens, until there are enough.

use joblib_array::{foreign, structs, transfer, tuples};
use serde::ser::{self, Serialize};

use super::tokens::{Enough, Form, Recording, Token};

/// Elements of a sequence, or fields of a struct, that are recorded.
const MAX_ITEMS: usize = 6;
/// Values within values that leave no token, such as newtype structs: each takes stack.
const MAX_WRAPPED: usize = 48;

/// What holds other values.
pub(super) struct Items<'a> {
    recording: &'a mut Recording,
    len: Option<usize>,
    given: usize,
}

impl Items<'_> {
    /// Whether the next element is recorded. The rest of a container of known length is not even walked.
    fn next(&mut self) -> Result<bool, Enough> {
        self.given += 1;
        if self.given <= MAX_ITEMS {
            return Ok(true);
        }
        if self.given == MAX_ITEMS + 1 {
            self.recording.push(Token::More(self.len))?;
            if self.len.is_some() {
                return Err(Enough);
            }
        }
        Ok(false)
    }

    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Enough> {
        if self.next()? { self.recording.value(value) } else { Ok(()) }
    }

    fn field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Enough> {
        if !self.next()? {
            return Ok(());
        }
        self.recording.push(Token::Field(name))?;
        self.recording.value(value)
    }

    fn finish(self) -> Result<(), Enough> {
        self.recording.push(Token::End)
    }
}

tuples!(Items<'_> => (), Enough);
structs!(Items<'_> => (), Enough);

impl ser::SerializeSeq for Items<'_> {
    type Ok = ();
    type Error = Enough;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Enough> {
        self.element(value)
    }

    fn end(self) -> Result<(), Enough> {
        self.finish()
    }
}

impl ser::SerializeMap for Items<'_> {
    type Ok = ();
    type Error = Enough;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Enough> {
        self.element(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Enough> {
        if self.given > MAX_ITEMS {
            return Ok(());
        }
        self.recording.push(Token::Value)?;
        self.recording.value(value)
    }

    fn end(self) -> Result<(), Enough> {
        self.finish()
    }
}

impl Recording {
    /// A value, which may be an array of another crate.
    pub(super) fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Enough> {
        match foreign::whole_in_either_order(value) {
            Some(array) => self.push_array(array.dtype, &array.shape),
            None => value.serialize(self),
        }
    }

    /// A value that leaves no token besides what is in it.
    fn wrapper<T: Serialize + ?Sized>(&mut self, inner: &T) -> Result<(), Enough> {
        if self.wrapped == MAX_WRAPPED {
            return Err(Enough);
        }
        self.wrapped += 1;
        self.value(inner)?;
        self.wrapped -= 1;
        Ok(())
    }

    fn begin(&mut self, form: Form, name: &'static str, len: Option<usize>) -> Result<Items<'_>, Enough> {
        self.push(Token::Begin(form, name, len))?;
        Ok(Items { recording: self, len, given: 0 })
    }
}

macro_rules! numbers {
    ($($method:ident: $type:ty => $token:ident,)*) => {$(
        fn $method(self, value: $type) -> Result<(), Enough> {
            self.push(Token::$token(value.into()))
        }
    )*};
}

impl<'a> ser::Serializer for &'a mut Recording {
    type Ok = ();
    type Error = Enough;
    type SerializeSeq = Items<'a>;
    type SerializeTuple = Items<'a>;
    type SerializeTupleStruct = Items<'a>;
    type SerializeTupleVariant = Items<'a>;
    type SerializeMap = Items<'a>;
    type SerializeStruct = Items<'a>;
    type SerializeStructVariant = Items<'a>;

    numbers! {
        serialize_i8: i8 => Signed, serialize_i16: i16 => Signed, serialize_i32: i32 => Signed,
        serialize_i64: i64 => Signed, serialize_u8: u8 => Unsigned, serialize_u16: u16 => Unsigned,
        serialize_u32: u32 => Unsigned, serialize_u64: u64 => Unsigned, serialize_f32: f32 => F32,
        serialize_f64: f64 => F64, serialize_char: char => Char,
    }

    fn serialize_bool(self, value: bool) -> Result<(), Enough> {
        self.push(Token::Name(if value { "true" } else { "false" }))
    }

    fn serialize_i128(self, value: i128) -> Result<(), Enough> {
        self.push_word(value)
    }

    fn serialize_u128(self, value: u128) -> Result<(), Enough> {
        self.push_word(value)
    }

    fn serialize_str(self, value: &str) -> Result<(), Enough> {
        self.push_text(value)
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), Enough> {
        self.push(Token::Bytes { len: value.len() })
    }

    fn serialize_none(self) -> Result<(), Enough> {
        self.push(Token::Name("None"))
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Enough> {
        self.wrapper(value)
    }

    fn serialize_unit(self) -> Result<(), Enough> {
        self.push(Token::Name("()"))
    }

    fn serialize_unit_struct(self, name: &'static str) -> Result<(), Enough> {
        self.push(Token::Name(name))
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), Enough> {
        self.push(Token::Name(variant))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Enough> {
        if name == transfer::NAME
            && let Some(recorded) = transfer::capture_content(value, |captured| self.push_captured(&captured))
        {
            return recorded;
        }
        self.wrapper(value)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Enough> {
        let mut items = self.begin(Form::Tuple, variant, Some(1))?;
        items.element(value)?;
        items.finish()
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Items<'a>, Enough> {
        self.begin(Form::Sequence, "", len)
    }

    fn serialize_tuple(self, len: usize) -> Result<Items<'a>, Enough> {
        self.begin(Form::Tuple, "", Some(len))
    }

    fn serialize_tuple_struct(self, name: &'static str, len: usize) -> Result<Items<'a>, Enough> {
        self.begin(Form::Tuple, name, Some(len))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Items<'a>, Enough> {
        self.begin(Form::Tuple, variant, Some(len))
    }

    fn serialize_map(self, len: Option<usize>) -> Result<Items<'a>, Enough> {
        self.begin(Form::Map, "", len)
    }

    fn serialize_struct(self, name: &'static str, len: usize) -> Result<Items<'a>, Enough> {
        self.begin(Form::Struct, name, Some(len))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Items<'a>, Enough> {
        self.begin(Form::Struct, variant, Some(len))
    }
}
