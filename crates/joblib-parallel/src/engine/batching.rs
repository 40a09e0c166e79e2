//! The size of batches: a pure function from measured times to a number.
//!
//! A batch should take as long as its backend declares to be worth sending (some milliseconds), so that the cost of sending it
//! is negligible, and not longer, so that the workers finish at the same time. This module does not read a clock: the caller
//! passes the measured times.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::error::{Error, Result};

/// The number of tasks in a batch.
///
/// ```
/// use joblib_parallel::BatchSize;
///
/// assert_eq!(BatchSize::from(16), BatchSize::Fixed(16));
/// assert_eq!(BatchSize::default(), BatchSize::Auto);
/// assert_eq!("auto".parse::<BatchSize>()?, BatchSize::Auto);
/// # Ok::<(), joblib_parallel::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BatchSize {
    /// Chosen by the measured duration of the tasks.
    #[default]
    Auto,
    /// Always this many; 0 is an error when the call starts.
    Fixed(usize),
}

impl fmt::Display for BatchSize {
    /// `auto`, or the number of tasks.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BatchSize::Auto => f.write_str("auto"),
            BatchSize::Fixed(tasks) => tasks.fmt(f),
        }
    }
}

impl FromStr for BatchSize {
    type Err = Error;

    /// # Errors
    ///
    /// The text is neither `auto` nor a number of tasks.
    fn from_str(text: &str) -> Result<Self> {
        match text {
            "auto" => Ok(BatchSize::Auto),
            tasks => tasks.parse().map(BatchSize::Fixed).map_err(|_| {
                Error::usage(format!("batch_size {text:?}: expected \"auto\" or a number of tasks"))
            }),
        }
    }
}

impl From<usize> for BatchSize {
    fn from(tasks: usize) -> Self {
        BatchSize::Fixed(tasks)
    }
}

/// The size of the next batch, from the durations of earlier ones.
#[derive(Debug, Clone)]
pub(crate) struct Batching {
    target: Duration,
    fixed: Option<usize>,
    size: usize,
    /// Smoothed seconds per task; `None` before the first measurement.
    per_task: Option<f64>,
    /// The most tasks that keep a batch's message below the limit; grows and shrinks with what is measured.
    by_bytes: usize,
}

impl Batching {
    /// The most a batch grows from one to the next: an outlier of a fast task can't flood a worker, and tiny tasks take
    /// three batches to get up to speed.
    const GROWTH: usize = 32;
    /// Up to this target. Batches grow faster towards a longer one, which says that each of them has a long way.
    const SHORT_TARGET: Duration = Duration::from_millis(20);
    /// The most tasks in a batch, so that the producer never runs far ahead of the results.
    const MOST: usize = 1 << 15;
    /// Batches do not shrink below the target divided by this.
    const SMALLEST: usize = 64;
    /// The size of message beyond which batching gains nothing.
    const BYTES: usize = 1 << 20;

    /// `target` is how long a batch should take; `size` what the user asked for.
    pub(crate) fn new(target: Duration, size: BatchSize) -> Self {
        let fixed = match size {
            BatchSize::Auto => None,
            BatchSize::Fixed(tasks) => Some(tasks.max(1)),
        };
        Batching { target, fixed, size: fixed.unwrap_or(1), per_task: None, by_bytes: usize::MAX }
    }

    /// The size of the next batch, when at least `remaining` tasks are to come for `workers` workers.
    ///
    /// Towards a known end the batches shrink, so that all workers finish together; but not below what takes a small part of the
    /// target, because batches have a cost of their own.
    pub(crate) fn next(&self, remaining: usize, workers: usize) -> usize {
        let size = self.size.min(self.by_bytes);
        match (self.fixed, remaining) {
            (Some(size), _) => size,
            (None, 0) => size,
            (None, _) => {
                let share = remaining.div_ceil(2 * workers.max(1));
                size.min(share.max(self.smallest())).max(1)
            }
        }
    }

    /// How many tasks take so small a part of the target that it is not worth dividing them.
    fn smallest(&self) -> usize {
        let worth_a_batch = self.target.as_secs_f64() / Self::SMALLEST as f64;
        self.per_task.map_or(1, |per_task| (worth_a_batch / per_task) as usize)
    }

    /// How long a batch should take.
    pub(crate) fn target(&self) -> Duration {
        self.target
    }

    /// Learns that `tasks` tasks kept a worker busy for `busy`, their message having been of `bytes` bytes.
    pub(crate) fn record(&mut self, tasks: usize, busy: Duration, bytes: usize) {
        if tasks == 0 || self.fixed.is_some() {
            return;
        }
        // A task is never taken for faster than the clock can tell.
        let measured = (busy.as_secs_f64() / tasks as f64).max(1e-9);
        let per_task = match self.per_task {
            None => measured,
            // Slower is believed sooner than faster: a batch too long costs more than one too short.
            Some(old) if measured > old => 0.5 * old + 0.5 * measured,
            Some(old) => 0.75 * old + 0.25 * measured,
        };
        // The first tasks pay for cold caches: while batches are tiny, only the latest measurement counts.
        let per_task = if self.size < 64 { measured } else { per_task };
        self.per_task = Some(per_task);
        let ideal = (self.target.as_secs_f64() / per_task).min(Self::MOST as f64) as usize;
        let growth =
            (Self::GROWTH as f64 * self.target.div_duration_f64(Self::SHORT_TARGET).max(1.0)) as usize;
        self.size = ideal.clamp(1, (self.size * growth).min(Self::MOST));
        self.by_bytes = (Self::BYTES * tasks).checked_div(bytes).map_or(usize::MAX, |most| most.max(1));
    }
}

