//! A page that parent and worker share: what the worker is doing, readable when it can no longer say so.

use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use memmap2::{MmapOptions, MmapRaw};

use crate::wire::arrays::anonymous;

const FIELDS: usize = 8;
const SIZE: usize = FIELDS * size_of::<u64>();

/// Fields by position.
const LAST: usize = 0;
const SINCE: usize = 1;
const RUNNING: usize = 2;
const OUT_OF_MEMORY: usize = 3;

/// The shared page. All its fields are atomic numbers, so nothing either side does can be more than wrong.
pub(crate) struct Slot {
    map: MmapRaw,
}

impl Slot {
    /// A new page, and the file that lets the worker map it.
    pub(crate) fn create() -> io::Result<(Slot, File)> {
        let file = anonymous()?;
        file.set_len(SIZE as u64)?;
        Ok((Slot::map(&file)?, file))
    }

    pub(crate) fn map(file: &File) -> io::Result<Slot> {
        Ok(Slot { map: MmapOptions::new().len(SIZE).map_raw(file)? })
    }

    fn field(&self, position: usize) -> &AtomicU64 {
        debug_assert!(position < FIELDS);
        #[allow(clippy::cast_ptr_alignment, reason = "mappings start at pages")]
        let fields = self.map.as_mut_ptr().cast::<u64>();
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

    /// The worker's last words: it asked for memory that it may not have.
    pub(crate) fn out_of_memory(&self) {
        self.field(OUT_OF_MEMORY).store(1, Ordering::Release);
    }

    pub(crate) fn was_out_of_memory(&self) -> bool {
        self.field(OUT_OF_MEMORY).load(Ordering::Acquire) != 0
    }
}

/// Nanoseconds on a clock that all processes share.
fn now() -> u64 {
    nix::time::clock_gettime(nix::time::ClockId::CLOCK_MONOTONIC)
        .map_or(0, |time| time.tv_sec() as u64 * 1_000_000_000 + time.tv_nsec() as u64)
}
