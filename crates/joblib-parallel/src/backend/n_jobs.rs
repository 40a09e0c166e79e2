//! How many workers a number means: joblib's arithmetic on `n_jobs`, as functions from numbers to numbers.

use crate::error::{Error, Result};

/// How many workers `n_jobs` asks for on a machine with `cpus` processors.
///
/// Positive numbers mean themselves; −1 all processors, −2 all but one, and so on, but never fewer than one.
pub(crate) fn resolve(n_jobs: i32, cpus: usize) -> Result<usize> {
    match n_jobs {
        0 => Err(Error::usage(
            "n_jobs = 0 has no meaning; write 1 for no parallelism, or -1 for all processors",
        )),
        1.. => Ok(n_jobs as usize),
        _ => Ok((cpus as i64 + 1 + i64::from(n_jobs)).max(1) as usize),
    }
}

/// How many of the `requested` workers a call gets, inside a task that may use `budget` threads.
///
/// At the top level (`budget` is `None`) the request stands, even beyond the number of processors: tasks that wait
/// for the network need no processor. Inside a task the outer call's budget is shared, never multiplied.
pub(crate) fn within_budget(requested: usize, budget: Option<usize>) -> usize {
    budget.map_or(requested, |budget| requested.min(budget.max(1)))
}

/// How many threads each of `workers` tasks may use when together they may use `threads`.
pub(crate) fn share(threads: usize, workers: usize) -> usize {
    (threads / workers.max(1)).max(1)
}

#[cfg(test)]
mod tests {
    use super::{resolve, share, within_budget};

    #[test]
    fn negative_numbers_count_back_from_all_processors() {
        assert_eq!(resolve(-1, 8).unwrap(), 8);
        assert_eq!(resolve(-2, 8).unwrap(), 7);
        assert_eq!(resolve(-20, 8).unwrap(), 1);
        assert_eq!(resolve(i32::MIN, 8).unwrap(), 1);
    }

    #[test]
    fn positive_numbers_mean_themselves_and_zero_is_an_error() {
        assert_eq!(resolve(3, 8).unwrap(), 3);
        assert!(resolve(0, 8).unwrap_err().is_usage());
    }

    #[test]
    fn an_inner_call_shares_the_budget_of_the_outer_one() {
        assert_eq!(within_budget(64, None), 64);
        assert_eq!(within_budget(8, Some(2)), 2);
        assert_eq!(within_budget(8, Some(0)), 1);
        assert_eq!(share(8, 3), 2);
        assert_eq!(share(2, 8), 1);
    }
}
