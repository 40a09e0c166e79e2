//! One number, whose type is known by its id: most results of tasks are one, and need none of serde's calls.

use std::any::TypeId;

use crate::same::{NoLifetimes, is_same, made};

/// A number of any of the types that serde has, but those of 128 bits.
///
/// ```
/// use joblib_array::scalar::Scalar;
///
/// assert_eq!(Scalar::of(&7_u16), Some(Scalar::Unsigned(7)));
/// assert_eq!(Scalar::of("7"), None);
/// assert_eq!(Scalar::Unsigned(7).into_value::<i8>(), Some(7));
/// assert_eq!(Scalar::Unsigned(700).into_value::<u8>(), None);
/// assert_eq!(Scalar::Unsigned(7).into_value::<f64>(), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scalar {
    /// A `bool`.
    Bool(bool),
    /// An unsigned integer, or a signed one that is not negative.
    Unsigned(u64),
    /// A negative integer.
    Signed(i64),
    /// An `f32`.
    F32(f32),
    /// An `f64`.
    F64(f64),
}

/// The value as an `R`, if that is its type.
#[inline]
fn known<T: ?Sized, R: NoLifetimes>(value: &T) -> Option<&R> {
    if !is_same::<T, R>() {
        return None;
    }
    // SAFETY: the types are the same.
    Some(unsafe { &*(&raw const *value).cast::<R>() })
}

/// Runs `$then` with the type of that name that `T` is.
macro_rules! of_type {
    ($id:expr, $($type:ty)*, |$name:ident| $then:expr) => {
        $(if $id == TypeId::of::<$type>() {
            type $name = $type;
            return $then;
        })*
    };
}

impl Scalar {
    /// Whether values of the type are scalars.
    #[inline]
    pub fn holds<T: ?Sized>() -> bool {
        of_type!(typeid::of::<T>(), bool u8 u16 u32 u64 usize i8 i16 i32 i64 isize f32 f64, |_Type| true);
        false
    }

    /// The value, if it is a scalar.
    #[inline]
    #[allow(clippy::cast_lossless, clippy::unnecessary_cast, reason = "one line for all widths")]
    pub fn of<T: ?Sized>(value: &T) -> Option<Self> {
        let id = typeid::of::<T>();
        of_type!(id, f64, |Type| Some(Self::F64(*known::<T, Type>(value)?)));
        of_type!(id, f32, |Type| Some(Self::F32(*known::<T, Type>(value)?)));
        of_type!(id, bool, |Type| Some(Self::Bool(*known::<T, Type>(value)?)));
        of_type!(id, u8 u16 u32 u64 usize, |Type| Some(Self::Unsigned(*known::<T, Type>(value)? as u64)));
        of_type!(id, i8 i16 i32 i64 isize, |Type| {
            let value = *known::<T, Type>(value)? as i64;
            Some(u64::try_from(value).map_or(Self::Signed(value), Self::Unsigned))
        });
        None
    }

    /// The value of that type; `None` if it is of another kind, or does not fit.
    #[inline]
    pub fn into_value<T>(self) -> Option<T> {
        let id = typeid::of::<T>();
        match self {
            Self::Bool(value) => made(value),
            Self::F32(value) => made(value),
            Self::F64(value) => made(value),
            Self::Unsigned(value) => {
                of_type!(id, u8 u16 u32 u64 usize i8 i16 i32 i64 isize, |Type| {
                    made(Type::try_from(value).ok()?)
                });
                None
            }
            Self::Signed(value) => {
                of_type!(id, i8 i16 i32 i64 isize, |Type| made(Type::try_from(value).ok()?));
                None
            }
        }
    }
}
