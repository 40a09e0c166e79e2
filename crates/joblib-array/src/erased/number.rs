//! Numbers as the elements of sequences and the values of maps: the most frequent parts of all, and too small for the way
//! through a vtable for the seed, one for the deserializer and one for the visitor. A seed that makes a number is recognised by
//! its type, and the number comes back through one.

use std::any::TypeId;
use std::fmt;
use std::marker::PhantomData;
use std::mem::MaybeUninit;

use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, IntoDeserializer, Visitor};

macro_rules! numbers {
    ($($kind:ident $type:ident $method:ident,)*) => {
        /// A type of number. As a seed it makes one.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum NumberType {
            $($kind,)*
        }

        /// A number of the type that was asked for.
        #[derive(Debug, Clone, Copy)]
        pub enum Number {
            $($kind($type),)*
        }

        impl NumberType {
            /// The number that a seed makes, if it makes one and does no more.
            #[inline(always)]
            pub(super) fn of<S>() -> Option<Self> {
                let seed = typeid::of::<S>();
                $(if seed == TypeId::of::<PhantomData<$type>>() {
                    return Some(Self::$kind);
                })*
                None
            }

            fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => stringify!($type),)*
                }
            }

            /// The number as serde makes it of another one, or the error of its type.
            fn convert<'de, D: Deserializer<'de>>(self, number: D) -> Result<Number, D::Error> {
                Ok(match self {
                    $(Self::$kind => Number::$kind($type::deserialize(number)?),)*
                })
            }
        }

        impl<'de> DeserializeSeed<'de> for NumberType {
            type Value = Number;

            #[inline]
            fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Number, D::Error> {
                match self {
                    $(Self::$kind => deserializer.$method(self),)*
                }
            }
        }

        impl Number {
            /// The number as the value of the seed `S`, which asked for it.
            #[inline]
            pub(super) fn into_value<'de, S: DeserializeSeed<'de>>(self, of: NumberType) -> Option<S::Value> {
                if Some(of) != NumberType::of::<S>() {
                    return None;
                }
                let mut value = MaybeUninit::<S::Value>::uninit();
                // SAFETY: `of` is the type of the seed's value: a number of it is written, and nothing else.
                unsafe { self.write(of, value.as_mut_ptr().cast()).then(|| value.assume_init()) }
            }

            /// Writes the number to a place for one of the type; `false` if it is of another.
            ///
            /// # Safety
            ///
            /// At `place` there is room for a value of the type.
            unsafe fn write(self, of: NumberType, place: *mut ()) -> bool {
                match (self, of) {
                    // SAFETY: the caller has a place for a value of this type.
                    $((Self::$kind(number), NumberType::$kind) => unsafe { place.cast::<$type>().write(number) },)*
                    _ => return false,
                }
                true
            }
        }
    };
}

numbers! {
    F64 f64 deserialize_f64,
    I64 i64 deserialize_i64,
    U64 u64 deserialize_u64,
    U8 u8 deserialize_u8,
    F32 f32 deserialize_f32,
    I32 i32 deserialize_i32,
    U32 u32 deserialize_u32,
    Usize usize deserialize_u64,
    Bool bool deserialize_bool,
    I8 i8 deserialize_i8,
    I16 i16 deserialize_i16,
    U16 u16 deserialize_u16,
    Isize isize deserialize_i64,
}

macro_rules! visits {
    ($($method:ident $type:ty $(, $own:ident)?;)*) => {$(
        #[inline]
        fn $method<E: de::Error>(self, number: $type) -> Result<Number, E> {
            $(if self == Self::$own {
                return Ok(Number::$own(number));
            })?
            self.convert(number.into_deserializer())
        }
    )*};
}

impl Visitor<'_> for NumberType {
    type Value = Number;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }

    visits! {
        visit_bool bool, Bool;
        visit_i8 i8, I8;
        visit_i16 i16, I16;
        visit_i32 i32, I32;
        visit_i64 i64, I64;
        visit_i128 i128;
        visit_u8 u8, U8;
        visit_u16 u16, U16;
        visit_u32 u32, U32;
        visit_u64 u64, U64;
        visit_u128 u128;
        visit_f32 f32, F32;
        visit_f64 f64, F64;
    }
}
