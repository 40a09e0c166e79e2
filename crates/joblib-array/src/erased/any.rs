//! What a user's type sees: one deserializer, whatever is behind it. The visitors and seeds of the type go behind vtables of
//! their own, and leave their values in the caller's stack frame.

use std::any::type_name;
use std::fmt;

use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error as _, MapAccess, SeqAccess, VariantAccess, Visitor,
};

use super::error::AnyError;
use super::number::NumberType;
use super::vector;
use super::vtable::{
    Content, ErasedDeserializer, ErasedEnumAccess, ErasedMapAccess, ErasedSeed, ErasedSeqAccess,
    ErasedVisitor, Found, Hint,
};
use crate::vec;

/// The deserializer that users' types are compiled for.
pub struct AnyDeserializer<'a, 'de>(&'a mut dyn ErasedDeserializer<'de>);

impl<'a, 'de> AnyDeserializer<'a, 'de> {
    /// The deserializer behind the vtable.
    #[inline]
    pub fn new(deserializer: &'a mut dyn ErasedDeserializer<'de>) -> Self {
        Self(deserializer)
    }

    #[inline]
    fn ask<V: Visitor<'de>>(self, hint: Hint, visitor: V) -> Result<V::Value, AnyError> {
        let mut slot = Slot::new(visitor);
        self.0.deserialize(hint, &mut slot)?;
        slot.into_value()
    }
}

macro_rules! methods {
    ($($method:ident($($argument:ident: $type:ty),*) $hint:expr;)*) => {$(
        #[inline]
        fn $method<V: Visitor<'de>>(self, $($argument: $type,)* visitor: V) -> Result<V::Value, AnyError> {
            self.ask($hint, visitor)
        }
    )*};
}

impl<'de> Deserializer<'de> for AnyDeserializer<'_, 'de> {
    type Error = AnyError;

