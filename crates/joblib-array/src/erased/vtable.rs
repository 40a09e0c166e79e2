//! The vtables between a user's type and a format: what a type asks for, and what a format gives.

use std::fmt;

use super::error::AnyError;
use super::number::{Number, NumberType};
use crate::DType;
use crate::vec::NumberVec;

/// What a type asks for: the methods of serde's `Deserializer`.
#[derive(Debug, Clone, Copy)]
#[expect(missing_docs, reason = "as the methods are called")]
pub enum Hint {
    Any,
    Bool,
    I8,
    I16,
    I32,
    I64,
    I128,
    U8,
    U16,
    U32,
    U64,
    U128,
    F32,
    F64,
    Char,
    Str,
    String,
    Bytes,
    ByteBuf,
    Option,
    Unit,
    UnitStruct(&'static str),
    NewtypeStruct(&'static str),
    Seq,
    Tuple(usize),
    TupleStruct(&'static str, usize),
    Map,
    Struct(&'static str, &'static [&'static str]),
    Enum(&'static str, &'static [&'static str]),
    Identifier,
    IgnoredAny,
}

/// A deserializer of any format, made by [`erase`](super::erase).
pub trait ErasedDeserializer<'de> {
    /// Gives the visitor what was found. To be called once.
    ///
    /// # Errors
    ///
    /// Returns the deserializer's error, or what the visitor says.
    fn deserialize(&mut self, hint: Hint, visitor: &mut dyn ErasedVisitor<'de>) -> Result<(), AnyError>;

    /// Whether types are to be made of forms that people read.
    fn is_human_readable(&self) -> bool;
}

/// What a deserializer found.
pub enum Found<'a, 'de> {
    Bool(bool),
    I8(i8),
    I16(i16),
    I32(i32),
    I64(i64),
    I128(i128),
    U8(u8),
    U16(u16),
    U32(u32),
    U64(u64),
    U128(u128),
    F32(f32),
    F64(f64),
    Char(char),
    Str(&'a str),
    BorrowedStr(&'de str),
    String(String),
    Bytes(&'a [u8]),
    BorrowedBytes(&'de [u8]),
    ByteBuf(Vec<u8>),
    None,
    Some(&'a mut dyn ErasedDeserializer<'de>),
    Unit,
    Newtype(&'a mut dyn ErasedDeserializer<'de>),
    Seq(&'a mut dyn ErasedSeqAccess<'de>),
    Map(&'a mut dyn ErasedMapAccess<'de>),
    Enum(&'a mut dyn ErasedEnumAccess<'de>),
}

/// A visitor of any type.
pub trait ErasedVisitor<'de> {
    /// Gives it what was found. To be called once.
    fn visit(&mut self, found: Found<'_, 'de>) -> Result<(), AnyError>;

    /// What it expects.
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result;

    /// The name of the type that it makes.
    fn makes(&self) -> &'static str;

    /// The element type of the vector that it makes, if it makes one of numbers and can [take](Self::take) it.
    fn wanted(&self) -> Option<DType> {
        None
    }

    /// Gives it the vector that it [wants](Self::wanted), instead of something to visit.
    fn take(&mut self, _: NumberVec) {}
}

/// A seed of any type.
pub trait ErasedSeed<'de> {
    /// Makes the value and keeps it. To be called once.
    ///
    /// # Errors
    ///
    /// Returns the deserializer's error, or what the type says.
    fn deserialize(&mut self, deserializer: &mut dyn ErasedDeserializer<'de>) -> Result<(), AnyError>;

    /// The name of the type that it makes.
    fn makes(&self) -> &'static str;
}

/// The elements of a sequence.
pub trait ErasedSeqAccess<'de> {
    /// Gives the next element to the seed, if there is one.
    fn next(&mut self, seed: &mut dyn ErasedSeed<'de>) -> Result<(), AnyError>;

    /// The next element, if there is one, as a number.
    fn next_number(&mut self, of: NumberType) -> Result<Option<Number>, AnyError>;

    fn size_hint(&self) -> Option<usize>;
}

/// The entries of a map.
pub trait ErasedMapAccess<'de> {
    /// Gives the next key to the seed, if there is one.
    fn next_key(&mut self, seed: &mut dyn ErasedSeed<'de>) -> Result<(), AnyError>;

    fn next_value(&mut self, seed: &mut dyn ErasedSeed<'de>) -> Result<(), AnyError>;

    /// The next value as a number.
    fn next_number(&mut self, of: NumberType) -> Result<Number, AnyError>;

    fn size_hint(&self) -> Option<usize>;
}

/// A variant of an enum, and then what is in it.
pub trait ErasedEnumAccess<'de> {
    fn variant(&mut self, seed: &mut dyn ErasedSeed<'de>) -> Result<(), AnyError>;

    fn content(&mut self, content: Content<'_, 'de>) -> Result<(), AnyError>;
}

/// What a type asks for in a variant.
pub enum Content<'a, 'de> {
    Unit,
    Newtype(&'a mut dyn ErasedSeed<'de>),
    Tuple(usize, &'a mut dyn ErasedVisitor<'de>),
    Struct(&'static [&'static str], &'a mut dyn ErasedVisitor<'de>),
}
