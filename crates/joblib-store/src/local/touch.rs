//! When a result was last used, written at most once a second per result and process: a hit that repeats costs no
//! system call for it.

use std::fs::{File, FileTimes};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Instant, SystemTime};

const SLOTS: usize = 4096;

#[derive(Debug)]
pub(super) struct Touched {
    since: Instant,
    /// A call's first bits, and the second it was last touched in.
    slots: Box<[AtomicU64]>,
}

impl Default for Touched {
    fn default() -> Self {
        Self { since: Instant::now(), slots: (0..SLOTS).map(|_| AtomicU64::new(0)).collect() }
    }
}

impl Touched {
    /// Whether a use of the call's result is to be noted, as none was in this second.
    pub(super) fn is_due(&self, call: &[u8; 16]) -> bool {
        let id = u64::from_be_bytes([call[0], call[1], call[2], call[3], call[4], call[5], call[6], call[7]]);
        // The first second is one, so that 0 is an empty slot. Two calls that share all 40 bits share a touch.
        let second = (self.since.elapsed().as_secs() + 1) & 0xff_ffff;
        let mark = (id & !0xff_ffff) | second;
        let slot = &self.slots[(id as usize >> 24) % SLOTS];
        slot.swap(mark, Ordering::Relaxed) != mark
    }
}

/// Notes that a result's own file was used.
pub(super) fn touch(file: &File) {
    // A cache that can only be read keeps no times.
    let _ = file.set_times(FileTimes::new().set_accessed(SystemTime::now()));
}
