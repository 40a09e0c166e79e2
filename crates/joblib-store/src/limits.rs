//! How much a store may hold, and which results have to go for that.

use std::time::{Duration, SystemTime};

use crate::byte_size::{ByteSize, ParseByteSizeError};
use crate::policy::{Candidate, Policy};
use crate::usage::Usage;

/// The limits of a store. Limits that are not set do not apply.
///
/// ```
/// use joblib_store::Limits;
/// use std::time::Duration;
///
/// let limits = Limits::default().bytes_limit("10G")?;
/// assert_eq!(limits.bytes, Some(10 * 1024 * 1024 * 1024));
/// assert_eq!(limits.superseded_age, Some(Duration::from_secs(30 * 24 * 3600)));
/// # Ok::<(), joblib_store::ParseByteSizeError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Limits {
    /// The total size of all results, in bytes.
    pub bytes: Option<u64>,
    /// The number of results.
    pub items: Option<u64>,
    /// Time since a result was last used.
    pub age: Option<Duration>,
    /// The same for results of earlier code: 30 days by default.
    pub superseded_age: Option<Duration>,
    /// Which results are dropped first.
    pub policy: Policy,
    /// The time at which ages are measured: the system's time by default.
    pub as_of: Option<SystemTime>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: None,
            items: None,
            age: None,
            superseded_age: Some(Duration::from_hours(30 * 24)),
            policy: Policy::default(),
            as_of: None,
        }
    }
}

impl Limits {
    /// Limits the total size of all results, in bytes: a number, or a text such as `"10G"`.
    ///
    /// # Errors
    ///
    /// Returns an error if a text is not a valid [`ByteSize`].
    ///
    /// ```
    /// use joblib_store::Limits;
    ///
    /// let limits = Limits::default().bytes_limit("10G")?.items_limit(1_000_000);
    /// assert_eq!(limits.bytes, Some(10 << 30));
    /// # Ok::<(), joblib_store::ParseByteSizeError>(())
    /// ```
    pub fn bytes_limit<S>(mut self, limit: S) -> Result<Self, ParseByteSizeError>
    where
        S: TryInto<ByteSize>,
        ParseByteSizeError: From<S::Error>,
    {
        self.bytes = Some(limit.try_into()?.bytes());
        Ok(self)
    }

    /// Limits the number of results.
    pub fn items_limit(mut self, limit: u64) -> Self {
        self.items = Some(limit);
        self
    }

    /// Limits the time since a result was last used.
    ///
    /// ```
    /// use joblib_store::Limits;
    /// use std::time::Duration;
    ///
    /// let hour = Duration::from_secs(3600);
    /// let limits = Limits::default().age_limit(24 * hour);
    /// assert!(limits.too_old(25 * hour, true) && !limits.too_old(23 * hour, true));
    /// ```
    pub fn age_limit(mut self, limit: Duration) -> Self {
        self.age = Some(limit);
        self
    }

    /// Limits the time since a result of earlier code was last used; with `None` such results are treated like others.
    pub fn superseded_age_limit(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.superseded_age = limit.into();
        self
    }

    /// Sets which results are dropped first.
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// Returns `true` if `usage` is within the limits of bytes and items.
    ///
    /// ```
    /// use joblib_store::{Limits, Usage};
    ///
    /// let limits = Limits::default().bytes_limit("1K")?;
    /// assert!(limits.bound_usage() && !Limits::default().bound_usage());
    /// assert!(limits.allow(Usage { bytes: 1024, items: 1 }));
    /// assert!(!limits.allow(Usage { bytes: 1025, items: 1 }));
    /// # Ok::<(), joblib_store::ParseByteSizeError>(())
    /// ```
    pub fn allow(&self, usage: Usage) -> bool {
        self.bytes.is_none_or(|limit| usage.bytes <= limit)
            && self.items.is_none_or(|limit| usage.items <= limit)
    }

    /// Returns `true` if bytes or items are limited.
    pub fn bound_usage(&self) -> bool {
        self.bytes.is_some() || self.items.is_some()
    }

    /// Returns `true` if a result that was not used for `idle` is too old to keep. `current` says whether it was made by
    /// its function's latest code.
    ///
    /// ```
    /// use joblib_store::Limits;
    /// use std::time::Duration;
    ///
    /// let days = |days: u64| Duration::from_secs(days * 24 * 3600);
    /// assert!(Limits::default().too_old(days(31), false), "results of earlier code go after 30 days");
    /// assert!(!Limits::default().too_old(days(31), true));
    /// ```
    pub fn too_old(&self, idle: Duration, current: bool) -> bool {
        self.age.is_some_and(|limit| idle > limit)
            || (!current && self.superseded_age.is_some_and(|limit| idle > limit))
    }

