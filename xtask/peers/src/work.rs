//! Tasks of a known length: a fixed amount of arithmetic, so that two schedulers are given the same work.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// The amount of work that takes this many microseconds on this machine.
pub(crate) fn amount(microseconds: u64) -> u64 {
    const TRIAL: u64 = 2_000_000;
    let fastest = (0..5)
        .map(|_| {
            let start = Instant::now();
            black_box(busy(TRIAL));
            start.elapsed()
        })
        .min()
        .unwrap_or(Duration::from_millis(1));
    (microseconds as f64 * TRIAL as f64 / (fastest.as_secs_f64() * 1e6)) as u64
}

/// Does an amount of work.
pub(crate) fn busy(amount: u64) -> u64 {
    (0..black_box(amount)).fold(0x9E37_79B9_7F4A_7C15, |mut x: u64, _| {
        x ^= x << 13;
        x ^= x >> 7;
        x ^ (x << 17)
    })
}
