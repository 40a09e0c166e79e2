//! Which results go first: functions from numbers to numbers, without files, clocks or threads.

use std::cmp::Ordering;
use std::time::Duration;

use crate::{Limits, Usage};

/// Which results go first when the limits have no room for all. Results of earlier code go before all others.
///
/// ```
/// use joblib_store::{Limits, Policy};
///
/// let limits = Limits { policy: Policy::CostAware, ..Limits::default() }.items_limit(100);
/// assert_ne!(limits.policy, Policy::default());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Policy {
    /// Those unused for longest.
    #[default]
    LeastRecentlyUsed,
    /// Those that took the least time to compute per byte, where being unused for twice as long counts as having taken
    /// half as long.
    CostAware,
}

/// What a policy knows of a result.
///
/// ```
/// use joblib_store::Candidate;
/// use std::time::Duration;
///
/// let minute = Some(Duration::from_secs(60));
/// let dear = Candidate { bytes: 1000, idle: Duration::ZERO, cost: minute, current: true };
/// assert!(dear.current);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate {
    /// Bytes that dropping it frees.
    pub bytes: u64,
    /// Time since it was last used.
    pub idle: Duration,
    /// How long it took to compute, where that is known.
    pub cost: Option<Duration>,
    /// Whether it is a result of its function's latest code.
    pub current: bool,
}

impl Policy {
    /// The order in which candidates go: the lesser first.
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

/// Seconds of computation saved per byte, discounted by how long nobody wanted them.
fn value(candidate: &Candidate) -> f64 {
    // What is unknown counts as a millisecond: more than nothing, less than what people wait for.
    let cost = candidate.cost.unwrap_or(Duration::from_millis(1)).as_secs_f64();
    cost / (candidate.bytes.max(1) as f64 * (1.0 + candidate.idle.as_secs_f64()))
}

/// The indexes of the candidates that have to go for `usage` to come within `limits`, in the order they go.
///
/// ```
/// use joblib_store::{Candidate, Limits, Usage, choose};
/// use std::time::Duration;
///
/// let item = |idle| Candidate { bytes: 10, idle: Duration::from_secs(idle), cost: None, current: true };
/// let limits = Limits { items: Some(1), ..Limits::default() };
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
    fn earlier_code_goes_first_however_fresh() {
        let earlier = Candidate { current: false, ..candidate(0, 1) };
        for policy in [Policy::LeastRecentlyUsed, Policy::CostAware] {
            assert_eq!(policy.compare(&earlier, &candidate(1000, 1)), Ordering::Less);
        }
    }

    #[test]
    fn the_cost_aware_policy_keeps_what_was_expensive_per_byte() {
        let dear = Candidate { cost: Some(Duration::from_secs(100)), ..candidate(20, 1000) };
        let cheap = Candidate { cost: Some(Duration::from_millis(1)), ..candidate(1, 1000) };
        assert_eq!(Policy::CostAware.compare(&cheap, &dear), Ordering::Less);
        assert_eq!(Policy::LeastRecentlyUsed.compare(&dear, &cheap), Ordering::Less);
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
