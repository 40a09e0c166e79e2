//! serde's data model as MessagePack: scalars here, what holds other values in `compound`.

use joblib_array::slice::Items;
use joblib_array::transfer;
use serde::ser::{Serialize, SerializeSeq, Serializer};

use super::compound::{Compound, Sequence};
use super::structs::Struct;
use super::{Encoder, open_marker};
use crate::error::{Error, Result};
use crate::limits::MIN_TEXT_BLOCK;
use crate::markers::{
    ARRAY16, ARRAY32, BIN8, BIN16, CONTINUED, EXT_I128, EXT_SOME, EXT_U128, F32, F64, FALSE, FIXEXT1,
    FIXEXT16, MAP16, MAP32, NIL, Role, STR8, STR16, TRUE,
};
use crate::scalar::{self, Out};

impl Encoder<'_> {
    #[inline]
    pub(super) fn unsigned(&mut self, value: u64) {
        scalar::put_unsigned(value, &mut self.body);
    }

    #[inline]
    fn signed(&mut self, value: i64) {
        scalar::put_signed(value, &mut self.body);
    }

    #[inline]
    fn marked<const N: usize>(&mut self, marker: u8, bytes: [u8; N]) {
        self.body.put(marker, bytes);
    }

    fn wide(&mut self, kind: u8, bytes: [u8; 16]) {
        self.body.extend_from_slice(&[FIXEXT16, kind]);
        self.body.extend_from_slice(&bytes);
    }

    #[inline]
    pub(super) fn text(&mut self, text: &str) -> Result<()> {
        let len = text.len();
        match len {
            0..0x20 => self.body.push(0xa0 | len as u8),
            0x20..0x100 => self.body.extend_from_slice(&[STR8, len as u8]),
            0x100..MIN_TEXT_BLOCK => self.marked(STR16, (len as u16).to_be_bytes()),
            MIN_TEXT_BLOCK.. => return self.long_bytes(Role::Text, text.as_bytes()),
        }
        self.body.extend_from_slice(text.as_bytes());
        Ok(())
    }

    /// The header of an array of known length; `false` when it is too long for one header and is counted instead.
    pub(super) fn array_header(&mut self, len: usize) -> bool {
        match len {
            0..0x10 => self.body.push(0x90 | len as u8),
            0x10..0x1_0000 => self.marked(ARRAY16, (len as u16).to_be_bytes()),
            _ => return self.long_header(ARRAY32, len),
        }
        true
    }

    pub(super) fn map_header(&mut self, len: usize) -> bool {
        match len {
            0..0x10 => self.body.push(0x80 | len as u8),
            0x10..0x1_0000 => self.marked(MAP16, (len as u16).to_be_bytes()),
            _ => return self.long_header(MAP32, len),
        }
        true
    }

    fn long_header(&mut self, marker: u8, len: usize) -> bool {
        match u32::try_from(len) {
            Ok(len) if len < CONTINUED => {
                self.marked(marker, len.to_be_bytes());
                true
            }
            _ => false,
        }
    }

    /// A container of `len` elements, or of a number that is not known.
    pub(super) fn begin(&mut self, map: bool, len: Option<usize>) -> Result<Option<usize>> {
        self.enter()?;
        let known = len.filter(|&len| if map { self.map_header(len) } else { self.array_header(len) });
        if known.is_none() {
            self.begin_counting(open_marker(map));
        }
        Ok(known)
    }

    /// An enum's variant with data is a map of one entry: its name, and the data.
    fn variant(&mut self, name: &'static str) -> Result<()> {
        self.enter()?;
        self.map_header(1);
        self.text(name)
    }
}

