//! A `Vec` of elements seen as bytes, kept as it is.

use std::ptr::NonNull;

use crate::Element;

/// Owns a `Vec<T>` without naming `T`.
pub(super) struct Adopted {
    bytes: NonNull<[u8]>,
    // Frees the elements when dropped; never touched otherwise, so that `bytes` is the only way to them.
    _owner: Box<dyn Owner>,
}

trait Owner: Send + Sync {}
impl<T: Element> Owner for RawVec<T> {}

struct RawVec<T> {
    pointer: NonNull<T>,
    len: usize,
    capacity: usize,
}

// SAFETY: it owns its elements, which are `Send` and `Sync`, and gives no access to them.
unsafe impl<T: Element> Send for RawVec<T> {}
// SAFETY: as above.
unsafe impl<T: Element> Sync for RawVec<T> {}

impl<T> Drop for RawVec<T> {
    fn drop(&mut self) {
        // SAFETY: the parts of the `Vec` that `Adopted::new` took apart, put together once.
        drop(unsafe { Vec::from_raw_parts(self.pointer.as_ptr(), self.len, self.capacity) });
    }
}

// SAFETY: it owns the bytes; shared access only reads them.
unsafe impl Send for Adopted {}
// SAFETY: as above.
unsafe impl Sync for Adopted {}

impl Adopted {
    pub(super) fn new<T: Element>(elements: Vec<T>) -> Self {
        let mut elements = std::mem::ManuallyDrop::new(elements);
        let (len, capacity) = (elements.len(), elements.capacity());
        // SAFETY: a `Vec`'s pointer is never null.
        let pointer = unsafe { NonNull::new_unchecked(elements.as_mut_ptr()) };
        let owner = RawVec { pointer, len, capacity };
        Self {
            bytes: NonNull::slice_from_raw_parts(pointer.cast(), len * size_of::<T>()),
            _owner: Box::new(owner),
        }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        // SAFETY: `len` initialised elements without padding (a promise of `Element`) that the owner keeps alive.
        unsafe { self.bytes.as_ref() }
    }

    pub(super) fn as_mut_bytes(&mut self) -> &mut [u8] {
        // SAFETY: as above, and `&mut self` is the only handle. The bytes are read back only by an `Array` that
        // checked what they mean.
        unsafe { self.bytes.as_mut() }
    }
}
