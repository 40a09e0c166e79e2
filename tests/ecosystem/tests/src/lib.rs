//! A library whose only program is `cargo test`: worker processes are the test program itself.
//!
//! ```
//! use joblib::prelude::*;
//!
//! let squares = Parallel::new().n_jobs(2).backend("loky").run((0..3).map(ecosystem_tests::square::delayed))?;
//! assert_eq!(squares, [0, 1, 4]);
//! # Ok::<(), joblib::Error>(())
//! ```

use joblib::prelude::*;

/// The square of a number, which is not kept.
#[task]
pub fn square(n: u64) -> u64 {
    n * n
}

/// The sum of squares, kept in this memory.
#[cached(ignore = "memory", memory = memory)]
pub fn sum_of_squares(memory: &Memory, n: u64) -> u64 {
    (0..n).map(square).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn doubled(n: u64) -> u64 {
        2 * n
    }

    #[test]
    fn a_task_of_a_test_runs_in_worker_processes() {
        for backend in ["loky", "multiprocessing", "threading"] {
            let parallel = Parallel::new().n_jobs(2).backend(backend);
            assert_eq!(
                parallel.run((0..4).map(|n| delayed!(doubled(n)))).unwrap(),
                [0, 2, 4, 6],
                "{backend}"
            );
        }
    }

    #[test]
    fn a_closure_of_a_test_runs_in_a_fork() {
        let captured = String::from("captured");
        let closures = (0..2).map(|_| || captured.len());
        assert_eq!(Parallel::new().n_jobs(2).fork().run(closures).unwrap(), [8, 8]);
    }

    #[test]
    fn a_panic_of_a_task_is_an_error() {
        let error = Parallel::new().n_jobs(2).backend("loky").run([delayed!(panics(1))]).unwrap_err();
        assert!(error.to_string().contains("no ones"), "{error}");
    }

    fn panics(n: u64) -> u64 {
        assert!(n != 1, "no ones");
        n
    }
}
