//! A value that is one number: read and written in the bytes that it always has, without an encoder or a decoder.

use joblib_array::scalar::Scalar;

use crate::markers::{F32, F64, FALSE, I8, I16, I32, I64, TRUE, U8, U16, U32, U64};

/// The marker of a tuple of one.
const TUPLE: u8 = 0x91;

/// What numbers are appended to.
pub(crate) trait Out {
    /// A byte, and bytes behind it.
    fn put<const N: usize>(&mut self, marker: u8, bytes: [u8; N]);
}

impl Out for Vec<u8> {
    #[inline]
    fn put<const N: usize>(&mut self, marker: u8, bytes: [u8; N]) {
        self.reserve(N + 1);
        self.push(marker);
        self.extend_from_slice(&bytes);
    }
}

/// Room for one number, or a tuple of one.
#[derive(Default)]
pub(crate) struct Short {
    bytes: [u8; 10],
    len: usize,
}

impl Out for Short {
    #[inline]
    fn put<const N: usize>(&mut self, marker: u8, bytes: [u8; N]) {
        self.bytes[self.len] = marker;
        self.bytes[self.len + 1..=self.len + N].copy_from_slice(&bytes);
        self.len += N + 1;
    }
}

impl Short {
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// A number in a tuple of one.
#[inline]
pub(crate) fn put_tuple(scalar: Scalar, out: &mut impl Out) {
    out.put(TUPLE, []);
    put(scalar, out);
}

#[inline]
pub(crate) fn put(scalar: Scalar, out: &mut impl Out) {
    match scalar {
        Scalar::Bool(value) => out.put(if value { TRUE } else { FALSE }, []),
        Scalar::Unsigned(value) => put_unsigned(value, out),
        Scalar::Signed(value) => put_signed(value, out),
        Scalar::F32(value) => out.put(F32, value.to_be_bytes()),
        Scalar::F64(value) => out.put(F64, value.to_be_bytes()),
    }
}

#[inline]
pub(crate) fn put_unsigned(value: u64, out: &mut impl Out) {
    match value {
        0..0x80 => out.put(value as u8, []),
        0x80..0x100 => out.put(U8, [value as u8]),
        0x100..0x1_0000 => out.put(U16, (value as u16).to_be_bytes()),
        0x1_0000..0x1_0000_0000 => out.put(U32, (value as u32).to_be_bytes()),
        _ => out.put(U64, value.to_be_bytes()),
    }
}

#[inline]
pub(crate) fn put_signed(value: i64, out: &mut impl Out) {
    match value {
        0.. => put_unsigned(value as u64, out),
        -0x20..0 => out.put(value as u8, []),
        -0x80..-0x20 => out.put(I8, [value as u8]),
        -0x8000..-0x80 => out.put(I16, (value as i16).to_be_bytes()),
        -0x8000_0000..-0x8000 => out.put(I32, (value as i32).to_be_bytes()),
        _ => out.put(I64, value.to_be_bytes()),
    }
}

/// The number of the tuple of one that `bytes` are, as [`parse`].
pub(crate) fn parse_tuple(bytes: &[u8]) -> Option<Scalar> {
    parse(bytes.strip_prefix(&[TUPLE])?)
}

/// The number that `bytes` are, and nothing else; `None` if they are anything else, which need not be an error.
pub(crate) fn parse(bytes: &[u8]) -> Option<Scalar> {
    let (&marker, bytes) = bytes.split_first()?;
    Some(match marker {
        0..0x80 if bytes.is_empty() => Scalar::Unsigned(marker.into()),
        0xe0.. if bytes.is_empty() => Scalar::Signed((marker as i8).into()),
        FALSE if bytes.is_empty() => Scalar::Bool(false),
        TRUE if bytes.is_empty() => Scalar::Bool(true),
        F64 => Scalar::F64(f64::from_be_bytes(array(bytes)?)),
        F32 => Scalar::F32(f32::from_be_bytes(array(bytes)?)),
        U8 => Scalar::Unsigned(u8::from_be_bytes(array(bytes)?).into()),
        U16 => Scalar::Unsigned(u16::from_be_bytes(array(bytes)?).into()),
        U32 => Scalar::Unsigned(u32::from_be_bytes(array(bytes)?).into()),
        U64 => Scalar::Unsigned(u64::from_be_bytes(array(bytes)?)),
        I8 => signed(i8::from_be_bytes(array(bytes)?).into()),
        I16 => signed(i16::from_be_bytes(array(bytes)?).into()),
        I32 => signed(i32::from_be_bytes(array(bytes)?).into()),
        I64 => signed(i64::from_be_bytes(array(bytes)?)),
        _ => return None,
    })
}

fn array<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    bytes.try_into().ok()
}

fn signed(value: i64) -> Scalar {
    u64::try_from(value).map_or(Scalar::Signed(value), Scalar::Unsigned)
}
