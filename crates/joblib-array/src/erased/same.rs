//! Types that are the same up to lifetimes, where serde's generic methods hide that they are.

use std::any::TypeId;
use std::mem::ManuallyDrop;

/// The value as an `R`, if that is its type.
///
/// # Errors
///
/// Returns the value if it is of another type.
pub(super) fn known<T, R: 'static>(value: T) -> Result<R, T> {
    if typeid::of::<T>() != TypeId::of::<R>() {
        return Err(value);
    }
    let value = ManuallyDrop::new(value);
    // SAFETY: the types are the same up to lifetimes, and `R` is 'static for whoever named it: a type with a lifetime would be
    // named with 'static here, and no value of this crate's errors has one. The original is not dropped.
    Ok(unsafe { std::mem::transmute_copy(&*value) })
}
