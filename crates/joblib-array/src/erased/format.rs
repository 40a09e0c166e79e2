//! The format's side: its deserializers behind vtables, and what they see of the visitors and seeds of types, ones whose
//! value is `()`.

use std::any::{TypeId, type_name};
use std::fmt;
use std::marker::PhantomData;

use serde::de::{
    self, DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor,
};

use super::any::{Slot, twice};
use super::error::{AnyError, FormatError};
use super::number::{Number, NumberType};
use super::vtable::{
    Content, ErasedDeserializer, ErasedEnumAccess, ErasedMapAccess, ErasedSeed, ErasedSeqAccess,
    ErasedVisitor, Found, Hint,
};
use crate::vec::{self, NumberVec};
use crate::{DType, same};

/// The deserializer `D` of a format whose errors are `P`.
struct Erased<D, P> {
    deserializer: Option<D>,
    error: PhantomData<P>,
}

/// Puts a deserializer behind the vtable. Its errors, and those of every deserializer that it gives, are `P`s.
pub fn erase<'de, P: FormatError, D: Deserializer<'de>>(deserializer: D) -> impl ErasedDeserializer<'de> {
    Erased::<D, P> { deserializer: Some(deserializer), error: PhantomData }
}

impl<'de, D: Deserializer<'de>, P: FormatError> ErasedDeserializer<'de> for Erased<D, P> {
    fn deserialize(&mut self, hint: Hint, visitor: &mut dyn ErasedVisitor<'de>) -> Result<(), AnyError> {
        let from = self.deserializer.take().ok_or_else(twice)?;
        let visitor = Asking::<P>::new(visitor);
        let given = match hint {
            Hint::Any => from.deserialize_any(visitor),
            Hint::Bool => from.deserialize_bool(visitor),
            Hint::I8 => from.deserialize_i8(visitor),
            Hint::I16 => from.deserialize_i16(visitor),
            Hint::I32 => from.deserialize_i32(visitor),
            Hint::I64 => from.deserialize_i64(visitor),
            Hint::I128 => from.deserialize_i128(visitor),
            Hint::U8 => from.deserialize_u8(visitor),
            Hint::U16 => from.deserialize_u16(visitor),
            Hint::U32 => from.deserialize_u32(visitor),
            Hint::U64 => from.deserialize_u64(visitor),
            Hint::U128 => from.deserialize_u128(visitor),
            Hint::F32 => from.deserialize_f32(visitor),
            Hint::F64 => from.deserialize_f64(visitor),
            Hint::Char => from.deserialize_char(visitor),
            Hint::Str => from.deserialize_str(visitor),
            Hint::String => from.deserialize_string(visitor),
            Hint::Bytes => from.deserialize_bytes(visitor),
            Hint::ByteBuf => from.deserialize_byte_buf(visitor),
            Hint::Option => from.deserialize_option(visitor),
            Hint::Unit => from.deserialize_unit(visitor),
            Hint::UnitStruct(name) => from.deserialize_unit_struct(name, visitor),
            Hint::NewtypeStruct(name) => from.deserialize_newtype_struct(name, visitor),
            Hint::Seq => from.deserialize_seq(visitor),
            Hint::Tuple(len) => from.deserialize_tuple(len, visitor),
            Hint::TupleStruct(name, len) => from.deserialize_tuple_struct(name, len, visitor),
            Hint::Map => from.deserialize_map(visitor),
            Hint::Struct(name, fields) => from.deserialize_struct(name, fields, visitor),
            Hint::Enum(name, variants) => from.deserialize_enum(name, variants, visitor),
            Hint::Identifier => from.deserialize_identifier(visitor),
            Hint::IgnoredAny => from.deserialize_ignored_any(visitor),
        };
        given.map_err(AnyError::carry::<P, _>)
    }

    fn is_human_readable(&self) -> bool {
        self.deserializer.as_ref().is_none_or(Deserializer::is_human_readable)
    }
}

/// The access `A` of a format whose errors are `P`.
struct Access<A, P> {
    access: A,
    error: PhantomData<P>,
}

impl<A, P> Access<A, P> {
    fn new(access: A) -> Self {
        Self { access, error: PhantomData }
    }
}

impl<'de, A: SeqAccess<'de>, P: FormatError> ErasedSeqAccess<'de> for Access<A, P> {
    fn next(&mut self, seed: &mut dyn ErasedSeed<'de>) -> Result<(), AnyError> {
        let given = self.access.next_element_seed(AskingSeed::<P>::new(seed));
        given.map(drop).map_err(AnyError::carry::<P, _>)
    }

    fn next_number(&mut self, of: NumberType) -> Result<Option<Number>, AnyError> {
        self.access.next_element_seed(of).map_err(AnyError::carry::<P, _>)
    }

    fn size_hint(&self) -> Option<usize> {
        self.access.size_hint()
    }
}

