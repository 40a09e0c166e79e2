//! An argument as a short text for display, made through `Serialize` and cut off early: a large
//! argument is not walked.

use std::fmt::{self, Write as _};

use joblib_array::transfer;
use serde::ser::{self, Serialize};

/// Characters of a value's text, at most.
const LONGEST: usize = 80;
/// Items of a sequence that are shown.
const ITEMS: usize = 6;

/// A short text of `value`.
pub(crate) fn argument_text<T: Serialize + ?Sized>(value: &T) -> String {
    let mut writer = Short { text: String::with_capacity(24), full: false };
    // The only error is `Enough`, which ends the walk.
    let _ = value.serialize(&mut writer);
    if writer.full {
        writer.text.push('…');
    }
    writer.text
}

struct Short {
    text: String,
    full: bool,
}

/// There is enough text, or the value refused.
#[derive(Debug)]
struct Enough;

impl fmt::Display for Enough {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("enough")
    }
}

impl std::error::Error for Enough {}

impl ser::Error for Enough {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

impl Short {
    fn put(&mut self, value: impl fmt::Display) -> Result<(), Enough> {
        // Writing to a `String` does not fail.
        let _ = write!(self.text, "{value}");
        self.check()
    }

    fn check(&mut self) -> Result<(), Enough> {
        match self.text.char_indices().nth(LONGEST) {
            Some((at, _)) => {
                self.text.truncate(at);
                self.full = true;
                Err(Enough)
            }
            None => Ok(()),
        }
    }

    fn list(
        &mut self,
        open: &'static str,
        close: &'static str,
        len: Option<usize>,
    ) -> Result<List<'_>, Enough> {
        self.put(open)?;
        Ok(List { to: self, close, len, written: 0 })
    }
}

struct List<'a> {
    to: &'a mut Short,
    close: &'static str,
    len: Option<usize>,
    written: usize,
}

impl List<'_> {
    fn item<T: Serialize + ?Sized>(&mut self, name: Option<&'static str>, value: &T) -> Result<(), Enough> {
        self.written += 1;
        if self.written > ITEMS {
            // Written once; the items after it are only skipped.
            if self.written == ITEMS + 1 {
                self.to.put(", …")?;
                if let Some(len) = self.len {
                    self.to.put(format_args!("; {len}{}", self.close))?;
                    return Err(Enough);
                }
            }
            return Ok(());
        }
        if self.written > 1 {
            self.to.put(", ")?;
        }
        if let Some(name) = name {
            self.to.put(format_args!("{name}: "))?;
        }
        value.serialize(&mut *self.to)
    }
}

macro_rules! shown {
    ($($method:ident: $type:ty,)*) => {$(
        fn $method(self, value: $type) -> Result<(), Enough> {
            self.put(value)
        }
    )*};
}

impl<'a> ser::Serializer for &'a mut Short {
    type Ok = ();
    type Error = Enough;
    type SerializeSeq = List<'a>;
    type SerializeTuple = List<'a>;
    type SerializeTupleStruct = List<'a>;
    type SerializeTupleVariant = List<'a>;
    type SerializeMap = List<'a>;
    type SerializeStruct = List<'a>;
    type SerializeStructVariant = List<'a>;

    shown! {
        serialize_bool: bool, serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_i128: i128, serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64,
        serialize_u128: u128,
    }

    /// So that arrays arrive as one value, with their shape.
    fn is_human_readable(&self) -> bool {
        false
    }

    fn serialize_f32(self, value: f32) -> Result<(), Enough> {
        self.put(format_args!("{value:?}"))
    }

    fn serialize_f64(self, value: f64) -> Result<(), Enough> {
        self.put(format_args!("{value:?}"))
    }

    fn serialize_char(self, value: char) -> Result<(), Enough> {
        self.put(format_args!("{value:?}"))
    }

    fn serialize_str(self, value: &str) -> Result<(), Enough> {
        let shown: String = value.chars().take(LONGEST).collect();
        self.put(format_args!("{shown:?}"))
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), Enough> {
        self.put(format_args!("{} bytes", value.len()))
    }

    fn serialize_none(self) -> Result<(), Enough> {
        self.put("None")
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Enough> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Enough> {
        self.put("()")
    }

    fn serialize_unit_struct(self, name: &'static str) -> Result<(), Enough> {
        self.put(name)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), Enough> {
        self.put(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Enough> {
        if name == transfer::NAME {
            let shape = transfer::capture(value, |array| format!("{}{:?}", array.dtype.name(), array.shape));
            if let Some(shape) = shape {
                return self.put(shape);
            }
        }
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Enough> {
        self.put(format_args!("{variant}("))?;
        value.serialize(&mut *self)?;
        self.put(")")
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<List<'a>, Enough> {
        self.list("[", "]", len)
    }

    fn serialize_tuple(self, len: usize) -> Result<List<'a>, Enough> {
        self.list("(", ")", Some(len))
    }

    fn serialize_tuple_struct(self, name: &'static str, len: usize) -> Result<List<'a>, Enough> {
        self.put(name)?;
        self.list("(", ")", Some(len))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<List<'a>, Enough> {
        self.put(variant)?;
        self.list("(", ")", Some(len))
    }

    fn serialize_map(self, len: Option<usize>) -> Result<List<'a>, Enough> {
        self.list("{", "}", len)
    }

    fn serialize_struct(self, name: &'static str, len: usize) -> Result<List<'a>, Enough> {
        self.put(name)?;
        self.list(" { ", " }", Some(len))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<List<'a>, Enough> {
        self.put(variant)?;
        self.list(" { ", " }", Some(len))
    }
}

macro_rules! listed {
    ($($trait:ident::$method:ident,)*) => {$(
        impl ser::$trait for List<'_> {
            type Ok = ();
            type Error = Enough;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Enough> {
                self.item(None, value)
            }

            fn end(self) -> Result<(), Enough> {
                self.to.put(self.close)
            }
        }
    )*};
}

listed! {
    SerializeSeq::serialize_element, SerializeTuple::serialize_element, SerializeTupleStruct::serialize_field,
    SerializeTupleVariant::serialize_field,
}

macro_rules! named {
    ($($trait:ident),*) => {$(
        impl ser::$trait for List<'_> {
            type Ok = ();
            type Error = Enough;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Enough> {
                self.item(Some(name), value)
            }

            fn end(self) -> Result<(), Enough> {
                self.to.put(self.close)
            }
        }
    )*};
}

named!(SerializeStruct, SerializeStructVariant);

impl ser::SerializeMap for List<'_> {
    type Ok = ();
    type Error = Enough;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Enough> {
        self.item(None, key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Enough> {
        if self.written > ITEMS {
            return Ok(());
        }
        self.to.put(": ")?;
        value.serialize(&mut *self.to)
    }

    fn end(self) -> Result<(), Enough> {
        self.to.put(self.close)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_values_are_cut_and_arrays_show_their_shape() {
        assert_eq!(argument_text(&(1, "a", 0.5)), "(1, \"a\", 0.5)");
        assert_eq!(argument_text(&[0; 30]), "(0, 0, 0, 0, 0, 0, …; 30)");
        assert_eq!(argument_text(&vec![0; 1000]), "[0, 0, 0, 0, 0, 0, …; 1000]");
        assert!(argument_text(&"é".repeat(1000)).chars().count() <= LONGEST + 1);
        let array = joblib_array::Array::from_vec(vec![0.0; 6], &[2, 3]).unwrap();
        assert_eq!(argument_text(&Some(array)), "float64[2, 3]");
    }
}
