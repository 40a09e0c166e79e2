//! Slices and vectors, recognised behind a generic type.
//!
//! Generic code is compiled in the crate that calls it, and serde hands over a list element by element: at a low
//! optimisation level each element costs a hundred times what it takes to read it. Numbers of a slice lie in one
//! piece, and code that is not generic can take them from there.

use std::any::type_name;

use num_complex::Complex;

use crate::array::bytes_of;
use crate::{DType, Element};

/// The numbers of a slice, as they lie in memory.
#[derive(Debug, Clone, Copy)]
pub struct NumberSlice<'a> {
    /// The type of the elements.
    pub dtype: DType,
    /// Their bytes, in this machine's byte order.
    pub bytes: &'a [u8],
}

/// The numbers of a value that is a slice, a `Vec` or a boxed slice of one of the types of
/// [`Element`], behind at most two references.
///
/// ```
/// use joblib_array::DType;
/// use joblib_array::slice::number_slice;
///
/// let numbers = vec![1_u16, 2];
/// let slice = number_slice(&numbers).expect("a vector of numbers");
/// assert_eq!((slice.dtype, slice.bytes.len()), (DType::U16, 4));
/// assert!(number_slice("text").is_none());
/// ```
pub fn number_slice<T: ?Sized>(value: &T) -> Option<NumberSlice<'_>> {
    if !may_be_slice::<T>() {
        return None;
    }
    macro_rules! first_of {
        ($($element:ty)*) => {$(
            if let Some(elements) = slice_of::<T, $element>(value) {
                return Some(NumberSlice { dtype: <$element>::DTYPE, bytes: bytes_of(elements) });
            }
        )*};
    }
    first_of! { f64 f32 u8 i64 u64 i32 u32 i16 u16 i8 bool Complex<f64> Complex<f32> }
    None
}

/// The elements of a value that is a slice, a `Vec` or a boxed slice of `E`, behind at most two references.
///
/// ```
/// use joblib_array::slice::slice_of;
///
/// let names = vec![String::from("a")];
/// assert_eq!(slice_of::<_, String>(&&names), Some(names.as_slice()));
/// assert_eq!(slice_of::<_, u8>(&names), None);
/// ```
pub fn slice_of<T: ?Sized, E: 'static>(value: &T) -> Option<&[E]> {
    if !may_be_slice::<T>() {
        return None;
    }
    let id = typeid::of::<T>();
    macro_rules! first_of {
        ($($type:ty)*) => {$(
            if id == typeid::of::<$type>() {
                // SAFETY: `T` is this type up to lifetimes. Those of `E` are all 'static, and what the
                // references point at lives as long as `value`, to which the result is bound.
                let value: &$type = unsafe { &*(&raw const *value).cast() };
                return Some(value);
            }
        )*};
    }
    if id == typeid::of::<[E]>() {
        // SAFETY: `T` is `[E]`, so both are one type of reference.
        return Some(unsafe { std::mem::transmute_copy::<&T, &[E]>(&value) });
    }
    first_of! { Vec<E> Box<[E]> &[E] &Vec<E> &Box<[E]> &&[E] &&Vec<E> }
    None
}

/// Compares a constant, so that most types cost nothing. What decides is the type's id.
#[inline]
fn may_be_slice<T: ?Sized>() -> bool {
    let name = type_name::<T>().trim_start_matches('&');
    name.starts_with('[') || name.starts_with("alloc::vec::Vec<") || name.starts_with("alloc::boxed::Box<[")
}
