//! Each kind of value as its encoding.

use joblib_array::slice::Items;
use joblib_array::transfer;
use serde::ser::{self, Serialize, SerializeMap, SerializeSeq};

use super::containers::{Compound, KeyOrder, Map, Seq, Struct};
use super::{Encoder, tag};
use crate::{HashError, unordered};

macro_rules! numbers {
    ($($method:ident: $type:ty = $tag:ident),* $(,)?) => {$(
        #[inline]
        fn $method(self, value: $type) -> Result<(), HashError> {
            self.number(tag::$tag, value.to_le_bytes());
            Ok(())
        }
    )*};
}

impl<'e> ser::Serializer for &'e mut Encoder {
    type Ok = ();
    type Error = HashError;
    type SerializeSeq = Seq<'e>;
    type SerializeTuple = Compound<'e>;
    type SerializeTupleStruct = Compound<'e>;
    type SerializeTupleVariant = Compound<'e>;
    type SerializeMap = Map<'e>;
    type SerializeStruct = Struct<'e>;
    type SerializeStructVariant = Compound<'e>;

    numbers! {
        serialize_i8: i8 = I8, serialize_i16: i16 = I16, serialize_i32: i32 = I32, serialize_i64: i64 = I64,
        serialize_i128: i128 = I128, serialize_u8: u8 = U8, serialize_u16: u16 = U16, serialize_u32: u32 = U32,
        serialize_u64: u64 = U64, serialize_u128: u128 = U128, serialize_f32: f32 = F32, serialize_f64: f64 = F64,
    }

    fn serialize_bool(self, value: bool) -> Result<(), HashError> {
        self.number(tag::BOOL, [u8::from(value)]);
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result<(), HashError> {
        self.number(tag::CHAR, u32::from(value).to_le_bytes());
        Ok(())
    }

    fn serialize_str(self, value: &str) -> Result<(), HashError> {
        self.begin(tag::STR);
        self.bytes(value.as_bytes());
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), HashError> {
        self.begin(tag::BYTES);
        self.bytes(value);
        Ok(())
    }

    fn serialize_none(self) -> Result<(), HashError> {
        self.begin(tag::NONE);
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), HashError> {
        self.begin(tag::SOME);
        self.inside(value)
    }

    fn serialize_unit(self) -> Result<(), HashError> {
        self.begin(tag::UNIT);
        Ok(())
    }

    fn serialize_unit_struct(self, name: &'static str) -> Result<(), HashError> {
        self.begin(tag::UNIT_STRUCT);
        self.name(name);
        Ok(())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<(), HashError> {
        if name == transfer::NAME
            && transfer::capture_content(value, |captured| self.captured(captured)).is_some()
        {
            return Ok(());
        }
        if name == unordered::NAME {
            self.unordered = true;
            self.inside(value)?;
            self.unordered = false;
            return Ok(());
        }
        self.begin(tag::NEWTYPE_STRUCT);
        self.name(name);
        self.inside(value)
    }

    fn serialize_unit_variant(
        self,
        name: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<(), HashError> {
        self.begin(tag::UNIT_VARIANT);
        self.name(name);
        self.name(variant);
        Ok(())
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), HashError> {
        self.begin(tag::NEWTYPE_VARIANT);
        self.name(name);
        self.name(variant);
        self.inside(value)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Seq<'e>, HashError> {
        self.descend()?;
        let entries = if self.unordered {
            Some(self.enter())
        } else {
            self.begin(tag::SEQ);
            None
        };
        Ok(Seq::new(self, entries))
    }

    #[inline]
    fn collect_seq<I>(self, items: I) -> Result<(), HashError>
    where
        I: IntoIterator,
        I::Item: Serialize,
    {
        if let Some(list) = Items::of(&items)
            && let Some(hashed) = self.list(list)
        {
            return hashed;
        }
        self.unordered |= unordered::is_set::<I>();
        let mut list = self.serialize_seq(None)?;
        items.into_iter().try_for_each(|item| list.serialize_element(&item))?;
        list.end()
    }

    fn serialize_tuple(self, length: usize) -> Result<Compound<'e>, HashError> {
        self.begin(tag::TUPLE);
        self.length(length);
        Compound::new(self)
    }

    fn serialize_tuple_struct(self, name: &'static str, length: usize) -> Result<Compound<'e>, HashError> {
        self.begin(tag::TUPLE_STRUCT);
        self.name(name);
        self.length(length);
        Compound::new(self)
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        _: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Compound<'e>, HashError> {
        self.begin(tag::TUPLE_VARIANT);
        self.name(name);
        self.name(variant);
        self.length(length);
        Compound::new(self)
    }

    /// Without a length it is a struct with a flattened field, whose names come in the order of its declaration and behind
    /// them the entries of a map that may have none.
    fn serialize_map(self, len: Option<usize>) -> Result<Map<'e>, HashError> {
        let order =
            if self.unordered || len.is_none() { KeyOrder::None } else { KeyOrder::Ascending { last: None } };
        self.descend()?;
        let entries = self.enter();
        Ok(Map::new(self, entries, order))
    }

    #[inline]
    fn collect_map<K, V, I>(self, entries: I) -> Result<(), HashError>
    where
        K: Serialize,
        V: Serialize,
        I: IntoIterator<Item = (K, V)>,
    {
        if !self.unordered && unordered::is_ordered_map::<I>() {
            self.descend()?;
            self.begin(tag::ORDERED_MAP);
            let mut count = 0;
            for (key, value) in entries {
                self.value(&key)?;
                self.value(&value)?;
                count += 1;
            }
            self.begin(tag::END);
            self.length(count);
            self.ascend();
            return Ok(());
        }
        self.unordered |= unordered::is_unordered_map::<I>();
        let mut map = self.serialize_map(Some(0))?;
        entries.into_iter().try_for_each(|(key, value)| map.serialize_entry(&key, &value))?;
        map.end()
    }

    fn serialize_struct(self, name: &'static str, length: usize) -> Result<Struct<'e>, HashError> {
        Struct::new(self, name, length)
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        _: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Compound<'e>, HashError> {
        self.begin(tag::STRUCT_VARIANT);
        self.name(name);
        self.name(variant);
        self.length(length);
        Compound::new(self)
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}
