//! The first byte of each kind of value.

use joblib_array::DType;

pub(super) const BOOL: u8 = 1;
pub(super) const I8: u8 = 2;
pub(super) const I16: u8 = 3;
pub(super) const I32: u8 = 4;
pub(super) const I64: u8 = 5;
pub(super) const I128: u8 = 6;
pub(super) const U8: u8 = 7;
pub(super) const U16: u8 = 8;
pub(super) const U32: u8 = 9;
pub(super) const U64: u8 = 10;
pub(super) const U128: u8 = 11;
pub(super) const F32: u8 = 12;
pub(super) const F64: u8 = 13;
pub(super) const CHAR: u8 = 14;
pub(super) const STR: u8 = 15;
pub(super) const BYTES: u8 = 16;
pub(super) const NONE: u8 = 17;
pub(super) const SOME: u8 = 18;
pub(super) const UNIT: u8 = 19;
pub(super) const UNIT_STRUCT: u8 = 20;
pub(super) const NEWTYPE_STRUCT: u8 = 21;
pub(super) const UNIT_VARIANT: u8 = 22;
pub(super) const NEWTYPE_VARIANT: u8 = 23;
pub(super) const TUPLE_VARIANT: u8 = 24;
pub(super) const STRUCT_VARIANT: u8 = 25;
pub(super) const SEQ: u8 = 26;
pub(super) const RUN: u8 = 27;
pub(super) const END: u8 = 28;
pub(super) const TUPLE: u8 = 29;
pub(super) const TUPLE_STRUCT: u8 = 30;
pub(super) const STRUCT: u8 = 31;
pub(super) const MAP: u8 = 32;
pub(super) const UNORDERED: u8 = 33;
pub(super) const ARRAY: u8 = 34;
pub(super) const ORDERED_MAP: u8 = 35;
pub(super) const WHOLE_RUN: u8 = 36;
pub(super) const MAP_IN_ORDER: u8 = 37;
pub(super) const CONTENT: u8 = 38;

/// The tag of a number of the type, where serde has one.
pub(super) fn of(dtype: DType) -> Option<u8> {
    Some(match dtype {
        DType::Bool => BOOL,
        DType::I8 => I8,
        DType::I16 => I16,
        DType::I32 => I32,
        DType::I64 => I64,
        DType::U8 => U8,
        DType::U16 => U16,
        DType::U32 => U32,
        DType::U64 => U64,
        DType::F32 => F32,
        DType::F64 => F64,
        _ => return None,
    })
}
