//! `array[[i, j]]`.

use std::ops::{Index, IndexMut};

use crate::{Array, Element};

impl<T: Element, const N: usize> Index<[usize; N]> for Array<T> {
    type Output = T;

    /// # Panics
    ///
    /// Panics if the index has another number of dimensions than the array, or lies outside of its
    /// shape.
    #[inline]
    fn index(&self, index: [usize; N]) -> &T {
        match self.get(&index) {
            Some(element) => element,
            None => outside(&index, self.shape()),
        }
    }
}

impl<T: Element, const N: usize> IndexMut<[usize; N]> for Array<T> {
    /// # Panics
    ///
    /// Panics in the same cases as [`Index`]; and when the array is a read-only mapping or shares its
    /// memory with a clone: call [`Array::make_mut`] first, which copies it.
    #[inline]
    fn index_mut(&mut self, index: [usize; N]) -> &mut T {
        let Some(offset) = self.offset(&index) else { outside(&index, self.shape()) };
        match self.as_mut_slice() {
            Ok(elements) => &mut elements[offset],
            Err(error) => refused(error),
        }
    }
}

#[cold]
#[track_caller]
fn outside(index: &[usize], shape: &[usize]) -> ! {
    // The contract of `Index`, as of a slice's; `get` returns `None`.
    panic!("index {index:?} is outside of an array of shape {shape:?}")
}

#[cold]
#[track_caller]
fn refused(error: crate::ReadOnly) -> ! {
    // The contract of `IndexMut`; `as_mut_slice` returns the error, and `make_mut` copies.
    panic!("{error}")
}
