//! Which process this is, of those that forked from one another. Process ids don't tell: a child gets the id of an
//! ancestor that has ended, or in a PID namespace of its own that of its parent.

#[cfg(target_os = "linux")]
use std::ptr;
#[cfg(target_os = "linux")]
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

/// A number that differs between a process and all processes that it was forked from, without a system call each time.
#[cfg(target_os = "linux")]
pub(crate) fn generation() -> u64 {
    static PAGE: AtomicPtr<AtomicU64> = AtomicPtr::new(ptr::null_mut());
    static LAST: AtomicU64 = AtomicU64::new(0);
    let mut page = PAGE.load(Ordering::Acquire);
    if page.is_null() {
        let Some(new) = wiped_page() else { return u64::from(std::process::id()) };
        page = match PAGE.compare_exchange(page, new, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => new,
            // Another thread was faster. This page is left unused.
            Err(faster) => faster,
        };
    }
    // SAFETY: it is a page of zeros that is mapped for as long as the process lives, aligned, and only ever used as this
    // atomic.
    let number = unsafe { &*page };
    match number.load(Ordering::Relaxed) {
        0 => {
            // A child inherits the last number of its parent.
            let next = LAST.fetch_add(1, Ordering::Relaxed) + 1;
            number
                .compare_exchange(0, next, Ordering::Relaxed, Ordering::Relaxed)
                .map_or_else(|set| set, |_| next)
        }
        set => set,
    }
}

/// A page that holds zeros in a forked child, whatever its parent wrote there; `None` where the kernel can't do that.
#[cfg(target_os = "linux")]
fn wiped_page() -> Option<*mut AtomicU64> {
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

/// The process id, where the system can't wipe memory at a fork.
#[cfg(not(target_os = "linux"))]
pub(crate) fn generation() -> u64 {
    u64::from(std::process::id())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process_lock::in_a_fork;

    #[test]
    fn a_forked_child_has_a_number_of_its_own() {
        let parent = generation();
        assert_eq!(parent, generation());
        let differ = in_a_fork(|| {
            let child = generation();
            let its_child_differs = in_a_fork(|| ![parent, child].contains(&generation()));
            child != parent && child == generation() && its_child_differs
        });
        assert!(differ);
    }

    #[test]
    fn threads_of_a_process_that_ask_first_at_once_agree() {
        assert!(in_a_fork(|| {
            let threads = [(); 8].map(|()| std::thread::spawn(generation));
            let mut numbers = threads.map(|thread| thread.join().unwrap_or(0));
            numbers.sort_unstable();
            numbers[0] == numbers[7] && numbers[0] != 0
        }));
    }

    /// Runs as the first process of a PID namespace, and forks the first process of another.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_child_with_the_process_id_of_its_parent_has_state_of_its_own() {
        use crate::process_lock::{AfterFork, ProcessLock};
        static STATE: ProcessLock<Vec<u8>> = ProcessLock::new(AfterFork::Renew);
        let in_a_namespace = |check: &mut dyn FnMut() -> bool| {
            in_a_fork(|| {
                // SAFETY: it concerns children of this process alone.
                let may = |flags| unsafe { libc::unshare(flags) } == 0;
                let may = may(libc::CLONE_NEWPID) || may(libc::CLONE_NEWUSER | libc::CLONE_NEWPID);
                // Without the permission there is nothing to test.
                !may || in_a_fork(&mut *check)
            })
        };
        assert!(in_a_namespace(&mut || {
            STATE.lock().push(1);
            let parent = std::process::id();
            in_a_namespace(&mut || std::process::id() == parent && STATE.lock().is_empty())
        }));
    }
}
