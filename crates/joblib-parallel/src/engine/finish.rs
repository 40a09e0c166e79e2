//! Calls whose outcomes are a list: the engine is driven to the end.

use super::Engine;
use super::arrival::Arrival;
use super::source::Source;
use crate::error::Error;

/// A call that is over.
pub(crate) struct Finished<'s> {
    /// The outcomes, in order. There are all of them unless there is a reason that the call ended early.
    pub(crate) arrivals: Vec<Arrival<'s>>,
    /// The tasks that were taken from the source.
    pub(crate) produced: usize,
    pub(crate) end: End,
}

/// Why a call ended.
pub(crate) enum End {
    /// All tasks have their outcome.
    Complete,
    /// A task failed.
    Failure,
    /// For a reason from outside of the tasks.
    Stopped(Error),
}

impl<'s> Engine<'s, '_> {
    /// Goes on to the end or, with `until_failure`, until a task fails.
    pub(crate) fn finish(mut self, source: &mut dyn Source<'s>, until_failure: bool) -> Finished<'s> {
        let mut arrivals = Vec::new();
        let mut seen = 0;
        let end = loop {
            match self.step(source, 0, &mut arrivals) {
                Ok(true) => {
                    if until_failure && arrivals[seen..].iter().any(|arrival| !arrival.failures().is_empty())
                    {
                        break End::Failure;
                    }
                    seen = arrivals.len();
                }
                Ok(false) => break End::Complete,
                Err(error) => break End::Stopped(error),
            }
        };
        let complete = matches!(end, End::Complete);
        if !complete {
            self.stop(source, &mut arrivals);
        }
        self.reporter().finish(complete);
        arrivals.sort_unstable_by_key(|arrival| arrival.indices().start);
        Finished { arrivals, produced: self.produced(), end }
    }
}