impl<'e, 's> Serializer for &'e mut Encoder<'s> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Sequence<'e, 's>;
    type SerializeTuple = Compound<'e, 's>;
    type SerializeTupleStruct = Compound<'e, 's>;
    type SerializeTupleVariant = Compound<'e, 's>;
    type SerializeMap = Compound<'e, 's>;
    type SerializeStruct = Struct<'e, 's>;
    type SerializeStructVariant = Compound<'e, 's>;

    /// The readable form of a type is the one that arrives through serde's buffer too: see the crate's documentation.
    fn is_human_readable(&self) -> bool {
        true
    }

    #[inline]
    fn serialize_bool(self, value: bool) -> Result<()> {
        self.body.push(if value { TRUE } else { FALSE });
        Ok(())
    }

    #[inline]
    fn serialize_i8(self, value: i8) -> Result<()> {
        self.signed(value.into());
        Ok(())
    }

    #[inline]
    fn serialize_i16(self, value: i16) -> Result<()> {
        self.signed(value.into());
        Ok(())
    }

    #[inline]
    fn serialize_i32(self, value: i32) -> Result<()> {
        self.signed(value.into());
        Ok(())
    }

    #[inline]
    fn serialize_i64(self, value: i64) -> Result<()> {
        self.signed(value);
        Ok(())
    }

    // Not shortened: serde's buffer has no 128-bit integers, and a decoder that finds one can say so.
    fn serialize_i128(self, value: i128) -> Result<()> {
        self.wide(EXT_I128, value.to_be_bytes());
        Ok(())
    }

    #[inline]
    fn serialize_u8(self, value: u8) -> Result<()> {
        self.unsigned(value.into());
        Ok(())
    }

    #[inline]
    fn serialize_u16(self, value: u16) -> Result<()> {
        self.unsigned(value.into());
        Ok(())
    }

    #[inline]
    fn serialize_u32(self, value: u32) -> Result<()> {
        self.unsigned(value.into());
        Ok(())
    }

    #[inline]
    fn serialize_u64(self, value: u64) -> Result<()> {
        self.unsigned(value);
        Ok(())
    }

    fn serialize_u128(self, value: u128) -> Result<()> {
        self.wide(EXT_U128, value.to_be_bytes());
        Ok(())
    }

    #[inline]
    fn serialize_f32(self, value: f32) -> Result<()> {
        self.marked(F32, value.to_be_bytes());
        Ok(())
    }

    #[inline]
    fn serialize_f64(self, value: f64) -> Result<()> {
        self.marked(F64, value.to_be_bytes());
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result<()> {
        self.text(value.encode_utf8(&mut [0; 4]))
    }

    #[inline]
    fn serialize_str(self, value: &str) -> Result<()> {
        self.text(value)
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<()> {
        let len = value.len();
        match len {
            0..0x100 => self.body.extend_from_slice(&[BIN8, len as u8]),
            0x100..MIN_TEXT_BLOCK => self.marked(BIN16, (len as u16).to_be_bytes()),
            MIN_TEXT_BLOCK.. => return self.long_bytes(Role::Bytes, value),
        }
        self.body.extend_from_slice(value);
        Ok(())
    }

    #[inline]
    fn serialize_none(self) -> Result<()> {
        self.body.push(NIL);
        Ok(())
    }

    /// `Some(x)` is written as `x`, unless that looks like `None`.
    #[inline]
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<()> {
        let (flushes, start) = (self.flushes, self.body.len());
        self.enter()?;
        self.value(value)?;
        self.leave();
        if flushes == self.flushes {
            match self.body[start..] {
                [NIL] => {
                    self.body.truncate(start);
                    self.body.extend_from_slice(&[FIXEXT1, EXT_SOME, 1]);
                }
                [FIXEXT1, EXT_SOME, u8::MAX] => {
                    return Err(Error::value(
                        "an Option nests deeper than 255 levels, which could not be loaded",
                    ));
                }
                [FIXEXT1, EXT_SOME, count] => self.body[start + 2] = count + 1,
                _ => {}
            }
        }
        Ok(())
    }

    fn serialize_unit(self) -> Result<()> {
        self.serialize_none()
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<()> {
        self.serialize_none()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<()> {
        self.text(variant)
    }

    #[inline]
    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, name: &'static str, value: &T) -> Result<()> {
        if name == transfer::NAME
            && let Some(result) = transfer::capture(value, |array| self.array(&array, Role::Array))
        {
            return result;
        }
        self.enter()?;
        self.value(value)?;
        self.leave();
        Ok(())
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<()> {
        self.variant(variant)?;
        self.value(value)?;
        self.leave();
        Ok(())
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Self::SerializeSeq> {
        Sequence::begin(self, len)
    }

    #[inline]
    fn collect_seq<I>(self, items: I) -> Result<()>
    where
        I: IntoIterator,
        I::Item: Serialize,
    {
        if let Some(list) = Items::of(&items)
            && let Some(encoded) = self.list(list)
        {
            return encoded;
        }
        let mut items = items.into_iter();
        let len = match items.size_hint() {
            (least, Some(most)) if least == most => Some(least),
            _ => None,
        };
        let mut list = self.serialize_seq(len)?;
        items.try_for_each(|item| list.serialize_element(&item))?;
        list.end()
    }

    fn serialize_tuple(self, len: usize) -> Result<Self::SerializeTuple> {
        Compound::begin(self, false, Some(len))
    }

    fn serialize_tuple_struct(self, _: &'static str, len: usize) -> Result<Self::SerializeTupleStruct> {
        Compound::begin(self, false, Some(len))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Self::SerializeTupleVariant> {
        self.variant(variant)?;
        Compound::begin(self, false, Some(len)).map(Compound::in_variant)
    }

    fn serialize_map(self, len: Option<usize>) -> Result<Self::SerializeMap> {
        Compound::begin(self, true, len)
    }

    fn serialize_struct(self, name: &'static str, len: usize) -> Result<Self::SerializeStruct> {
        Struct::begin(self, name, len)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Self::SerializeStructVariant> {
        self.variant(variant)?;
        Compound::begin(self, true, Some(len)).map(Compound::in_variant)
    }
}