impl<'de, A: MapAccess<'de>, P: FormatError> ErasedMapAccess<'de> for Access<A, P> {
    fn next_key(&mut self, seed: &mut dyn ErasedSeed<'de>) -> Result<(), AnyError> {
        let given = self.access.next_key_seed(AskingSeed::<P>::new(seed));
        given.map(drop).map_err(AnyError::carry::<P, _>)
    }

    fn next_value(&mut self, seed: &mut dyn ErasedSeed<'de>) -> Result<(), AnyError> {
        self.access.next_value_seed(AskingSeed::<P>::new(seed)).map_err(AnyError::carry::<P, _>)
    }

    fn next_number(&mut self, of: NumberType) -> Result<Number, AnyError> {
        self.access.next_value_seed(of).map_err(AnyError::carry::<P, _>)
    }

    fn size_hint(&self) -> Option<usize> {
        self.access.size_hint()
    }
}

/// The enum `A` of a format whose errors are `P`: first itself, then its variant.
struct Tagged<A, V, P> {
    access: Option<A>,
    variant: Option<V>,
    error: PhantomData<P>,
}

impl<'de, A: EnumAccess<'de>, P> Tagged<A, A::Variant, P> {
    fn new(access: A) -> Self {
        Self { access: Some(access), variant: None, error: PhantomData }
    }
}

impl<'de, A: EnumAccess<'de>, P: FormatError> ErasedEnumAccess<'de> for Tagged<A, A::Variant, P> {
    fn variant(&mut self, seed: &mut dyn ErasedSeed<'de>) -> Result<(), AnyError> {
        let access = self.access.take().ok_or_else(twice)?;
        let ((), variant) =
            access.variant_seed(AskingSeed::<P>::new(seed)).map_err(AnyError::carry::<P, _>)?;
        self.variant = Some(variant);
        Ok(())
    }

    fn content(&mut self, content: Content<'_, 'de>) -> Result<(), AnyError> {
        let variant = self.variant.take().ok_or_else(twice)?;
        let given = match content {
            Content::Unit => variant.unit_variant(),
            Content::Newtype(seed) => variant.newtype_variant_seed(AskingSeed::<P>::new(seed)),
            Content::Tuple(len, visitor) => variant.tuple_variant(len, Asking::<P>::new(visitor)),
            Content::Struct(fields, visitor) => variant.struct_variant(fields, Asking::<P>::new(visitor)),
        };
        given.map_err(AnyError::carry::<P, _>)
    }
}

/// A visitor behind a vtable, as a deserializer of a format whose errors are `P` sees it.
pub struct Asking<'a, 'de, P> {
    visitor: &'a mut dyn ErasedVisitor<'de>,
    error: PhantomData<P>,
}

impl<'a, 'de, P: FormatError> Asking<'a, 'de, P> {
    #[inline]
    fn new(visitor: &'a mut dyn ErasedVisitor<'de>) -> Self {
        Self { visitor, error: PhantomData }
    }

    #[inline]
    fn give<E: de::Error>(self, found: Found<'_, 'de>) -> Result<(), E> {
        self.visitor.visit(found).map_err(AnyError::give_back::<P, E>)
    }
}

macro_rules! scalars {
    ($($method:ident($type:ty) $found:ident;)*) => {$(
        #[inline]
        fn $method<E: de::Error>(self, value: $type) -> Result<(), E> {
            self.give(Found::$found(value))
        }
    )*};
}