    /// Sets the time at which ages are measured, instead of the system's time.
    ///
    /// ```
    /// use joblib_store::Limits;
    /// use std::time::{Duration, SystemTime};
    ///
    /// let tomorrow = SystemTime::now() + Duration::from_secs(24 * 3600);
    /// assert_eq!(Limits::default().as_of(tomorrow).now(), tomorrow);
    /// ```
    pub fn as_of(mut self, time: SystemTime) -> Self {
        self.as_of = Some(time);
        self
    }

    /// The time at which ages are measured.
    pub fn now(&self) -> SystemTime {
        self.as_of.unwrap_or_else(SystemTime::now)
    }

    /// The time since `used`. A time in the future, from a wrong clock, counts as now.
    ///
    /// ```
    /// use joblib_store::Limits;
    /// use std::time::{Duration, SystemTime};
    ///
    /// let limits = Limits::default();
    /// assert_eq!(limits.idle(SystemTime::now() + Duration::from_secs(3600)), Duration::ZERO);
    /// ```
    pub fn idle(&self, used: SystemTime) -> Duration {
        self.now().duration_since(used).unwrap_or_default()
    }

    /// The limits with the time of now, so that all ages are counted to the same.
    pub(crate) fn at_one_time(&self) -> Self {
        self.clone().as_of(self.now())
    }

    /// The limits with a `part`th less room for bytes and items: dropping a little more than is needed makes the next
    /// look unnecessary for a while.
    pub(crate) fn lowered(&self, part: u64) -> Self {
        let lower = |limit: Option<u64>| limit.map(|limit| limit - limit / part);
        Self { bytes: lower(self.bytes), items: lower(self.items), ..self.clone() }
    }
}

/// Returns the indices of the candidates to drop so that `usage` comes within `limits`, in the order in which to drop them.
///
/// ```
/// use joblib_store::{Candidate, Limits, Usage, choose};
/// use std::time::Duration;
///
/// let item = |idle| Candidate { bytes: 10, idle: Duration::from_secs(idle), cost: None, current: true };
/// let limits = Limits::default().items_limit(1);
/// assert_eq!(choose(&[item(1), item(3), item(2)], Usage { bytes: 30, items: 3 }, &limits), [1, 2]);
/// ```
pub fn choose(candidates: &[Candidate], usage: Usage, limits: &Limits) -> Vec<usize> {
    let mut order: Vec<usize> = (0..candidates.len()).collect();
    order.sort_by(|&left, &right| limits.policy.compare(&candidates[left], &candidates[right]));
    let (too_old, rest): (Vec<usize>, Vec<usize>) = order
        .into_iter()
        .partition(|&index| limits.too_old(candidates[index].idle, candidates[index].current));
    let mut left = too_old.iter().fold(usage, |usage, &index| usage.minus(candidates[index].bytes));
    let mut chosen = too_old;
    for index in rest {
        if limits.allow(left) {
            break;
        }
        left = left.minus(candidates[index].bytes);
        chosen.push(index);
    }
    chosen
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn candidate(idle: u64, bytes: u64) -> Candidate {
        Candidate { bytes, idle: Duration::from_secs(idle), cost: None, current: true }
    }

    #[test]
    fn results_of_earlier_code_age_faster() {
        let limits = Limits::default();
        let month = Duration::from_hours(31 * 24);
        assert!(limits.too_old(month, false));
        assert!(!limits.too_old(month, true));
    }

    #[test]
    fn what_is_too_old_goes_even_when_there_is_room() {
        let limits = Limits { age: Some(Duration::from_secs(10)), ..Limits::default() };
        assert_eq!(choose(&[candidate(11, 1), candidate(9, 1)], Usage { bytes: 2, items: 2 }, &limits), [0]);
    }

    proptest! {
        #[test]
        fn what_is_left_is_within_the_limits_and_nothing_more_was_taken(
            items in prop::collection::vec((0u64..100, 1u64..1000), 0..50),
            bytes in prop::option::of(0u64..20_000),
            count in prop::option::of(0u64..60),
        ) {
            let limits = Limits { bytes, items: count, ..Limits::default() };
            let candidates: Vec<Candidate> = items.iter().map(|&(idle, bytes)| candidate(idle, bytes)).collect();
            let usage = candidates.iter().fold(Usage::default(), |usage, item| usage.plus(item.bytes));
            let chosen = choose(&candidates, usage, &limits);
            let after = |taken: &[usize]| taken.iter().fold(usage, |usage, &at| usage.minus(candidates[at].bytes));
            prop_assert!(limits.allow(after(&chosen)));
            if let Some((_, all_but_last)) = chosen.split_last() {
                prop_assert!(!limits.allow(after(all_but_last)));
            }
        }
    }
}
