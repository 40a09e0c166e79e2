//! Arrays of other crates, known by their types.

#[cfg(feature = "ndarray")]
mod conversions;
#[cfg(feature = "ndarray")]
mod types;

use crate::form::Whole;

/// The array that a value is, behind at most two references, if it is one of the `ndarray` that the feature is for: owned,
/// shared, borrowed, in any layout. Always `None` without the feature.
#[cfg_attr(not(feature = "ndarray"), allow(unused_variables))]
#[inline]
pub fn whole<T: ?Sized>(value: &T) -> Option<Whole<'_>> {
    #[cfg(feature = "ndarray")]
    return types::whole(value);
    #[cfg(not(feature = "ndarray"))]
    None
}
