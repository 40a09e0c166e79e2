//! Tasks of a known length: a fixed amount of arithmetic, so that two schedulers are given the same work.
//!
//! The amount is found in the process that gives the tasks: workers that measured it themselves, several at a time on the same
//! cores, would find less.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Steps of arithmetic that take a microsecond on this machine, measured once.
fn steps_per_microsecond() -> u64 {
    static STEPS: OnceLock<u64> = OnceLock::new();
    *STEPS.get_or_init(|| {
        const TRIAL: u64 = 2_000_000;
        let fastest = (0..5)
            .map(|_| {
                let start = Instant::now();
                std::hint::black_box(steps(TRIAL));
                start.elapsed()
            })
            .min()
            .unwrap_or(Duration::from_millis(1));
        (TRIAL as f64 / (fastest.as_secs_f64() * 1e6)) as u64
    })
}

fn steps(count: u64) -> u64 {
    (0..count).fold(0x9E37_79B9_7F4A_7C15, |mut x: u64, _| {
        x ^= x << 13;
        x ^= x >> 7;
        x ^ (x << 17)
    })
}

/// The amount of work that takes this many microseconds.
pub(crate) fn amount(microseconds: u64) -> u64 {
    microseconds * steps_per_microsecond()
}

/// Does an amount of work.
pub(crate) fn busy(amount: u64) -> u64 {
    steps(std::hint::black_box(amount))
}
