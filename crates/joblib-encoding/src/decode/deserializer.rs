//! MessagePack values as serde's visitors want them. The format describes itself, so what is asked for matters only
//! where one form stands for several types: options, enums, newtypes and arrays.

use joblib_array::erased::{self, Asking};
use joblib_array::transfer::OwnedRawArray;
use joblib_array::{buffered, form, forward, same, transfer, vec};
use serde::de::{Deserializer, Visitor};

use super::Decoder;
use super::access::{Counted, Variant};
use super::ndarray::{self, Found};
use super::token::{Head, Token};
use super::{block, plain_array};
use crate::block::Block;
use crate::error::{Error, Result};
use crate::markers::{
    ARRAY16, ARRAY32, EXT_ARRAY, EXT_BLOCK, EXT_I128, EXT_NDARRAY, EXT_SOME, EXT_U128, EXT8, EXT16, EXT32,
    F32, F64, FIXEXT1, FIXEXT16, I64, NIL, Role, STR8, STR32, U8,
};

/// A visitor of any type. What is found rarely is given to one, in code that is compiled here for all of them.
pub(super) type AnyVisitor<'a, 'de> = Asking<'a, 'de, Error>;

fn accepts(visitor: &AnyVisitor<'_, '_>, was_array: bool) -> bool {
    buffered::accepts(erased::made_by::<Error, _>(visitor), was_array)
}

/// Whether the visitor is the one of serde's buffer.
fn is_buffer(visitor: &AnyVisitor<'_, '_>) -> bool {
    buffered::is_buffer(erased::made_by::<Error, _>(visitor))
}

/// What an extension stands for.
enum Extension {
    Unit,
    Some,
    U128(u128),
    I128(i128),
    Array(OwnedRawArray),
    Ndarray(OwnedRawArray),
    Block(Role),
}

