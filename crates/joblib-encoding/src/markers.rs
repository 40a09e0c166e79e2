//! MessagePack's first bytes, and the extension types of the body.

/// `Some` around a value that looks like `None`: one byte, how many.
pub(crate) const EXT_SOME: u8 = 1;
/// A `u128`: 16 bytes, big-endian.
pub(crate) const EXT_U128: u8 = 2;
/// An `i128`: 16 bytes, big-endian.
pub(crate) const EXT_I128: u8 = 3;
/// A small array: element type, order, number of dimensions (a byte each), dimensions (`u64`, little-endian), elements.
pub(crate) const EXT_ARRAY: u8 = 4;
/// A small array that its type serializes as the crate `ndarray` does; otherwise as [`EXT_ARRAY`].
pub(crate) const EXT_NDARRAY: u8 = 6;
/// The block that follows in the stream: one byte, what it is (a [`Role`]).
pub(crate) const EXT_BLOCK: u8 = 5;

pub(crate) const NIL: u8 = 0xc0;
pub(crate) const FALSE: u8 = 0xc2;
pub(crate) const TRUE: u8 = 0xc3;
pub(crate) const BIN8: u8 = 0xc4;
pub(crate) const BIN16: u8 = 0xc5;
pub(crate) const BIN32: u8 = 0xc6;
pub(crate) const EXT8: u8 = 0xc7;
pub(crate) const EXT16: u8 = 0xc8;
pub(crate) const EXT32: u8 = 0xc9;
pub(crate) const F32: u8 = 0xca;
pub(crate) const F64: u8 = 0xcb;
pub(crate) const U8: u8 = 0xcc;
pub(crate) const U16: u8 = 0xcd;
pub(crate) const U32: u8 = 0xce;
pub(crate) const U64: u8 = 0xcf;
pub(crate) const I8: u8 = 0xd0;
pub(crate) const I16: u8 = 0xd1;
pub(crate) const I32: u8 = 0xd2;
pub(crate) const I64: u8 = 0xd3;
pub(crate) const FIXEXT1: u8 = 0xd4;
pub(crate) const FIXEXT2: u8 = 0xd5;
pub(crate) const FIXEXT4: u8 = 0xd6;
pub(crate) const FIXEXT8: u8 = 0xd7;
pub(crate) const FIXEXT16: u8 = 0xd8;
pub(crate) const STR8: u8 = 0xd9;
pub(crate) const STR16: u8 = 0xda;
pub(crate) const STR32: u8 = 0xdb;
pub(crate) const ARRAY16: u8 = 0xdc;
pub(crate) const ARRAY32: u8 = 0xdd;
pub(crate) const MAP16: u8 = 0xde;
pub(crate) const MAP32: u8 = 0xdf;

/// In the count of an array 32 or map 32: after these elements another header follows, with more of them.
pub(crate) const CONTINUED: u32 = 0x8000_0000;

/// What a block stands for in the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Role {
    Array = 0,
    Sequence = 1,
    Bytes = 2,
    Text = 3,
    /// An array that its type serializes as the crate `ndarray` does.
    Ndarray = 4,
}

impl Role {
    pub(crate) fn from_code(code: u8) -> Option<Self> {
        [Self::Array, Self::Sequence, Self::Bytes, Self::Text, Self::Ndarray]
            .into_iter()
            .find(|role| *role as u8 == code)
    }
}
