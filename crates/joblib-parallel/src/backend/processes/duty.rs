//! What a worker has to do without delay, and how long it may be silent before it is taken for dead.

use std::time::{Duration, Instant};

use crate::error::{Error, Result};

/// The time that a program was stopped must not count against its workers, so silence is counted in intervals, and such a
/// time is one of them.
pub(super) const INTERVAL: Duration = Duration::from_secs(1);

/// The variable that sets the seconds for [`Duty::Start`], and its default.
const START_TIMEOUT: (&str, u32) = ("JOBLIB_WORKER_START_TIMEOUT", 60);

/// The variable that sets the seconds for the other duties, and its default.
const SILENCE_TIMEOUT: (&str, u32) = ("JOBLIB_WORKER_SILENCE_TIMEOUT", 10);

/// What has to come from a worker without delay. What its tasks and its initializer do may take any time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Duty {
    /// It was started, and has not said that it runs.
    Start,
    /// It was given tasks, and has not begun with them.
    Begin,
    /// It has sent a part of a frame.
    FinishFrame,
    /// It has run its tasks.
    SendResults,
}

impl Duty {
    /// What a worker did that is dead because it did no more.
    pub(super) fn description(self) -> &'static str {
        match self {
            Duty::Start => "it was started",
            Duty::Begin => "it was given tasks",
            Duty::FinishFrame => "it sent a part of a frame",
            Duty::SendResults => "it has run its tasks",
        }
    }
}

/// The intervals that a worker may be silent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// While it starts.
    start: u32,
    /// While it has another duty.
    silence: u32,
}

impl Limits {
    /// What the environment says, or the defaults.
    ///
    /// # Errors
    ///
    /// Returns an error if a variable is not a number.
    pub(super) fn from_env() -> Result<Self> {
        Ok(Limits { start: seconds(START_TIMEOUT)?, silence: seconds(SILENCE_TIMEOUT)? })
    }

    fn of(self, duty: Duty) -> u32 {
        if duty == Duty::Start { self.start } else { self.silence }
    }
}

fn seconds((name, default): (&str, u32)) -> Result<u32> {
    let Some(text) = std::env::var_os(name) else { return Ok(default) };
    let seconds = text.to_str().and_then(|text| text.trim().parse().ok()).filter(|seconds| *seconds > 0);
    seconds.ok_or_else(|| {
        Error::usage(format!("{name} is {}: it has to be a number of seconds, at least 1", text.display()))
    })
}

/// Why a worker is dead that has not started.
pub(super) fn never_started(limit: u32) -> String {
    let name = START_TIMEOUT.0;
    format!(
        "it did not begin to serve within {limit} seconds: does something that runs before `main` wait? ({name} sets the \
         seconds)"
    )
}

/// How long a worker has been silent though it has a duty.
#[derive(Debug, Default)]
pub(super) struct Silence(Option<(Duty, u32, Instant)>);

/// What [`Silence::look`] found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// To be looked at again at that time at the latest.
    Wait(Instant),
    /// It has been silent for too long; in seconds.
    Overdue(Duty, u32),
}

impl Silence {
    /// Something came from the worker.
    pub(super) fn end(&mut self) {
        self.0 = None;
    }

    /// Looks at a worker that has this duty.
    pub(super) fn look(&mut self, duty: Option<Duty>, limits: Limits, now: Instant) -> Verdict {
        let Some(duty) = duty else {
            self.0 = None;
            // Nothing says that it has run its tasks, if what it sends does not arrive.
            return Verdict::Wait(now + INTERVAL);
        };
        let (known, intervals, end) = self.0.get_or_insert((duty, 0, now + INTERVAL));
        if *known != duty {
            (*known, *intervals, *end) = (duty, 0, now + INTERVAL);
        } else if *end <= now {
            (*intervals, *end) = (*intervals + 1, now + INTERVAL);
        }
        let limit = limits.of(duty);
        if *intervals >= limit { Verdict::Overdue(duty, limit) } else { Verdict::Wait(*end) }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{Duty, INTERVAL, Limits, Silence, Verdict};

    const LIMITS: Limits = Limits { start: 3, silence: 10 };

    #[test]
    fn a_worker_is_overdue_after_so_many_intervals_in_which_it_had_one_duty_and_sent_nothing() {
        let start = Instant::now();
        let mut silence = Silence::default();
        let mut look = |duty, intervals| silence.look(duty, LIMITS, start + INTERVAL * intervals);
        for interval in 0..3 {
            assert_eq!(look(Some(Duty::Start), interval), Verdict::Wait(start + INTERVAL * (interval + 1)));
        }
        assert_eq!(look(Some(Duty::Start), 3), Verdict::Overdue(Duty::Start, 3));
        for interval in 3..13 {
            assert!(matches!(look(Some(Duty::SendResults), interval), Verdict::Wait(_)), "another duty");
        }
        assert_eq!(look(Some(Duty::SendResults), 13), Verdict::Overdue(Duty::SendResults, 10));
        assert!(matches!(look(None, 14), Verdict::Wait(_)));
        assert!(matches!(look(Some(Duty::SendResults), 15), Verdict::Wait(_)), "it had none meanwhile");
    }

    #[test]
    fn the_time_in_which_the_program_was_stopped_is_one_interval() {
        let start = Instant::now();
        let mut silence = Silence::default();
        silence.look(Some(Duty::Begin), LIMITS, start);
        let later = start + Duration::from_hours(1);
        assert_eq!(silence.look(Some(Duty::Begin), LIMITS, later), Verdict::Wait(later + INTERVAL));
    }
}