// What does not depend on the visitor is compiled here, once; the generic code is compiled in the crates of the users, for
// each of their types.
impl Decoder<'_> {
    /// Takes an extension, up to the elements of a block.
    fn extension(&mut self, kind: u8, len: usize) -> Result<Extension> {
        Ok(match kind {
            EXT_SOME => {
                let count = self.ext_byte(len)?;
                if self.somes >= count {
                    self.somes = 0;
                    return Ok(Extension::Unit);
                }
                self.somes += 1;
                self.at -= 3;
                Extension::Some
            }
            EXT_U128 if len == 16 => Extension::U128(u128::from_be_bytes(self.take_array()?)),
            EXT_I128 if len == 16 => Extension::I128(i128::from_be_bytes(self.take_array()?)),
            EXT_ARRAY => Extension::Array(plain_array::small(self, len)?),
            EXT_NDARRAY => Extension::Ndarray(plain_array::small(self, len)?),
            EXT_BLOCK => Extension::Block(self.ext_role(len)?),
            other => {
                return Err(
                    self.corrupt(format!("a value of the unknown extension type {other} and {len} bytes"))
                );
            }
        })
    }

    fn visit<'de, V: Visitor<'de>>(&mut self, token: &Token, visitor: V) -> Result<V::Value> {
        match *token {
            Token::Unsigned(value) => visitor.visit_u64(value),
            Token::Signed(value) => visitor.visit_i64(value),
            Token::F32(value) => visitor.visit_f32(value),
            Token::F64(value) => visitor.visit_f64(value),
            Token::Bool(value) => visitor.visit_bool(value),
            Token::Nil => visitor.visit_unit(),
            Token::Text { len } => visitor.visit_str(self.text(len)?),
            Token::Bytes { len } => visitor.visit_bytes(self.take(len)?),
            Token::Long(Head::Array { len, continued }) => {
                self.enter()?;
                let mut elements = Counted::<false>::new(self, len, continued);
                let value = visitor.visit_seq(&mut elements)?;
                elements.finish()?;
                self.leave();
                Ok(value)
            }
            Token::Long(Head::Map { len, continued }) => {
                self.enter()?;
                let mut entries = Counted::<true>::new(self, len, continued);
                let value = visitor.visit_map(&mut entries)?;
                entries.finish()?;
                self.leave();
                Ok(value)
            }
            Token::Long(Head::Ext { kind, len }) => match self.extension(kind, len)? {
                Extension::Some => self.some(visitor),
                other => erased::through(visitor, |visitor| self.visit_extension(other, visitor)),
            },
        }
    }

    fn visit_extension(&mut self, extension: Extension, visitor: AnyVisitor<'_, '_>) -> Result<()> {
        match extension {
            Extension::Unit => visitor.visit_unit(),
            Extension::Some => self.some(visitor),
            Extension::U128(_) | Extension::I128(_) if is_buffer(&visitor) => Err(Error::value(
                "a 128-bit integer inside of a flattened field, or of an untagged or internally tagged enum, where serde \
                 has none: use a text, or an integer of 64 bits",
            )),
            // Types of fewer bits do not know the wide ones.
            Extension::U128(value) => match u64::try_from(value) {
                Ok(value) => visitor.visit_u64(value),
                Err(_) => visitor.visit_u128(value),
            },
            Extension::I128(value) => match (u64::try_from(value), i64::try_from(value)) {
                (Ok(value), _) => visitor.visit_u64(value),
                (_, Ok(value)) => visitor.visit_i64(value),
                _ => visitor.visit_i128(value),
            },
            Extension::Array(array) => self.array(array, visitor),
            Extension::Ndarray(array) if accepts(&visitor, false) => buffered::give(array, visitor),
            Extension::Ndarray(array) => ndarray::visit(self, Found::Small(array), visitor),
            Extension::Block(role) => self.visit_block(role, visitor),
        }
    }

    fn array(&mut self, array: OwnedRawArray, visitor: AnyVisitor<'_, '_>) -> Result<()> {
        if accepts(&visitor, true) {
            return buffered::give(array, visitor);
        }
        self.enter()?;
        plain_array::visit(&array, self.exact, visitor)?;
        self.leave();
        Ok(())
    }

    fn visit_block(&mut self, role: Role, visitor: AnyVisitor<'_, '_>) -> Result<()> {
        if matches!(role, Role::Array | Role::Sequence | Role::Ndarray)
            && accepts(&visitor, role == Role::Array)
        {
            let block = self.block(role)?;
            let array = self.block_array(block)?;
            return buffered::give(array, visitor);
        }
        let block = self.block(role)?;
        if role == Role::Ndarray {
            return ndarray::visit(self, Found::Block(block), visitor);
        }
        block::visit(self, role, block, visitor)
    }

    /// The array that comes next, if one does. It is taken up to the elements of a block.
    fn found_array(&mut self) -> Result<Option<Found>> {
        if !self.is_array()? {
            return Ok(None);
        }
        let marker = self.peek()?;
        self.at += 1;
        match self.long_head(marker)? {
            Head::Ext { kind: EXT_BLOCK, len } => {
                let role = self.ext_role(len)?;
                self.block(role).map(|block| Some(Found::Block(block)))
            }
            Head::Ext { len, .. } => plain_array::small(self, len).map(|array| Some(Found::Small(array))),
            _ => Ok(None),
        }
    }

    /// The block that comes next, if a sequence may be made of it. Its reference is taken.
    fn sequence_block(&mut self) -> Result<Option<(Role, Block)>> {
        if self.peek()? != FIXEXT1 || self.body.get(self.at + 1) != Some(&EXT_BLOCK) {
            return Ok(None);
        }
        let role = match self.body.get(self.at + 2).copied().and_then(Role::from_code) {
            Some(Role::Sequence) => Role::Sequence,
            Some(role @ (Role::Array | Role::Ndarray)) if !self.exact => role,
            _ => return Ok(None),
        };
        self.take(3)?;
        self.block(role).map(|block| Some((role, block)))
    }

    /// Whether the next value is `None` (or unit), which is then taken, or a `Some` of its own.
    fn option(&mut self) -> Result<bool> {
        match self.peek()? {
            NIL => {
                self.at += 1;
                Ok(false)
            }
            FIXEXT1 if self.body.get(self.at + 1) == Some(&EXT_SOME) => {
                let count = self.body.get(self.at + 2).copied().unwrap_or(0);
                if self.somes >= count {
                    self.take(3)?;
                    self.somes = 0;
                    return Ok(false);
                }
                self.somes += 1;
                Ok(true)
            }
            _ => Ok(true),
        }
    }

    fn some<'de, V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value> {
        self.enter()?;
        let value = visitor.visit_some(&mut *self)?;
        self.leave();
        Ok(value)
    }

    /// An array for `Array<T>`, from whatever form it has.
    fn whole_array(&mut self, visitor: AnyVisitor<'_, '_>) -> Result<()> {
        let head = match self.peek()? {
            marker @ (EXT8..=EXT32 | FIXEXT1..=FIXEXT16) => {
                self.at += 1;
                self.long_head(marker)?
            }
            0x90..=0x9f | ARRAY16 | ARRAY32 if self.exact => {
                return Err(Self::inexact("an array", "a sequence"));
            }
            0x90..=0x9f | ARRAY16 | ARRAY32 => return visitor.visit_some(self),
            _ => return self.deserialize_any(visitor),
        };
        match head {
            Head::Ext { kind: EXT_ARRAY | EXT_NDARRAY, len } => {
                let array = plain_array::small(self, len)?;
                transfer::deliver(array, visitor)
            }
            Head::Ext { kind: EXT_BLOCK, len } => {
                let role = self.ext_role(len)?;
                if !matches!(role, Role::Array | Role::Ndarray) && self.exact {
                    return Err(Self::inexact("an array", "a sequence"));
                }
                let block = self.block(role)?;
                if role == Role::Text {
                    return block::visit(self, role, block, visitor);
                }
                let array = self.block_array(block)?;
                transfer::deliver(array, visitor)
            }
            head => self.visit(&Token::Long(head), visitor),
        }
    }

    /// A float, which may be asked for only as the one that was encoded.
    #[inline]
    fn float<'de, V: Visitor<'de>>(&mut self, expected: u8, visitor: V) -> Result<V::Value> {
        if self.exact && self.peek()? != expected {
            return self.other_float(expected);
        }
        self.deserialize_any(visitor)
    }

    #[cold]
    fn other_float<T>(&mut self, expected: u8) -> Result<T> {
        let name = |marker| if marker == F64 { "f64" } else { "f32" };
        let found = match self.peek()? {
            marker @ (F32 | F64) => name(marker),
            0..=0x7f | 0xe0.. | U8..=I64 => "an integer",
            _ => "a value of another type",
        };
        Err(Self::inexact(name(expected), found))
    }

    /// A sequence, which may be asked for only where one was encoded.
    #[inline]
    fn sequence<'de, V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value> {
        if self.exact && self.is_array()? {
            return Err(Self::inexact("a sequence", "an array"));
        }
        // One of `ndarray` is a struct only to those who don't ask for a sequence.
        match self.found_array()? {
            Some(found) => erased::through(visitor, |visitor| match found {
                Found::Small(array) => self.array(array, visitor),
                Found::Block(block) => block::visit(self, Role::Array, block, visitor),
            }),
            None => self.deserialize_any(visitor),
        }
    }

    fn is_array(&mut self) -> Result<bool> {
        let marker = self.peek()?;
        let kind_at = match marker {
            FIXEXT1..=FIXEXT16 => 1,
            EXT8 => 2,
            EXT16 => 3,
            EXT32 => 5,
            _ => return Ok(false),
        };
        let byte = |at: usize| self.body.get(self.at + at).copied();
        Ok(match byte(kind_at) {
            Some(EXT_ARRAY | EXT_NDARRAY) => true,
            Some(EXT_BLOCK) => {
                [Role::Array, Role::Ndarray].iter().any(|role| byte(kind_at + 1) == Some(*role as u8))
            }
            _ => false,
        })
    }
}

