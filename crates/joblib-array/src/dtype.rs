//! The element types: their names, sizes and numpy spellings.

use std::fmt;
use std::str::FromStr;

use num_complex::Complex;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The type of an array's elements, under numpy's names.
///
/// ```
/// use joblib_array::{DType, Element};
///
/// assert_eq!(f64::DTYPE, DType::F64);
/// assert_eq!(DType::F64.name(), "float64");
/// assert_eq!(DType::F64.size(), 8);
/// assert_eq!("int16".parse(), Ok(DType::I16));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DType {
    /// `bool`, one byte, 0 or 1.
    Bool,
    /// `i8`.
    I8,
    /// `i16`.
    I16,
    /// `i32`.
    I32,
    /// `i64`.
    I64,
    /// `u8`.
    U8,
    /// `u16`.
    U16,
    /// `u32`.
    U32,
    /// `u64`.
    U64,
    /// IEEE 754 half precision; an element type with the feature `half`.
    F16,
    /// `f32`.
    F32,
    /// `f64`.
    F64,
    /// Two `f32`: real, imaginary.
    C64,
    /// Two `f64`: real, imaginary.
    C128,
}

impl DType {
    /// Every element type, in the order of their declaration.
    pub const ALL: [Self; 14] = [
        Self::Bool,
        Self::I8,
        Self::I16,
        Self::I32,
        Self::I64,
        Self::U8,
        Self::U16,
        Self::U32,
        Self::U64,
        Self::F16,
        Self::F32,
        Self::F64,
        Self::C64,
        Self::C128,
    ];

    /// numpy's name: `float64`, `int8`, `complex128`, …
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::I8 => "int8",
            Self::I16 => "int16",
            Self::I32 => "int32",
            Self::I64 => "int64",
            Self::U8 => "uint8",
            Self::U16 => "uint16",
            Self::U32 => "uint32",
            Self::U64 => "uint64",
            Self::F16 => "float16",
            Self::F32 => "float32",
            Self::F64 => "float64",
            Self::C64 => "complex64",
            Self::C128 => "complex128",
        }
    }

    /// numpy's little-endian type string: `<f8`, `|i1`, `<c16`, …
    ///
    /// ```
    /// use joblib_array::DType;
    ///
    /// assert_eq!(DType::F64.numpy_descr(), "<f8");
    /// assert_eq!(DType::Bool.numpy_descr(), "|b1");
    /// ```
    pub const fn numpy_descr(self) -> &'static str {
        match self {
            Self::Bool => "|b1",
            Self::I8 => "|i1",
            Self::I16 => "<i2",
            Self::I32 => "<i4",
            Self::I64 => "<i8",
            Self::U8 => "|u1",
            Self::U16 => "<u2",
            Self::U32 => "<u4",
            Self::U64 => "<u8",
            Self::F16 => "<f2",
            Self::F32 => "<f4",
            Self::F64 => "<f8",
            Self::C64 => "<c8",
            Self::C128 => "<c16",
        }
    }

    /// The size of one element, in bytes.
    pub const fn size(self) -> usize {
        match self {
            Self::Bool | Self::I8 | Self::U8 => 1,
            Self::I16 | Self::U16 | Self::F16 => 2,
            Self::I32 | Self::U32 | Self::F32 => 4,
            Self::I64 | Self::U64 | Self::F64 | Self::C64 => 8,
            Self::C128 => 16,
        }
    }

    /// The size of the unit to which byte order applies, in bytes: a complex number consists of two units.
    ///
    /// ```
    /// use joblib_array::DType;
    ///
    /// assert_eq!((DType::C128.size(), DType::C128.word_size()), (16, 8));
    /// ```
    pub const fn word_size(self) -> usize {
        match self {
            Self::C64 => 4,
            Self::C128 => 8,
            other => other.size(),
        }
    }
}

/// The error for a text that is not the name of an element type.
///
/// ```
/// use joblib_array::{DType, ParseDTypeError};
///
/// let error: ParseDTypeError = "object".parse::<DType>().unwrap_err();
/// assert!(error.to_string().starts_with(r#"unknown element type "object": expected bool, int8"#));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseDTypeError {
    pub(crate) found: String,
}

impl fmt::Display for ParseDTypeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = DType::ALL.map(DType::name);
        write!(f, "unknown element type {:?}: expected {}", self.found, names.join(", "))
    }
}

impl std::error::Error for ParseDTypeError {}

impl FromStr for DType {
    type Err = ParseDTypeError;

    fn from_str(name: &str) -> Result<Self, ParseDTypeError> {
        Self::ALL
            .into_iter()
            .find(|dtype| dtype.name() == name)
            .ok_or_else(|| ParseDTypeError { found: name.to_owned() })
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A type that can be an element of an [`Array`](crate::Array): numbers, `bool`, complex numbers.
///
/// The trait is sealed: values are plain bytes without padding, and any bytes are a valid value, except for `bool`, which
/// is checked.
pub trait Element:
    Copy
    + Default
    + PartialEq
    + fmt::Debug
    + Send
    + Sync
    + Serialize
    + DeserializeOwned
    + sealed::Sealed
    + 'static
{
    /// This type's name and size.
    const DTYPE: DType;
}

pub(crate) mod sealed {
    pub trait Sealed {}
}

macro_rules! elements {
    ($($type:ty => $dtype:ident),* $(,)?) => {$(
        impl sealed::Sealed for $type {}
        impl Element for $type {
            const DTYPE: DType = DType::$dtype;
        }
        const _: () = assert!(size_of::<$type>() == DType::$dtype.size());
    )*};
}

elements! {
    bool => Bool, i8 => I8, i16 => I16, i32 => I32, i64 => I64, u8 => U8, u16 => U16, u32 => U32, u64 => U64,
    f32 => F32, f64 => F64, Complex<f32> => C64, Complex<f64> => C128,
}

#[cfg(feature = "half")]
elements! { half::f16 => F16 }
