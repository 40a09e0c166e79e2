//! What `ndarray`'s arrays are behind a generic type.

use std::any::{TypeId, type_name};
use std::borrow::Cow;

use ndarray::{
    ArrayBase, CowRepr, Data, Dimension, Ix0, Ix1, Ix2, Ix3, Ix4, Ix5, Ix6, IxDyn, OwnedArcRepr, OwnedRepr,
    ViewRepr,
};
use num_complex::Complex;

use crate::array::bytes_of;
use crate::form::{Whole, element_named};
use crate::serde::little_endian;
use crate::{DType, Element, Order};

#[inline]
pub(super) fn whole<T: ?Sized>(value: &T) -> Option<Whole<'_>> {
    // No array is smaller than a reference to one. What decides is the type's id.
    if size_of::<&T>() != size_of::<usize>() || size_of_val(value) < size_of::<usize>() {
        return None;
    }
    let name = type_name::<T>().trim_start_matches('&');
    let parameters = name.strip_prefix("ndarray::ArrayBase<")?;
    let (_, element) = parameters.split_once("Repr<")?;
    whole_at(typeid::of::<T>(), element_named(element)?, (&raw const *value).cast())
}

/// The array at a place, by the id of its type and by what the name of the type says of its elements.
fn whole_at<'a>(id: TypeId, dtype: DType, place: *const ()) -> Option<Whole<'a>> {
    macro_rules! of_type {
        ($($dtype:ident: $element:ty;)*) => {
            match dtype {
                $(DType::$dtype => of_element::<$element>(id, place),)*
                #[cfg(feature = "half")]
                DType::F16 => of_element::<half::f16>(id, place),
                #[allow(unreachable_patterns, reason = "what is left without the feature")]
                _ => None,
            }
        };
    }
    of_type! {
        Bool: bool; I8: i8; I16: i16; I32: i32; I64: i64; U8: u8; U16: u16; U32: u32; U64: u64; F32: f32; F64: f64;
        C64: Complex<f32>; C128: Complex<f64>;
    }
}

fn of_element<'a, A: Element>(id: TypeId, place: *const ()) -> Option<Whole<'a>> {
    macro_rules! first_of {
        ($($repr:ty),*; $dimensions:tt) => {$(first_of! { @dimensions $repr; $dimensions })*};
        (@dimensions $repr:ty; ($($dimension:ty)*)) => {$(
            if id == TypeId::of::<ArrayBase<$repr, $dimension>>() {
                // SAFETY: the value is of this type up to lifetimes. What it refers to lives as long as the value does,
                // to which the caller binds the result.
                return Some(parts(unsafe { &*place.cast::<ArrayBase<$repr, $dimension>>() }));
            }
            if id == TypeId::of::<&ArrayBase<$repr, $dimension>>() {
                // SAFETY: as above.
                return Some(parts(unsafe { *place.cast::<&ArrayBase<$repr, $dimension>>() }));
            }
            if id == TypeId::of::<&&ArrayBase<$repr, $dimension>>() {
                // SAFETY: as above.
                return Some(parts(unsafe { **place.cast::<&&ArrayBase<$repr, $dimension>>() }));
            }
        )*};
    }
    first_of! {
        OwnedRepr<A>, ViewRepr<&'static A>, OwnedArcRepr<A>, CowRepr<'static, A>, ViewRepr<&'static mut A>;
        (Ix2 Ix1 IxDyn Ix3 Ix4 Ix5 Ix6 Ix0)
    }
    None
}

fn parts<A: Element, S: Data<Elem = A>, D: Dimension>(array: &ArrayBase<S, D>) -> Whole<'_> {
    let (order, bytes) = if let Some(elements) = array.as_slice() {
        (Order::C, little_endian(bytes_of(elements), A::DTYPE))
    } else if let Some(elements) = array.as_slice_memory_order().filter(|_| is_in_fortran_order(array)) {
        (Order::F, little_endian(bytes_of(elements), A::DTYPE))
    } else {
        (Order::C, copied(array))
    };
    Whole { dtype: A::DTYPE, order, shape: array.shape().into(), bytes }
}

/// Whether the first axis is the one along which elements lie together, and so on.
fn is_in_fortran_order<A, S: Data<Elem = A>, D: Dimension>(array: &ArrayBase<S, D>) -> bool {
    let mut expected = 1;
    array.shape().iter().zip(array.strides()).all(|(&len, &stride)| {
        let is_expected = len == 1 || isize::try_from(expected) == Ok(stride);
        expected *= len;
        is_expected
    })
}

/// The elements in C order. Rows that lie in one piece are copied whole.
fn copied<A: Element, S: Data<Elem = A>, D: Dimension>(array: &ArrayBase<S, D>) -> Cow<'_, [u8]> {
    let mut bytes = Vec::with_capacity(array.len() * size_of::<A>());
    for row in array.rows() {
        match row.as_slice() {
            Some(elements) => bytes.extend_from_slice(bytes_of(elements)),
            None => row
                .iter()
                .for_each(|element| bytes.extend_from_slice(bytes_of(std::slice::from_ref(element)))),
        }
    }
    match little_endian(&bytes, A::DTYPE) {
        Cow::Borrowed(_) => Cow::Owned(bytes),
        Cow::Owned(swapped) => Cow::Owned(swapped),
    }
}