#[cfg(test)]
mod tests {
    use super::{BatchSize, Batching};
    use std::time::Duration;

    /// Runs the policy over tasks of the given durations and returns (batches, longest batch in seconds).
    fn simulate(target: Duration, tasks: impl Iterator<Item = f64>) -> (usize, f64) {
        let mut policy = Batching::new(target, BatchSize::Auto);
        let (mut batches, mut longest) = (0, 0_f64);
        let mut tasks = tasks.peekable();
        while tasks.peek().is_some() {
            let taken: Vec<f64> = tasks.by_ref().take(policy.next(0, 2)).collect();
            let busy: f64 = taken.iter().sum();
            policy.record(taken.len(), Duration::from_secs_f64(busy), 0);
            batches += 1;
            longest = longest.max(busy);
        }
        (batches, longest)
    }

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn constant_tiny_tasks_reach_the_target_in_a_few_batches() {
        let (batches, longest) = simulate(MS, std::iter::repeat_n(1e-7, 1_000_000));
        assert!(batches < 120, "{batches}");
        assert!(longest < 1.5e-3, "{longest}");
    }

    #[test]
    fn constant_slow_tasks_stay_alone() {
        let (batches, longest) = simulate(MS, std::iter::repeat_n(0.1, 50));
        assert_eq!(batches, 50);
        assert!(longest < 0.11);
    }

    #[test]
    fn cyclic_tasks_settle_on_their_mean() {
        let (batches, longest) = simulate(MS, (0..200_000).map(|i| if i % 10 == 0 { 1e-5 } else { 1e-6 }));
        assert!(batches < 800, "{batches}");
        assert!(longest < 3e-3, "{longest}");
    }

    #[test]
    fn heavy_tails_do_not_make_batches_of_many_times_the_target() {
        // A task in a thousand takes ten thousand times as long as the others.
        let (batches, longest) = simulate(MS, (1..200_000).map(|i| if i % 1000 == 0 { 1e-2 } else { 1e-6 }));
        assert!(longest < 6e-2, "{longest}");
        assert!(batches < 20_000, "{batches}");
    }

    #[test]
    fn a_trend_towards_slower_tasks_is_followed() {
        let (_, longest) = simulate(MS, (0..20_000).map(|i| 1e-6 * 1.0005_f64.powi(i)));
        assert!(longest < 0.1, "{longest}");
    }

    #[test]
    fn large_messages_keep_batches_small() {
        let mut policy = Batching::new(MS, BatchSize::Auto);
        for _ in 0..10 {
            policy.record(policy.next(0, 2), Duration::from_nanos(100), policy.next(0, 2) * 100_000);
        }
        assert!(policy.next(0, 2) <= 11);
    }

    #[test]
    fn batches_shrink_towards_a_known_end() {
        let mut policy = Batching::new(MS, BatchSize::Auto);
        for _ in 0..10 {
            policy.record(policy.next(0, 2), Duration::from_nanos(100) * policy.next(0, 2) as u32, 0);
        }
        assert!(policy.next(1_000_000, 2) > 1000);
        assert_eq!(policy.next(12_000, 2), 3000);
        let smallest = policy.next(1, 2);
        assert!((100..=200).contains(&smallest), "a small part of the target, found {smallest}");
    }

    #[test]
    fn tiny_tasks_are_few_batches_where_each_has_a_long_way() {
        let mut policy = Batching::new(Duration::from_millis(200), BatchSize::Auto);
        let (mut left, mut batches) = (20_000, 0);
        while left > 0 {
            let tasks = policy.next(left, 2).min(left);
            policy.record(tasks, Duration::from_micros(1) * tasks as u32, 0);
            left -= tasks;
            batches += 1;
        }
        assert!(batches <= 8, "{batches}");
    }

    #[test]
    fn slow_tasks_are_divided_to_the_last() {
        let mut policy = Batching::new(MS, BatchSize::Auto);
        for _ in 0..10 {
            policy.record(policy.next(0, 2), Duration::from_micros(100) * policy.next(0, 2) as u32, 0);
        }
        assert_eq!(policy.next(40, 2), 10);
        assert_eq!(policy.next(4, 2), 1);
    }

    #[test]
    fn a_fixed_size_never_moves() {
        let mut policy = Batching::new(MS, BatchSize::Fixed(7));
        policy.record(7, Duration::from_secs(10), 0);
        assert_eq!(policy.next(1000, 2), 7);
    }
}
