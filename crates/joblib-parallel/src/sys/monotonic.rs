//! A clock that all processes of the machine share, and that signal handlers may read.

use nix::time::{ClockId, clock_gettime};

/// Nanoseconds since some start.
pub(crate) fn nanoseconds() -> u64 {
    read(ClockId::CLOCK_MONOTONIC)
}

/// As [`nanoseconds`], to some milliseconds where that is faster to read.
pub(crate) fn coarse() -> u64 {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let clock = ClockId::CLOCK_MONOTONIC_COARSE;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let clock = ClockId::CLOCK_MONOTONIC;
    read(clock)
}

fn read(clock: ClockId) -> u64 {
    clock_gettime(clock).map_or(0, |time| time.tv_sec() as u64 * 1_000_000_000 + time.tv_nsec() as u64)
}
