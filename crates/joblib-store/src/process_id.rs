//! The number of this process, without a system call each time: in a forked child it is another one.

use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

/// The number of this process.
#[cfg(target_os = "linux")]
pub(crate) fn process_id() -> u32 {
    static PAGE: AtomicPtr<AtomicU32> = AtomicPtr::new(ptr::null_mut());
    let mut page = PAGE.load(Ordering::Acquire);
    if page.is_null() {
        match wiped_page() {
            Some(new) => page = new,
            None => return std::process::id(),
        }
        // Of two threads that come here at once, one leaves a page that nobody uses.
        PAGE.store(page, Ordering::Release);
    }
    // SAFETY: it is a page of zeros that is mapped for as long as the process lives, aligned, and only ever used as this
    // atomic.
    let number = unsafe { &*page };
    match number.load(Ordering::Relaxed) {
        0 => {
            let id = std::process::id();
            number.store(id, Ordering::Relaxed);
            id
        }
        id => id,
    }
}

/// A page that holds zeros in a forked child, whatever its parent wrote there; `None` where the kernel can't do that.
#[cfg(target_os = "linux")]
fn wiped_page() -> Option<*mut AtomicU32> {
    const SIZE: usize = 4096;
    // SAFETY: a new private mapping that touches no other memory.
    let page = unsafe {
        let access = libc::PROT_READ | libc::PROT_WRITE;
        libc::mmap(ptr::null_mut(), SIZE, access, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1, 0)
    };
    if page == libc::MAP_FAILED {
        return None;
    }
    // SAFETY: it is the mapping made above.
    if unsafe { libc::madvise(page, SIZE, libc::MADV_WIPEONFORK) } != 0 {
        // SAFETY: nobody else knows it.
        unsafe { libc::munmap(page, SIZE) };
        return None;
    }
    Some(page.cast())
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn process_id() -> u32 {
    std::process::id()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forked_child_has_its_own_number() {
        let parent = process_id();
        assert_eq!(parent, std::process::id());
        let in_child =
            crate::process_lock::in_a_fork(|| process_id() != parent && process_id() == std::process::id());
        assert!(in_child);
    }
}
