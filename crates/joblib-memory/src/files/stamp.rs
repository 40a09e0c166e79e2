//! What tells one state of a file from another, without reading it.

use std::fs::Metadata;
use std::time::{Duration, SystemTime};

/// The identity of a file and the times of its last changes, in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Stamp {
    pub(super) device: u64,
    pub(super) inode: u64,
    pub(super) size: u64,
    /// When the content was modified, which programs may set.
    pub(super) modified: i128,
    /// When the content or anything else of the file was changed, which nobody can set.
    pub(super) changed: i128,
}

impl Stamp {
    /// `None` where the system has no such times: nothing is remembered there.
    #[cfg(unix)]
    #[allow(clippy::unnecessary_wraps, reason = "other systems have none")]
    pub(super) fn of(found: &Metadata) -> Option<Self> {
        use std::os::unix::fs::MetadataExt;
        let nanoseconds = |seconds: i64, rest: i64| i128::from(seconds) * 1_000_000_000 + i128::from(rest);
        Some(Self {
            device: found.dev(),
            inode: found.ino(),
            size: found.size(),
            modified: nanoseconds(found.mtime(), found.mtime_nsec()),
            changed: nanoseconds(found.ctime(), found.ctime_nsec()),
        })
    }

    #[cfg(not(unix))]
    pub(super) fn of(_: &Metadata) -> Option<Self> {
        None
    }

    /// Whether a change after `now` would make another stamp. A file system has a clock with ticks, of up to two
    /// seconds: what is changed twice in one tick has one stamp, as git's index knows it.
    pub(super) fn is_settled(&self, now: SystemTime) -> bool {
        /// Longer than the ticks of all known file systems.
        const TICK: Duration = Duration::from_secs(2);
        let now = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let now = i128::try_from(now.as_nanos()).unwrap_or(i128::MAX);
        let tick = i128::try_from(TICK.as_nanos()).unwrap_or(i128::MAX);
        self.modified.max(self.changed) < now - tick
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_is_settled_when_its_tick_is_over() {
        let at = |changed: u64| Stamp {
            device: 1,
            inode: 2,
            size: 3,
            modified: 0,
            changed: i128::from(changed) * 1_000_000_000,
        };
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1000);
        assert!(at(997).is_settled(now));
        assert!(!at(998).is_settled(now) && !at(1000).is_settled(now));
        assert!(!at(5000).is_settled(now), "a time in the future, by another clock");
    }
}
