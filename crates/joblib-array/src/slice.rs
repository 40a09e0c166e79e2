//! Slices and vectors, recognised behind a generic type.
//!
//! Generic code is compiled in the crate that calls it, and serde hands over a list element by element: at a low
//! optimisation level each element costs a hundred times what it takes to read it. Numbers of a slice lie in one
//! piece, and code that is not generic can take them from there.

use std::any::{TypeId, type_name};
use std::marker::PhantomData;

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
    numbers_at(typeid::of::<T>(), Place::of(value))
}

/// The numbers at a place, by the id of what is there: the code for all element types is compiled once, and not for each
/// type that is asked about.
fn numbers_at(id: TypeId, place: Place<'_>) -> Option<NumberSlice<'_>> {
    macro_rules! first_of {
        ($($element:ty)*) => {$(
            if let Some(elements) = elements_at::<$element>(id, place) {
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
    elements_at(typeid::of::<T>(), Place::of(value))
}

/// Where a value is whose type is not said.
#[derive(Clone, Copy)]
struct Place<'a> {
    pointer: *const (),
    /// The number of elements, where the value is a slice.
    len: usize,
    value: PhantomData<&'a ()>,
}

impl<'a> Place<'a> {
    fn of<T: ?Sized>(value: &'a T) -> Self {
        let len = if size_of::<&T>() == size_of::<[usize; 2]>() {
            // SAFETY: a reference of two words is an address and a word that is initialized: a length or a pointer to a
            // table. As a length it is used only for slices.
            unsafe { std::mem::transmute_copy::<&T, [usize; 2]>(&value)[1] }
        } else {
            0
        };
        Self { pointer: (&raw const *value).cast(), len, value: PhantomData }
    }
}

/// The elements of what is at a place, whose type has this id.
fn elements_at<E: 'static>(id: TypeId, place: Place<'_>) -> Option<&[E]> {
    macro_rules! first_of {
        ($($type:ty)*) => {$(
            if id == TypeId::of::<$type>() {
                // SAFETY: the value is of this type up to lifetimes. Those of `E` are all 'static, and what the
                // references point at lives as long as the value, to which the result is bound.
                let value: &$type = unsafe { &*place.pointer.cast() };
                return Some(value);
            }
        )*};
    }
    if id == TypeId::of::<[E]>() {
        // SAFETY: the value is a slice of `E`, of that length.
        return Some(unsafe { std::slice::from_raw_parts(place.pointer.cast(), place.len) });
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
