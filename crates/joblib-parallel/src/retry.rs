//! Who is run again after a worker died: a pure policy.

/// What becomes of a task that was running when its worker died.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It runs again, alone in its batch, so that a second death has one suspect.
    Again,
    /// It is given up, and the death is its outcome.
    GiveUp,
}

/// The most workers one task may kill, whatever `retries` says.
const MOST_DEATHS: u32 = 2;

/// Judges a task that has now killed `deaths` workers, when the user allows `retries` further attempts.
pub(crate) fn judge(deaths: u32, retries: u32) -> Verdict {
    if deaths > retries || deaths >= MOST_DEATHS { Verdict::GiveUp } else { Verdict::Again }
}

#[cfg(test)]
mod tests {
    use super::{Verdict, judge};

    #[test]
    fn without_retries_the_first_death_is_the_last() {
        assert_eq!(judge(1, 0), Verdict::GiveUp);
    }

    #[test]
    fn a_task_that_kills_its_worker_twice_is_given_up_whatever_the_retries() {
        assert_eq!(judge(1, 5), Verdict::Again);
        assert_eq!(judge(2, 5), Verdict::GiveUp);
    }
}
