//! Zeroed memory, 64-byte aligned: from the allocator when small, from the kernel with huge pages when large.

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::io;
use std::ptr::NonNull;

use memmap2::MmapMut;

use super::spare;

/// The alignment of allocated, mapped and loaded arrays, in bytes: that of the widest vector registers.
pub const ALIGNMENT: usize = 64;

/// From this size on the kernel gives huge pages where it can; below, page faults do not matter.
const HUGE: usize = 4 << 20;

pub(super) enum Heap {
    Small(Small),
    /// An anonymous mapping: page-aligned, kept for another buffer or freed by unmapping.
    Large(Large),
}

pub(super) struct Large(Option<MmapMut>);

impl Large {
    fn bytes(&self) -> &[u8] {
        // There is memory until the drop.
        self.0.as_deref().unwrap_or_default()
    }

    fn mut_bytes(&mut self) -> &mut [u8] {
        self.0.as_deref_mut().unwrap_or_default()
    }
}

impl Drop for Large {
    fn drop(&mut self) {
        if let Some(map) = self.0.take() {
            spare::keep(map);
        }
    }
}

pub(super) struct Small {
    pointer: NonNull<u8>,
    layout: Layout,
    len: usize,
}

// SAFETY: it owns its memory, and shared access only reads it.
unsafe impl Send for Small {}
// SAFETY: as above.
unsafe impl Sync for Small {}

impl Drop for Small {
    fn drop(&mut self) {
        // SAFETY: allocated in `Heap::zeroed` with this layout.
        unsafe { dealloc(self.pointer.as_ptr(), self.layout) };
    }
}

impl Heap {
    pub(super) fn zeroed(len: usize) -> io::Result<Self> {
        if len >= HUGE {
            let map = MmapMut::map_anon(len).map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
            // Only advice: where it is not taken the memory is as good, and slower to fill.
            #[cfg(target_os = "linux")]
            let _ = map.advise(memmap2::Advice::HugePage);
            return Ok(Self::Large(Large(Some(map))));
        }
        let layout = Layout::from_size_align(len.max(1), ALIGNMENT)
            .map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
        // SAFETY: the layout's size is at least 1.
        let pointer = NonNull::new(unsafe { alloc_zeroed(layout) })
            .ok_or_else(|| io::Error::from(io::ErrorKind::OutOfMemory))?;
        Ok(Self::Small(Small { pointer, layout, len }))
    }

    /// The same with bytes of no particular value: those of a buffer that was freed, where there is one of this size.
    pub(super) fn with_any_bytes(len: usize) -> io::Result<Self> {
        match (len >= HUGE).then(|| spare::take(len)).flatten() {
            Some(map) => Ok(Self::Large(Large(Some(map)))),
            None => Self::zeroed(len),
        }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        match self {
            // SAFETY: `len` zeroed, hence initialised, bytes that `self` owns.
            Self::Small(small) => unsafe { std::slice::from_raw_parts(small.pointer.as_ptr(), small.len) },
            Self::Large(map) => map.bytes(),
        }
    }

    pub(super) fn as_mut_bytes(&mut self) -> &mut [u8] {
        match self {
            // SAFETY: as above, and `&mut self` is the only handle.
            Self::Small(small) => unsafe {
                std::slice::from_raw_parts_mut(small.pointer.as_ptr(), small.len)
            },
            Self::Large(map) => map.mut_bytes(),
        }
    }
}

/// Ends the program as `Vec` does when memory runs out.
pub(super) fn out_of_memory(len: usize) -> ! {
    match Layout::from_size_align(len, ALIGNMENT) {
        Ok(layout) => handle_alloc_error(layout),
        Err(_) => handle_alloc_error(Layout::new::<u8>()),
    }
}
