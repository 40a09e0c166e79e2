//! Tasks of a known length: a fixed amount of arithmetic, so that two schedulers are given the same work.

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

/// Measures the machine, so that the first task does not have to.
pub(crate) fn calibrate() -> u64 {
    steps_per_microsecond()
}

/// Works for about so many microseconds.
pub(crate) fn busy(microseconds: u64) -> u64 {
    steps(std::hint::black_box(microseconds * steps_per_microsecond()))
}
