//! A clock that all processes of the machine share, and that signal handlers may read.

use nix::time::{ClockId, clock_gettime};

/// Nanoseconds since some start.
pub(crate) fn nanoseconds() -> u64 {
    clock_gettime(ClockId::CLOCK_MONOTONIC)
        .map_or(0, |time| time.tv_sec() as u64 * 1_000_000_000 + time.tv_nsec() as u64)
}
