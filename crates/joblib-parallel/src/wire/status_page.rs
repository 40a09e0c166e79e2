//! A page that parent and worker share: what the worker is doing, which the parent can read when the worker is dead.

use std::ffi::c_void;
use std::fs::File;
use std::io;
use std::num::NonZeroUsize;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use nix::sys::mman::{MapFlags, ProtFlags, mmap, mmap_anonymous, munmap};

use crate::sys::monotonic::nanoseconds;
use crate::sys::{job_control, unnamed_file};

const FIELDS: usize = 8;
/// Words of text behind the fields.
const TEXT: usize = 504;
// A constant: were it zero, this would not compile.
const SIZE: NonZeroUsize = NonZeroUsize::new((FIELDS + TEXT) * size_of::<u64>()).unwrap();
const ACCESS: ProtFlags = ProtFlags::PROT_READ.union(ProtFlags::PROT_WRITE);

/// Fields by position.
const LAST: usize = 0;
const SINCE: usize = 1;
const RUNNING: usize = 2;
const OUT_OF_MEMORY: usize = 3;
/// The task that panicked, and the length of its message in the text.
const PANICKED: usize = 4;
const MESSAGE: usize = 5;
const DISCONNECTED: usize = 6;
const STAGE: usize = 7;

/// A task's clock while it is stopped.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StoppedClock {
    since: u64,
    stopped: u64,
}

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
        debug_assert!(position < FIELDS + TEXT);
        let fields = self.page.as_ptr().cast::<u64>();
        // SAFETY: the mapping is page-aligned, holds FIELDS + TEXT numbers, and lives as long as self; the memory is only
        // ever used as atomics, by both processes, and the file behind it is never made shorter.
        unsafe { AtomicU64::from_ptr(fields.add(position)) }
    }

    /// The worker runs, and knows what it is to be.
    pub(crate) fn started(&self) {
        self.field(STAGE).store(1, Ordering::Release);
    }

    pub(crate) fn has_started(&self) -> bool {
        self.field(STAGE).load(Ordering::Acquire) > 0
    }

    /// The worker is what it is to be, and does what comes.
    pub(crate) fn ready(&self) {
        self.field(STAGE).store(2, Ordering::Release);
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.field(STAGE).load(Ordering::Acquire) > 1
    }

    /// The parent is about to send a batch to an idle worker: what it did before is no longer of interest.
    pub(crate) fn reset(&self) {
        self.field(PANICKED).store(0, Ordering::Release);
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
            self.field(SINCE).store(nanoseconds(), Ordering::Release);
        }
        self.field(LAST).store(index as u64 + 1, Ordering::Release);
    }

    /// The worker is between batches.
    pub(crate) fn rest(&self) {
        self.field(RUNNING).store(0, Ordering::Release);
    }

    /// Whether it is.
    pub(crate) fn is_at_rest(&self) -> bool {
        self.field(RUNNING).load(Ordering::Acquire) == 0
    }

    /// Which task the worker has begun last.
    pub(crate) fn last(&self) -> Option<usize> {
        self.field(LAST).load(Ordering::Acquire).checked_sub(1).map(|index| index as usize)
    }

    /// Which task the worker is at, if any.
    pub(crate) fn current(&self) -> Option<usize> {
        if self.is_at_rest() { None } else { self.last() }
    }

    /// How long it has been at it, where tasks are timed; the time in which this process was stopped does not count.
    pub(crate) fn elapsed(&self) -> Duration {
        let since = self.field(SINCE).load(Ordering::Acquire);
        let passed = Duration::from_nanos(nanoseconds().saturating_sub(since));
        passed.saturating_sub(job_control::stopped_since(since))
    }

    /// Stops the clock of the task that the worker is at; returns what [`resume_clock`](Self::resume_clock) needs.
    pub(crate) fn stop_clock(&self) -> StoppedClock {
        StoppedClock { since: self.field(SINCE).swap(u64::MAX, Ordering::AcqRel), stopped: nanoseconds() }
    }

    /// The clock goes on, as if there had been no time since it was stopped.
    pub(crate) fn resume_clock(&self, StoppedClock { since, stopped }: StoppedClock) {
        let pause = nanoseconds().saturating_sub(stopped);
        self.field(SINCE).store(since.saturating_add(pause), Ordering::Release);
    }

    /// The message of a panic of the task that the worker is at is kept, in case that it can't be sent.
    pub(crate) fn panicked(&self, message: &str) {
        let before = self.last().and_then(|index| self.panic_of(index));
        let message = match &before {
            // A panic while another one unwinds ends the process; the first one is the reason.
            Some(before) => &format!(
                "{}; then {message}",
                &before[..before.floor_char_boundary(TEXT * size_of::<u64>() / 2)]
            ),
            None => message,
        };
        let len = message.floor_char_boundary(TEXT * size_of::<u64>());
        for (i, bytes) in message.as_bytes()[..len].chunks(size_of::<u64>()).enumerate() {
            let mut word = [0; size_of::<u64>()];
            word[..bytes.len()].copy_from_slice(bytes);
            self.field(FIELDS + i).store(u64::from_le_bytes(word), Ordering::Relaxed);
        }
        self.field(MESSAGE).store(len as u64, Ordering::Release);
        self.field(PANICKED).store(self.field(LAST).load(Ordering::Acquire), Ordering::Release);
    }

    /// The message of the panic of task `index`, if the worker panicked in it and nothing else since.
    pub(crate) fn panic_of(&self, index: usize) -> Option<String> {
        if self.field(PANICKED).load(Ordering::Acquire) != index as u64 + 1 {
            return None;
        }
        let len = (self.field(MESSAGE).load(Ordering::Acquire) as usize).min(TEXT * size_of::<u64>());
        let words = 0..len.div_ceil(size_of::<u64>());
        let mut bytes: Vec<u8> =
            words.flat_map(|i| self.field(FIELDS + i).load(Ordering::Relaxed).to_le_bytes()).collect();
        bytes.truncate(len);
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Says that the worker ends because it can't talk to its parent, and not because of the task that it is at.
    pub(crate) fn disconnected(&self) {
        self.field(DISCONNECTED).store(1, Ordering::Release);
    }

    pub(crate) fn was_disconnected(&self) -> bool {
        self.field(DISCONNECTED).load(Ordering::Acquire) != 0
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{StatusPage, nanoseconds};

    #[test]
    fn the_parent_reads_what_the_worker_writes() {
        let (parent, file) = StatusPage::create().unwrap();
        let worker = StatusPage::map(&file).unwrap();
        assert_eq!((parent.last(), parent.current()), (None, None));
        worker.begin_batch();
        worker.begin(7, true);
        assert_eq!((parent.last(), parent.current()), (Some(7), Some(7)));
        worker.rest();
        assert_eq!((parent.last(), parent.current()), (Some(7), None));
    }

    #[test]
    fn a_clock_that_was_stopped_goes_on_where_it_was() {
        let page = StatusPage::inherited().unwrap();
        page.begin(3, true);
        let step = Duration::from_millis(20);
        std::thread::sleep(step);
        let stopped = page.stop_clock();
        assert_eq!(page.elapsed(), Duration::ZERO);
        std::thread::sleep(10 * step);
        page.resume_clock(stopped);
        let (elapsed, passed) = (page.elapsed(), Duration::from_nanos(nanoseconds() - stopped.since));
        assert!(elapsed >= step && elapsed + 9 * step < passed, "{elapsed:?} of {passed:?}");
    }

    #[test]
    fn a_panic_leaves_its_message() {
        let (parent, file) = StatusPage::create().unwrap();
        let worker = StatusPage::map(&file).unwrap();
        worker.begin_batch();
        worker.begin(3, true);
        worker.panicked("three, \u{e9}t cetera");
        assert_eq!(parent.panic_of(3).as_deref(), Some("three, \u{e9}t cetera"));
        assert_eq!(parent.panic_of(4), None);
        worker.panicked("four");
        assert_eq!(parent.panic_of(3).as_deref(), Some("three, \u{e9}t cetera; then four"));
        // More than there is room for is cut.
        worker.begin(4, true);
        worker.panicked(&"\u{e9}".repeat(5000));
        let message = parent.panic_of(4).unwrap();
        assert!(message.len() > 4000 && message.chars().all(|c| c == '\u{e9}'), "{}", message.len());
    }
}