impl<'de, P: FormatError> Visitor<'de> for Asking<'_, 'de, P> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(f)
    }

    scalars! {
        visit_bool(bool) Bool;
        visit_i8(i8) I8;
        visit_i16(i16) I16;
        visit_i32(i32) I32;
        visit_i64(i64) I64;
        visit_i128(i128) I128;
        visit_u8(u8) U8;
        visit_u16(u16) U16;
        visit_u32(u32) U32;
        visit_u64(u64) U64;
        visit_u128(u128) U128;
        visit_f32(f32) F32;
        visit_f64(f64) F64;
        visit_char(char) Char;
        visit_str(&str) Str;
        visit_borrowed_str(&'de str) BorrowedStr;
        visit_string(String) String;
        visit_bytes(&[u8]) Bytes;
        visit_borrowed_bytes(&'de [u8]) BorrowedBytes;
        visit_byte_buf(Vec<u8>) ByteBuf;
    }

    fn visit_none<E: de::Error>(self) -> Result<(), E> {
        self.give(Found::None)
    }

    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        self.give(Found::Unit)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        self.give(Found::Some(&mut erase::<P, D>(deserializer)))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        self.give(Found::Newtype(&mut erase::<P, D>(deserializer)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, access: A) -> Result<(), A::Error> {
        self.give(Found::Seq(&mut Access::<A, P>::new(access)))
    }

    fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<(), A::Error> {
        self.give(Found::Map(&mut Access::<A, P>::new(access)))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, access: A) -> Result<(), A::Error> {
        self.give(Found::Enum(&mut Tagged::<A, A::Variant, P>::new(access)))
    }
}

/// Lets `give` visit a visitor behind a vtable, and returns its value: for what a format does rarely, and need not be compiled for
/// each visitor.
///
/// # Errors
///
/// Returns the error of `give`.
pub fn through<'de, P: FormatError, V: Visitor<'de>>(
    visitor: V,
    give: impl FnOnce(Asking<'_, 'de, P>) -> Result<(), P>,
) -> Result<V::Value, P> {
    let makes = made_by::<P, V>(&visitor);
    let mut slot = Slot::of(visitor, makes);
    give(Asking::new(&mut slot))?;
    slot.into_value().map_err(AnyError::into_own)
}

/// A seed of a part of a value of that format.
struct AskingSeed<'a, 'de, P> {
    seed: &'a mut dyn ErasedSeed<'de>,
    error: PhantomData<P>,
}

impl<'a, 'de, P> AskingSeed<'a, 'de, P> {
    #[inline]
    fn new(seed: &'a mut dyn ErasedSeed<'de>) -> Self {
        Self { seed, error: PhantomData }
    }
}

impl<'de, P: FormatError> DeserializeSeed<'de> for AskingSeed<'_, 'de, P> {
    type Value = ();

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        self.seed.deserialize(&mut erase::<P, D>(deserializer)).map_err(AnyError::give_back::<P, D::Error>)
    }
}

/// The name of the type that a visitor makes, also when the visitor is behind a vtable. `P` is the format's error.
#[inline]
pub fn made_by<'de, P: FormatError, V: Visitor<'de>>(visitor: &V) -> &'static str {
    if typeid::of::<V>() == TypeId::of::<Asking<'static, 'static, P>>() {
        // SAFETY: the types are the same up to lifetimes, and the name outlives all of them.
        let asking = unsafe { &*(&raw const *visitor).cast::<Asking<'_, 'de, P>>() };
        return asking.visitor.makes();
    }
    type_name::<V::Value>()
}

/// The name of the type that a seed makes, as [`made_by`].
#[inline]
pub fn made_by_seed<'de, P: FormatError, S: DeserializeSeed<'de>>(seed: &S) -> &'static str {
    if typeid::of::<S>() == TypeId::of::<AskingSeed<'static, 'static, P>>() {
        // SAFETY: the types are the same up to lifetimes, and the name outlives all of them.
        let asking = unsafe { &*(&raw const *seed).cast::<AskingSeed<'_, 'de, P>>() };
        return asking.seed.makes();
    }
    type_name::<S::Value>()
}

/// The element type of the vector of numbers that a visitor makes, as [`vec::wanted`], also when the visitor is behind a vtable.
#[inline]
pub fn wanted_numbers<'de, P: FormatError, V: Visitor<'de>>(visitor: &V) -> Option<DType> {
    if typeid::of::<V>() == TypeId::of::<Asking<'static, 'static, P>>() {
        // SAFETY: the types are the same up to lifetimes.
        let asking = unsafe { &*(&raw const *visitor).cast::<Asking<'_, 'de, P>>() };
        return asking.visitor.wanted();
    }
    vec::wanted::<V>()
}

/// Gives a visitor the vector of the numbers that it [wants](wanted_numbers).
///
/// # Errors
///
/// Returns what is wrong with the numbers: a `bool` that is neither.
#[inline]
pub fn give_numbers<'de, P: FormatError, V: Visitor<'de>>(
    mut visitor: V,
    mut numbers: NumberVec,
) -> Result<V::Value, String> {
    if typeid::of::<V>() == TypeId::of::<Asking<'static, 'static, P>>()
        && let Some(nothing) = same::made(())
    {
        numbers.check()?;
        // SAFETY: the types are the same up to lifetimes, and nothing is kept that refers to the visitor.
        let asking = unsafe { &mut *(&raw mut visitor).cast::<Asking<'_, 'de, P>>() };
        asking.visitor.take(numbers);
        return Ok(nothing);
    }
    numbers.into_vec()
}
