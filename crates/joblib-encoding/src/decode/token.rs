//! The next scalar of a body, or the head of a compound value.

use super::Decoder;
use crate::error::{Error, Result};
use crate::markers::{
    ARRAY16, ARRAY32, BIN8, BIN16, BIN32, CONTINUED, EXT8, EXT16, EXT32, F32, F64, FALSE, FIXEXT1, FIXEXT2,
    FIXEXT4, FIXEXT8, FIXEXT16, I8, I16, I32, I64, MAP16, MAP32, NIL, Role, STR8, STR16, STR32, TRUE, U8,
    U16, U32, U64,
};

/// The head of a value whose elements or bytes follow.
pub(super) enum Head {
    Array { len: u32, continued: bool },
    Map { len: u32, continued: bool },
    Ext { kind: u8, len: usize },
}

/// A scalar, or the head of a compound value.
pub(super) enum Token {
    Unsigned(u64),
    Signed(i64),
    F32(f32),
    F64(f64),
    Bool(bool),
    Nil,
    Text { len: usize },
    Bytes { len: usize },
    Long(Head),
}

impl Decoder<'_> {
    /// Takes the next scalar or head.
    pub(super) fn token(&mut self) -> Result<Token> {
        let marker = self.peek()?;
        self.at += 1;
        Ok(match marker {
            0..=0x7f => Token::Unsigned(marker.into()),
            0xa0..=0xbf => Token::Text { len: usize::from(marker & 0x1f) },
            0xe0.. => Token::Signed((marker as i8).into()),
            F64 => Token::F64(f64::from_be_bytes(self.take_array()?)),
            F32 => Token::F32(f32::from_be_bytes(self.take_array()?)),
            U8 => Token::Unsigned(self.take_array::<1>()?[0].into()),
            U16 => Token::Unsigned(u16::from_be_bytes(self.take_array()?).into()),
            U32 => Token::Unsigned(u32::from_be_bytes(self.take_array()?).into()),
            U64 => Token::Unsigned(u64::from_be_bytes(self.take_array()?)),
            I8 => Token::Signed(i8::from_be_bytes(self.take_array()?).into()),
            I16 => Token::Signed(i16::from_be_bytes(self.take_array()?).into()),
            I32 => Token::Signed(i32::from_be_bytes(self.take_array()?).into()),
            I64 => Token::Signed(i64::from_be_bytes(self.take_array()?)),
            STR8 => Token::Text { len: self.take_array::<1>()?[0].into() },
            STR16 => Token::Text { len: u16::from_be_bytes(self.take_array()?).into() },
            STR32 => Token::Text { len: u32::from_be_bytes(self.take_array()?) as usize },
            NIL => Token::Nil,
            FALSE => Token::Bool(false),
            TRUE => Token::Bool(true),
            BIN8 => Token::Bytes { len: self.take_array::<1>()?[0].into() },
            BIN16 => Token::Bytes { len: u16::from_be_bytes(self.take_array()?).into() },
            BIN32 => Token::Bytes { len: u32::from_be_bytes(self.take_array()?) as usize },
            _ => Token::Long(self.long_head(marker)?),
        })
    }

    /// Takes a text of `len` bytes.
    pub(super) fn text(&mut self, len: usize) -> Result<&str> {
        let offset = self.offset();
        std::str::from_utf8(self.take(len)?)
            .map_err(|_| Error::corrupt("a text is not UTF-8").at_offset(offset))
    }

    /// The rest of a container's or an extension's head.
    pub(super) fn long_head(&mut self, marker: u8) -> Result<Head> {
        let long = |count: u32| (count & !CONTINUED, count & CONTINUED != 0);
        let len = match marker {
            0x80..=0x8f => return Ok(Head::Map { len: u32::from(marker & 0x0f), continued: false }),
            0x90..=0x9f => return Ok(Head::Array { len: u32::from(marker & 0x0f), continued: false }),
            ARRAY16 => {
                let len = u16::from_be_bytes(self.take_array()?).into();
                return Ok(Head::Array { len, continued: false });
            }
            ARRAY32 => {
                let (len, continued) = long(u32::from_be_bytes(self.take_array()?));
                return Ok(Head::Array { len, continued });
            }
            MAP16 => {
                let len = u16::from_be_bytes(self.take_array()?).into();
                return Ok(Head::Map { len, continued: false });
            }
            MAP32 => {
                let (len, continued) = long(u32::from_be_bytes(self.take_array()?));
                return Ok(Head::Map { len, continued });
            }
            FIXEXT1 => 1,
            FIXEXT2 => 2,
            FIXEXT4 => 4,
            FIXEXT8 => 8,
            FIXEXT16 => 16,
            EXT8 => self.take_array::<1>()?[0].into(),
            EXT16 => u16::from_be_bytes(self.take_array()?).into(),
            EXT32 => u32::from_be_bytes(self.take_array()?) as usize,
            other => return Err(self.corrupt(format!("the byte {other:#04x} starts no value"))),
        };
        let [kind] = self.take_array()?;
        Ok(Head::Ext { kind, len })
    }

    /// Takes the byte of an extension of one byte.
    pub(super) fn ext_byte(&mut self, len: usize) -> Result<u8> {
        if len != 1 {
            return Err(self.corrupt(format!("an extension has {len} bytes, expected 1")));
        }
        Ok(self.take_array::<1>()?[0])
    }

    pub(super) fn ext_role(&mut self, len: usize) -> Result<Role> {
        let code = self.ext_byte(len)?;
        Role::from_code(code)
            .ok_or_else(|| self.corrupt(format!("a reference to a block of the unknown kind {code}")))
    }
}