impl<'de> Deserializer<'de> for &mut Decoder<'_> {
    type Error = Error;

    #[inline]
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let token = self.token()?;
        self.visit(&token, visitor)
    }

    forward! { <'de>(self, visitor)
        deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128 deserialize_char
        deserialize_str deserialize_string deserialize_bytes deserialize_byte_buf deserialize_unit
        deserialize_unit_struct deserialize_map deserialize_identifier
            => self.deserialize_any(visitor);
        deserialize_f32 => self.float(F32, visitor);
        deserialize_f64 => self.float(F64, visitor);
        deserialize_tuple deserialize_tuple_struct => self.sequence(visitor);
    }

    #[inline]
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        if let Some(dtype) = vec::wanted::<V>()
            && let Some((role, block)) = self.sequence_block()?
        {
            if block.dtype != dtype || block.shape.len() != 1 {
                return erased::through(visitor, |visitor| block::visit(self, role, block, visitor));
            }
            return self.numbers(&block)?.into_vec().map_err(Error::corrupt);
        }
        if vec::wants::<V, String>()
            && let Some(texts) = self.texts()?
            && let Some(texts) = same::made(texts)
        {
            return Ok(texts);
        }
        self.sequence(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        if self.option()? { self.some(visitor) } else { visitor.visit_none() }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value> {
        if name == transfer::NAME {
            return erased::through(visitor, |visitor| self.whole_array(visitor));
        }
        visitor.visit_newtype_struct(self)
    }

    #[inline]
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        if name == form::NAME
            && fields == form::FIELDS
            && let Some(array) = self.found_array()?
        {
            return erased::through(visitor, |visitor| ndarray::visit(self, array, visitor));
        }
        self.deserialize_any(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        let marker = self.peek()?;
        match marker {
            0xa0..=0xbf | STR8..=STR32 => visitor.visit_enum(Variant::unit(self)),
            0x81 => {
                self.at += 1;
                self.enter()?;
                let value = visitor.visit_enum(Variant::with_data(self))?;
                self.leave();
                Ok(value)
            }
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.ignore()?;
        visitor.visit_unit()
    }
}
