//! A page that parent and worker share: what the worker is doing, which the parent can read when the worker is dead.

use std::ffi::c_void;
use std::fs::File;
use std::io;
use std::num::NonZeroUsize;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use nix::sys::mman::{MapFlags, ProtFlags, mmap, mmap_anonymous, munmap};

use crate::sys::unnamed_file;

const FIELDS: usize = 8;
// A constant: were it zero, this would not compile.
const SIZE: NonZeroUsize = NonZeroUsize::new(FIELDS * size_of::<u64>()).unwrap();
const ACCESS: ProtFlags = ProtFlags::PROT_READ.union(ProtFlags::PROT_WRITE);

/// Fields by position.
const LAST: usize = 0;
const SINCE: usize = 1;
const RUNNING: usize = 2;
const OUT_OF_MEMORY: usize = 3;

/// The shared page. All its fields are atomic numbers, so nothing either side does can be more than wrong.
pub(crate) struct StatusPage {
    page: NonNull<c_void>,
}

// SAFETY: the page is used as atomics only, and unmapped by the last owner.
unsafe impl Send for StatusPage {}
// SAFETY: as above.
unsafe impl Sync for StatusPage {}

impl StatusPage {
    /// A new page, and the file that lets the worker map it.
    pub(crate) fn create() -> io::Result<(StatusPage, File)> {
        let file = unnamed_file::in_memory()?;
        file.set_len(SIZE.get() as u64)?;
        Ok((StatusPage::map(&file)?, file))
    }

    pub(crate) fn map(file: &File) -> io::Result<StatusPage> {
        // SAFETY: a new mapping, at a place of the system's choice.
        let page = unsafe { mmap(None, SIZE, ACCESS, MapFlags::MAP_SHARED, file, 0) }?;
        Ok(StatusPage { page })
    }

    /// A new page that processes forked from this one share with it.
    pub(crate) fn inherited() -> io::Result<StatusPage> {
        // SAFETY: a new mapping, at a place of the system's choice.
        let page = unsafe { mmap_anonymous(None, SIZE, ACCESS, MapFlags::MAP_SHARED) }?;
        Ok(StatusPage { page })
    }

    fn field(&self, position: usize) -> &AtomicU64 {
        debug_assert!(position < FIELDS);
        let fields = self.page.as_ptr().cast::<u64>();
        // SAFETY: the mapping is page-aligned, holds FIELDS numbers, and lives as long as self; the memory is only
        // ever used as atomics, by both processes, and the file behind it is never made shorter.
        unsafe { AtomicU64::from_ptr(fields.add(position)) }
    }

    /// The parent is about to send a batch to an idle worker: what it did before is no longer of interest.
    pub(crate) fn reset(&self) {
        self.field(LAST).store(0, Ordering::Release);
    }

    /// The worker begins a batch.
    pub(crate) fn begin_batch(&self) {
        self.field(LAST).store(0, Ordering::Release);
        self.field(RUNNING).store(1, Ordering::Release);
    }

    /// The worker begins a task.
    pub(crate) fn begin(&self, index: usize, timed: bool) {
        if timed {
            // A parent that sees the task must see when it started: the time is written first.
            self.field(SINCE).store(now(), Ordering::Release);
        }
        self.field(LAST).store(index as u64 + 1, Ordering::Release);
    }

    /// The worker is between batches.
    pub(crate) fn rest(&self) {
        self.field(RUNNING).store(0, Ordering::Release);
    }

    /// Which task the worker has begun last.
    pub(crate) fn last(&self) -> Option<usize> {
        self.field(LAST).load(Ordering::Acquire).checked_sub(1).map(|index| index as usize)
    }

    /// Which task the worker is at, if any.
    pub(crate) fn current(&self) -> Option<usize> {
        if self.field(RUNNING).load(Ordering::Acquire) == 0 { None } else { self.last() }
    }

    /// How long it has been at it, where tasks are timed.
    pub(crate) fn elapsed(&self) -> Duration {
        Duration::from_nanos(now().saturating_sub(self.field(SINCE).load(Ordering::Acquire)))
    }

    /// Says that the worker asked for memory that it may not have.
    pub(crate) fn out_of_memory(&self) {
        self.field(OUT_OF_MEMORY).store(1, Ordering::Release);
    }

    pub(crate) fn was_out_of_memory(&self) -> bool {
        self.field(OUT_OF_MEMORY).load(Ordering::Acquire) != 0
    }
}

impl Drop for StatusPage {
    fn drop(&mut self) {
        // SAFETY: the page was mapped with this size, and nobody has a reference to it any more.
        let _ = unsafe { munmap(self.page, SIZE.get()) };
    }
}

/// Nanoseconds on a clock that all processes share.
fn now() -> u64 {
    nix::time::clock_gettime(nix::time::ClockId::CLOCK_MONOTONIC)
        .map_or(0, |time| time.tv_sec() as u64 * 1_000_000_000 + time.tv_nsec() as u64)
}
