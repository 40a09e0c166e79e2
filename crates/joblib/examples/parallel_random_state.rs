//! Random numbers in parallel: the same whatever runs the tasks.
//!
//! ```sh
//! cargo run -p joblib --example parallel_random_state
//! ```
//!
//! Each task has a seed of its own, `task_seed()`, made from its index and the call's base seed. So results repeat from run to run,
//! and are the same on one worker or many, on threads or in processes. A generator that is global, or seeded from the clock,
//! would give other numbers each time; one that is copied into the workers would give each the same.

use joblib::parallel::task_seed;
use joblib::prelude::*;

/// `SplitMix64`, by Sebastiano Vigna (public domain): any generator that takes a seed will do.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}

/// A vector of random digits.
fn digits(count: usize) -> Vec<u64> {
    let mut random = Random(task_seed());
    (0..count).map(|_| random.below(10)).collect()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let draw = |backend: &str, n_jobs: i32, seed: u64| {
        let parallel = Parallel::new().backend(backend).n_jobs(n_jobs).seed(seed);
        parallel.run((0..3).map(|_| delayed(digits, (6,))))
    };
    for (backend, n_jobs) in [("sequential", 1), ("threading", 2), ("loky", 2)] {
        println!("{backend:<11} seed 1: {:?}", draw(backend, n_jobs, 1)?);
    }
    println!("{:<11} seed 2: {:?}", "threading", draw("threading", 2, 2)?);

    assert_eq!(draw("threading", 2, 1)?, draw("loky", 2, 1)?);
    assert_ne!(draw("threading", 2, 1)?, draw("threading", 2, 2)?);
    println!("The same seed gives the same digits on every backend.");
    Ok(())
}