    methods! {
        deserialize_any() Hint::Any;
        deserialize_bool() Hint::Bool;
        deserialize_i8() Hint::I8;
        deserialize_i16() Hint::I16;
        deserialize_i32() Hint::I32;
        deserialize_i64() Hint::I64;
        deserialize_i128() Hint::I128;
        deserialize_u8() Hint::U8;
        deserialize_u16() Hint::U16;
        deserialize_u32() Hint::U32;
        deserialize_u64() Hint::U64;
        deserialize_u128() Hint::U128;
        deserialize_f32() Hint::F32;
        deserialize_f64() Hint::F64;
        deserialize_char() Hint::Char;
        deserialize_str() Hint::Str;
        deserialize_string() Hint::String;
        deserialize_bytes() Hint::Bytes;
        deserialize_byte_buf() Hint::ByteBuf;
        deserialize_option() Hint::Option;
        deserialize_unit() Hint::Unit;
        deserialize_unit_struct(name: &'static str) Hint::UnitStruct(name);
        deserialize_newtype_struct(name: &'static str) Hint::NewtypeStruct(name);
        deserialize_tuple(len: usize) Hint::Tuple(len);
        deserialize_tuple_struct(name: &'static str, len: usize) Hint::TupleStruct(name, len);
        deserialize_map() Hint::Map;
        deserialize_struct(name: &'static str, fields: &'static [&'static str]) Hint::Struct(name, fields);
        deserialize_enum(name: &'static str, variants: &'static [&'static str]) Hint::Enum(name, variants);
        deserialize_identifier() Hint::Identifier;
        deserialize_ignored_any() Hint::IgnoredAny;
    }

    #[inline]
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, AnyError> {
        let Some(dtype) = vec::wanted::<V>() else { return self.ask(Hint::Seq, visitor) };
        let mut slot = Slot::new(visitor);
        match vector::ask(self.0, &mut slot, dtype)? {
            Some(numbers) => numbers.into_vec().map_err(AnyError::custom),
            None => slot.into_value(),
        }
    }

    fn is_human_readable(&self) -> bool {
        self.0.is_human_readable()
    }
}

/// The elements of a sequence.
pub(super) struct AnySeq<'a, 'de>(pub(super) &'a mut dyn ErasedSeqAccess<'de>);

impl<'de> SeqAccess<'de> for AnySeq<'_, 'de> {
    type Error = AnyError;

    #[inline]
    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, AnyError> {
        if let Some(of) = NumberType::of::<S>() {
            let Some(number) = self.0.next_number(of)? else { return Ok(None) };
            return number.into_value::<S>(of).map(Some).ok_or_else(nothing);
        }
        let mut seed = Seed::new(seed);
        self.0.next(&mut seed)?;
        Ok(seed.into_option())
    }

    #[inline]
    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint()
    }
}

/// The entries of a map.
pub(super) struct AnyMap<'a, 'de>(pub(super) &'a mut dyn ErasedMapAccess<'de>);

impl<'de> MapAccess<'de> for AnyMap<'_, 'de> {
    type Error = AnyError;

    #[inline]
    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, AnyError> {
        let mut seed = Seed::new(seed);
        self.0.next_key(&mut seed)?;
        Ok(seed.into_option())
    }

    #[inline]
    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, AnyError> {
        if let Some(of) = NumberType::of::<S>() {
            return self.0.next_number(of)?.into_value::<S>(of).ok_or_else(nothing);
        }
        let mut seed = Seed::new(seed);
        self.0.next_value(&mut seed)?;
        seed.into_value()
    }

    #[inline]
    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint()
    }
}

/// A variant, and then what is in it.
pub(super) struct AnyEnum<'a, 'de>(pub(super) &'a mut dyn ErasedEnumAccess<'de>);

impl<'de> EnumAccess<'de> for AnyEnum<'_, 'de> {
    type Error = AnyError;
    type Variant = Self;

    #[inline]
    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), AnyError> {
        let mut seed = Seed::new(seed);
        self.0.variant(&mut seed)?;
        Ok((seed.into_value()?, self))
    }
}

impl<'de> VariantAccess<'de> for AnyEnum<'_, 'de> {
    type Error = AnyError;

    fn unit_variant(self) -> Result<(), AnyError> {
        self.0.content(Content::Unit)
    }

    #[inline]
    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, AnyError> {
        let mut seed = Seed::new(seed);
        self.0.content(Content::Newtype(&mut seed))?;
        seed.into_value()
    }

    #[inline]
    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, AnyError> {
        let mut slot = Slot::new(visitor);
        self.0.content(Content::Tuple(len, &mut slot))?;
        slot.into_value()
    }

    #[inline]
    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, AnyError> {
        let mut slot = Slot::new(visitor);
        self.0.content(Content::Struct(fields, &mut slot))?;
        slot.into_value()
    }
}

/// A visitor, and then its value.
pub(super) struct Slot<V, T> {
    visitor: Option<V>,
    value: Option<T>,
    makes: &'static str,
}

impl<'de, V: Visitor<'de>> Slot<V, V::Value> {
    #[inline]
    pub(super) fn new(visitor: V) -> Self {
        Self::of(visitor, type_name::<V::Value>())
    }

    /// The same for a visitor that makes what is called so.
    #[inline]
    pub(super) fn of(visitor: V, makes: &'static str) -> Self {
        Self { visitor: Some(visitor), value: None, makes }
    }

    /// The value, once the deserializer has returned without an error.
    #[inline]
    pub(super) fn into_value(self) -> Result<V::Value, AnyError> {
        self.value.ok_or_else(nothing)
    }
}

#[cold]
pub(super) fn nothing() -> AnyError {
    AnyError::custom("a deserializer gave no value")
}

#[cold]
pub(super) fn twice() -> AnyError {
    AnyError::custom("a value was asked for twice")
}

impl<'de, V: Visitor<'de>> ErasedVisitor<'de> for Slot<V, V::Value> {
    fn visit(&mut self, found: Found<'_, 'de>) -> Result<(), AnyError> {
        let Some(visitor) = self.visitor.take() else { return Err(twice()) };
        let value = match found {
            Found::Bool(value) => visitor.visit_bool(value),
            Found::I8(value) => visitor.visit_i8(value),
            Found::I16(value) => visitor.visit_i16(value),
            Found::I32(value) => visitor.visit_i32(value),
            Found::I64(value) => visitor.visit_i64(value),
            Found::I128(value) => visitor.visit_i128(value),
            Found::U8(value) => visitor.visit_u8(value),
            Found::U16(value) => visitor.visit_u16(value),
            Found::U32(value) => visitor.visit_u32(value),
            Found::U64(value) => visitor.visit_u64(value),
            Found::U128(value) => visitor.visit_u128(value),
            Found::F32(value) => visitor.visit_f32(value),
            Found::F64(value) => visitor.visit_f64(value),
            Found::Char(value) => visitor.visit_char(value),
            Found::Str(text) => visitor.visit_str(text),
            Found::BorrowedStr(text) => visitor.visit_borrowed_str(text),
            Found::String(text) => visitor.visit_string(text),
            Found::Bytes(bytes) => visitor.visit_bytes(bytes),
            Found::BorrowedBytes(bytes) => visitor.visit_borrowed_bytes(bytes),
            Found::ByteBuf(bytes) => visitor.visit_byte_buf(bytes),
            Found::None => visitor.visit_none(),
            Found::Some(inner) => visitor.visit_some(AnyDeserializer::new(inner)),
            Found::Unit => visitor.visit_unit(),
            Found::Newtype(inner) => visitor.visit_newtype_struct(AnyDeserializer::new(inner)),
            Found::Seq(access) => visitor.visit_seq(AnySeq(access)),
            Found::Map(access) => visitor.visit_map(AnyMap(access)),
            Found::Enum(access) => visitor.visit_enum(AnyEnum(access)),
        }?;
        self.value = Some(value);
        Ok(())
    }

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.visitor {
            Some(visitor) => visitor.expecting(f),
            None => Ok(()),
        }
    }

    fn makes(&self) -> &'static str {
        self.makes
    }
}

/// A seed, and then its value.
#[derive(Debug)]
pub struct Seed<S, T> {
    seed: Option<S>,
    value: Option<T>,
}

impl<'de, S: DeserializeSeed<'de>> Seed<S, S::Value> {
    /// A seed to be given to a deserializer. For a type `T`, `PhantomData::<T>` is one.
    #[inline]
    pub fn new(seed: S) -> Self {
        Self { seed: Some(seed), value: None }
    }

    /// The value, once the deserializer has returned without an error.
    ///
    /// # Errors
    ///
    /// Returns an error if no deserializer has been given.
    #[inline]
    pub fn into_value(self) -> Result<S::Value, AnyError> {
        self.value.ok_or_else(nothing)
    }

    /// The value, if a deserializer was there for it.
    #[inline]
    pub fn into_option(self) -> Option<S::Value> {
        self.value
    }
}

impl<'de, S: DeserializeSeed<'de>> ErasedSeed<'de> for Seed<S, S::Value> {
    fn deserialize(&mut self, deserializer: &mut dyn ErasedDeserializer<'de>) -> Result<(), AnyError> {
        let Some(seed) = self.seed.take() else { return Err(twice()) };
        self.value = Some(seed.deserialize(AnyDeserializer::new(deserializer))?);
        Ok(())
    }

    fn makes(&self) -> &'static str {
        type_name::<S::Value>()
    }
}
