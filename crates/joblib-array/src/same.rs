//! Values of types that are recognised when the program runs, where generic code hides that they are the same.
//!
//! The ids of the crate `typeid` say that two types are the same up to their lifetimes. That is enough where one of them has
//! none.

use std::any::TypeId;
use std::mem::ManuallyDrop;

use num_complex::Complex;

/// A type without lifetimes: every type that is the same as it up to lifetimes is the same.
///
/// # Safety
///
/// No type differs from it only in lifetimes. A type with a parameter for a lifetime, or with `'static` somewhere in it,
/// does not qualify, even though it is `'static`.
pub unsafe trait NoLifetimes: 'static {}

macro_rules! no_lifetimes {
    ($($type:ty)*) => {$(
        // SAFETY: it has no parameters.
        unsafe impl NoLifetimes for $type {}
    )*};
}

no_lifetimes!(() bool char i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize f32 f64 String);

// SAFETY: the only parameters are types that have no lifetimes.
unsafe impl<T: NoLifetimes> NoLifetimes for Complex<T> {}
// SAFETY: as above.
unsafe impl<T: NoLifetimes> NoLifetimes for Vec<T> {}
// SAFETY: as above.
unsafe impl<T: NoLifetimes> NoLifetimes for Option<T> {}
// SAFETY: as above.
unsafe impl<T: NoLifetimes, const N: usize> NoLifetimes for [T; N] {}
// SAFETY: as above.
unsafe impl<A: NoLifetimes, B: NoLifetimes> NoLifetimes for (A, B) {}

/// Whether both are the same type.
#[inline]
pub fn is_same<T: ?Sized, R: NoLifetimes>() -> bool {
    typeid::of::<T>() == TypeId::of::<R>()
}

/// The value as an `R`, if that is its type.
///
/// # Errors
///
/// Returns the value if it is of another type.
///
/// ```
/// let known: Result<Vec<u8>, _> = joblib_array::same::known(vec![1_u8]);
/// assert_eq!(known, Ok(vec![1]));
/// assert_eq!(joblib_array::same::known::<_, String>(vec![1_u8]), Err(vec![1]));
/// ```
#[inline]
pub fn known<T, R: NoLifetimes>(value: T) -> Result<R, T> {
    if !is_same::<T, R>() {
        return Err(value);
    }
    let value = ManuallyDrop::new(value);
    // SAFETY: the types are the same. The original is not dropped.
    Ok(unsafe { std::mem::transmute_copy(&*value) })
}

/// The value as the type that generic code asks for, if that is its own; the way back of [`known`].
///
/// ```
/// let made: Option<Vec<u8>> = joblib_array::same::made(vec![1_u8]);
/// assert_eq!(made, Some(vec![1]));
/// assert_eq!(joblib_array::same::made::<_, String>(vec![1_u8]), None);
/// ```
///
/// A type with a lifetime is refused when the program is compiled, for the one that is asked for may have another:
///
/// ```compile_fail,E0277
/// let lent: Option<&'static str> = joblib_array::same::made("text");
/// ```
#[inline]
pub fn made<T: NoLifetimes, R>(value: T) -> Option<R> {
    if !is_same::<R, T>() {
        return None;
    }
    let value = ManuallyDrop::new(value);
    // SAFETY: the types are the same. The original is not dropped.
    Some(unsafe { std::mem::transmute_copy(&*value) })
}
