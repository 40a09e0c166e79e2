//! Arrays of other crates, known by their types.

#[cfg(feature = "ndarray")]
mod conversions;
#[cfg(feature = "ndarray")]
mod types;

use crate::form::Whole;

/// The array that a value is, behind at most two references, if it is one of the `ndarray` that the feature is for: owned,
/// shared, borrowed, in any layout. Its elements are copied if they don't lie in C order. Always `None` without the feature.
#[inline]
pub fn whole<T: ?Sized>(value: &T) -> Option<Whole<'_>> {
    whole_in_either_order(value).map(Whole::into_c_order)
}

/// The same for those who take elements in Fortran order as well, without a copy.
#[cfg_attr(not(feature = "ndarray"), allow(unused_variables))]
#[inline]
pub fn whole_in_either_order<T: ?Sized>(value: &T) -> Option<Whole<'_>> {
    #[cfg(feature = "ndarray")]
    return types::whole(value);
    #[cfg(not(feature = "ndarray"))]
    None
}
