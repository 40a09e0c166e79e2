//! When a claim is believed to be abandoned, though its holder can't be seen: by the observer's own clock, so that clocks
//! that differ or jump don't matter.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::options::StoreOptions;
use crate::process_lock::{AfterFork, ProcessLock};

/// How long an unchanged claim of a holder that can't be seen is believed, unless the option `lease` says otherwise.
const LEASE: Duration = Duration::from_secs(30);
/// Claims that are watched at once; beyond this the watch begins anew.
const MAX_WATCHED: usize = 10_000;

/// Claims of other processes, as this process last saw them. `S` is what changes when a holder shows that it lives.
#[derive(Debug)]
pub(crate) struct Watch<S> {
    seen: ProcessLock<HashMap<String, (S, Instant)>>,
}

impl<S> Default for Watch<S> {
    fn default() -> Self {
        Self { seen: ProcessLock::new(AfterFork::Inherit) }
    }
}

impl<S: PartialEq> Watch<S> {
    /// For how long the claim has looked as it does at `now`.
    pub(crate) fn unchanged_for(&self, claim: &str, stamp: S, now: Instant) -> Duration {
        let mut seen = self.seen.lock();
        if seen.len() > MAX_WATCHED {
            seen.clear();
        }
        match seen.get(claim) {
            Some((before, since)) if *before == stamp => now.saturating_duration_since(*since),
            _ => {
                seen.insert(claim.to_owned(), (stamp, now));
                Duration::ZERO
            }
        }
    }

    /// Whether the claim was seen and not forgotten.
    #[cfg(feature = "object")]
    pub(crate) fn is_watched(&self, claim: &str) -> bool {
        self.seen.lock().contains_key(claim)
    }

    pub(crate) fn forget(&self, claim: &str) {
        self.seen.lock().remove(claim);
    }
}

/// The lease that the options ask for.
pub(crate) fn lease(options: &StoreOptions) -> Result<Duration, Error> {
    match options.duration("lease")? {
        Some(lease) if lease.is_zero() => Err(options.invalid("lease", "a time above zero")),
        lease => Ok(lease.unwrap_or(LEASE)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_that_changes_is_watched_anew() {
        let (watch, start) = (Watch::default(), Instant::now());
        let after = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(watch.unchanged_for("claim", 1, start), Duration::ZERO);
        assert_eq!(watch.unchanged_for("claim", 1, after(20)), Duration::from_secs(20));
        assert_eq!(watch.unchanged_for("claim", 2, after(31)), Duration::ZERO);
        assert_eq!(watch.unchanged_for("other", 2, after(40)), Duration::ZERO);
        assert_eq!(watch.unchanged_for("claim", 2, after(41)), Duration::from_secs(10));
        watch.forget("claim");
        assert_eq!(watch.unchanged_for("claim", 2, after(90)), Duration::ZERO);
    }

    #[test]
    fn a_lease_is_a_time_above_zero() {
        let lease = |text| lease(&StoreOptions::new("cache").option("lease", text));
        assert_eq!(lease("0.5").unwrap(), Duration::from_millis(500));
        for text in ["", "0", "-1", "NaN", "inf", "soon", "1e99"] {
            assert!(lease(text).unwrap_err().to_string().contains("lease"), "{text}");
        }
    }
}
