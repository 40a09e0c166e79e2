//! Which results go first: a function from numbers to an order, without files, clocks or threads.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// Which results are dropped first when a limit is exceeded. Results of earlier code are dropped before all others.
///
/// ```
/// use joblib_store::{Limits, Policy};
///
/// assert_eq!("cost-aware".parse(), Ok(Policy::CostAware));
/// let limits = Limits::default().items_limit(100).policy(Policy::CostAware);
/// assert_ne!(limits.policy, Policy::default());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Policy {
    /// Those that were not used for the longest time.
    #[default]
    LeastRecentlyUsed,
    /// Those that took the least time to compute per byte. Being unused for twice as long counts as having taken half as
    /// long to compute.
    CostAware,
}

impl fmt::Display for Policy {
    /// Its name, as [`from_str`](Self::from_str) reads it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Policy::LeastRecentlyUsed => "least-recently-used",
            Policy::CostAware => "cost-aware",
        })
    }
}

impl FromStr for Policy {
    type Err = ParsePolicyError;

    /// The policy of this name: `"least-recently-used"` or `"cost-aware"`.
    fn from_str(name: &str) -> Result<Self, ParsePolicyError> {
        match name {
            "least-recently-used" => Ok(Policy::LeastRecentlyUsed),
            "cost-aware" => Ok(Policy::CostAware),
            _ => Err(ParsePolicyError(name.to_owned())),
        }
    }
}

/// The error for a text that is not the name of a policy.
///
/// ```
/// use joblib_store::Policy;
///
/// let error = "oldest".parse::<Policy>().unwrap_err();
/// assert!(error.to_string().contains("cost-aware"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no policy is called {0:?}: expected \"least-recently-used\" or \"cost-aware\"")]
pub struct ParsePolicyError(String);

/// The properties of a result that a policy considers.
///
/// ```
/// use joblib_store::Candidate;
/// use std::time::Duration;
///
/// let minute = Some(Duration::from_secs(60));
/// let expensive = Candidate { bytes: 1000, idle: Duration::ZERO, cost: minute, current: true };
/// assert!(expensive.current);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate {
    /// The bytes that are freed by dropping it.
    pub bytes: u64,
    /// Time since it was last used.
    pub idle: Duration,
    /// How long it took to compute, if that is known.
    pub cost: Option<Duration>,
    /// Whether it is a result of its function's latest code.
    pub current: bool,
}

impl Policy {
    /// Compares two candidates: the lesser one is dropped first.
    ///
    /// ```
    /// use joblib_store::{Candidate, Policy};
    /// use std::{cmp::Ordering, time::Duration};
    ///
    /// let new = Candidate { bytes: 10, idle: Duration::ZERO, cost: None, current: true };
    /// let old = Candidate { idle: Duration::from_secs(60), ..new };
    /// assert_eq!(Policy::LeastRecentlyUsed.compare(&old, &new), Ordering::Less);
    /// ```
    pub fn compare(self, left: &Candidate, right: &Candidate) -> Ordering {
        let by_value = || match self {
            Self::LeastRecentlyUsed => right.idle.cmp(&left.idle),
            Self::CostAware => value(left).total_cmp(&value(right)).then_with(|| right.idle.cmp(&left.idle)),
        };
        left.current.cmp(&right.current).then_with(by_value)
    }
}

/// Seconds of computation saved per byte, discounted by how long they were unused.
fn value(candidate: &Candidate) -> f64 {
    // What is unknown counts as a millisecond: more than nothing, less than what people wait for.
    let cost = candidate.cost.unwrap_or(Duration::from_millis(1)).as_secs_f64();
    cost / (candidate.bytes.max(1) as f64 * (1.0 + candidate.idle.as_secs_f64()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(idle: u64, bytes: u64) -> Candidate {
        Candidate { bytes, idle: Duration::from_secs(idle), cost: None, current: true }
    }

    #[test]
    fn earlier_code_goes_first_however_fresh() {
        let earlier = Candidate { current: false, ..candidate(0, 1) };
        for policy in [Policy::LeastRecentlyUsed, Policy::CostAware] {
            assert_eq!(policy.compare(&earlier, &candidate(1000, 1)), Ordering::Less);
        }
    }

    #[test]
    fn the_cost_aware_policy_keeps_what_was_expensive_per_byte() {
        let expensive = Candidate { cost: Some(Duration::from_secs(100)), ..candidate(20, 1000) };
        let cheap = Candidate { cost: Some(Duration::from_millis(1)), ..candidate(1, 1000) };
        assert_eq!(Policy::CostAware.compare(&cheap, &expensive), Ordering::Less);
        assert_eq!(Policy::LeastRecentlyUsed.compare(&expensive, &cheap), Ordering::Less);
    }
}
