//! How long a call takes to find its result.
//!
//! Looking at the clock twice is an eighth of a hit in memory. So of a function's hits in memory that follow each
//! other only some are measured, and the others are taken to be as long as the last of those.

use std::time::{Duration, Instant};

/// The clock of one call.
#[derive(Debug, Clone, Copy)]
pub(super) enum Clock {
    Running(Instant),
    /// Not looked at: a hit in memory takes this long.
    Assumed(Duration),
}

impl Clock {
    pub(super) fn start() -> Self {
        Self::Running(Instant::now())
    }

    /// The time until now.
    pub(super) fn elapsed(self) -> Duration {
        match self {
            Self::Running(since) => since.elapsed(),
            Self::Assumed(time) => time,
        }
    }

    /// The time until now, unless that is assumed.
    pub(super) fn measured(self) -> Option<Duration> {
        match self {
            Self::Running(since) => Some(since.elapsed()),
            Self::Assumed(_) => None,
        }
    }
}
