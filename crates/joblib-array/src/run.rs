//! Runs of one number type as the bytes of an array, for serializers that write long sequences of numbers as blocks.

use std::any::type_name;
use std::marker::PhantomData;

use serde::ser::{Error, Impossible, Serialize, Serializer};

use crate::DType;

/// The element type that a primitive type corresponds to.
///
/// The name of a type outside of the standard library has its module in front, so it is never taken for a primitive.
/// [`Run`] refuses an element of another type in any case.
///
/// ```
/// use joblib_array::{DType, run};
///
/// assert_eq!(run::element_type::<f64>(), Some(DType::F64));
/// assert_eq!(run::element_type::<String>(), None);
/// ```
#[inline]
pub fn element_type<T: ?Sized>() -> Option<DType> {
    // serde's own sequences give references to their elements.
    named(type_name::<T>().trim_start_matches('&'))
}

/// The element type of a primitive type's name. serde gives a `usize` as a `u64`.
#[inline]
pub(crate) fn named(name: &str) -> Option<DType> {
    Some(match name {
        "bool" => DType::Bool,
        "i8" => DType::I8,
        "i16" => DType::I16,
        "i32" => DType::I32,
        "i64" | "isize" => DType::I64,
        "u8" => DType::U8,
        "u16" => DType::U16,
        "u32" => DType::U32,
        "u64" | "usize" => DType::U64,
        "f32" => DType::F32,
        "f64" => DType::F64,
        _ => return None,
    })
}

/// Elements of one type, little-endian.
///
/// ```
/// use joblib_array::{DType, run::Run};
///
/// let mut run: Run<std::fmt::Error> = Run::new(DType::U16, 4);
/// run.push(&1_u16)?;
/// run.push(&2_u16)?;
/// assert_eq!(run.bytes, [1, 0, 2, 0]);
/// assert!(run.push(&1.5).is_err());
/// # Ok::<(), std::fmt::Error>(())
/// ```
#[derive(Debug)]
pub struct Run<E> {
    /// The type of the elements.
    pub dtype: DType,
    /// The elements since the caller last cleared them.
    pub bytes: Vec<u8>,
    error: PhantomData<E>,
}

impl<E: Error> Run<E> {
    /// A run of elements of `dtype`, with space for `capacity` bytes.
    pub fn new(dtype: DType, capacity: usize) -> Self {
        Self { dtype, bytes: Vec::with_capacity(capacity), error: PhantomData }
    }

    /// Adds an element.
    ///
    /// # Errors
    ///
    /// Returns an error if the element is not of this run's type.
    #[inline]
    pub fn push<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), E> {
        value.serialize(self)
    }

    #[cold]
    fn refuse(&self) -> E {
        E::custom(format_args!("a sequence of {} holds an element of another type", self.dtype))
    }
}

macro_rules! numbers {
    ($($method:ident($type:ty) => $dtype:ident)*) => {$(
        #[inline]
        fn $method(self, value: $type) -> Result<(), E> {
            if self.dtype != DType::$dtype {
                return Err(self.refuse());
            }
            self.bytes.extend_from_slice(&value.to_le_bytes());
            Ok(())
        }
    )*};
}

/// Methods of a serializer that refuses their kinds of values.
macro_rules! refused {
    ($error:ty; $($method:ident($($type:ty),*) -> $ok:ty)*) => {$(
        fn $method(self, $(_: $type),*) -> Result<$ok, $error> {
            Err(self.refuse())
        }
    )*};
}

pub(crate) use refused;

type No<E> = Impossible<(), E>;

impl<E: Error> Serializer for &mut Run<E> {
    type Ok = ();
    type Error = E;
    type SerializeSeq = No<E>;
    type SerializeTuple = No<E>;
    type SerializeTupleStruct = No<E>;
    type SerializeTupleVariant = No<E>;
    type SerializeMap = No<E>;
    type SerializeStruct = No<E>;
    type SerializeStructVariant = No<E>;

    #[inline]
    fn serialize_bool(self, value: bool) -> Result<(), E> {
        if self.dtype != DType::Bool {
            return Err(self.refuse());
        }
        self.bytes.push(u8::from(value));
        Ok(())
    }

    numbers! {
        serialize_i8(i8) => I8 serialize_i16(i16) => I16 serialize_i32(i32) => I32 serialize_i64(i64) => I64
        serialize_u8(u8) => U8 serialize_u32(u32) => U32 serialize_u64(u64) => U64
        serialize_f32(f32) => F32 serialize_f64(f64) => F64
    }

    /// Also the bits of a half-precision float, which the crate `half` serializes as such.
    #[inline]
    fn serialize_u16(self, value: u16) -> Result<(), E> {
        if !matches!(self.dtype, DType::U16 | DType::F16) {
            return Err(self.refuse());
        }
        self.bytes.extend_from_slice(&value.to_le_bytes());
        Ok(())
    }

    refused! { E;
        serialize_char(char) -> () serialize_str(&str) -> () serialize_bytes(&[u8]) -> () serialize_none() -> ()
        serialize_unit() -> () serialize_unit_struct(&'static str) -> ()
        serialize_unit_variant(&'static str, u32, &'static str) -> ()
        serialize_seq(Option<usize>) -> No<E> serialize_tuple(usize) -> No<E>
        serialize_tuple_struct(&'static str, usize) -> No<E>
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> No<E>
        serialize_map(Option<usize>) -> No<E> serialize_struct(&'static str, usize) -> No<E>
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> No<E>
    }

    fn serialize_some<T: Serialize + ?Sized>(self, _: &T) -> Result<(), E> {
        Err(self.refuse())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), E> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), E> {
        Err(self.refuse())
    }

    fn is_human_readable(&self) -> bool {
        true
    }
}
