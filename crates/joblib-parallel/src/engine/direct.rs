//! Tasks on the caller's thread, without batches and without a session: each runs as soon as it is produced.

use super::{Arrival, Engine, Outcome};
use crate::backend::Session;
use crate::error::Result;
use crate::task::batch::TaskBatch;
use crate::task::context::Alternate;
use crate::task::{Task, run_one};

/// The most outcomes that memory is taken for before there are any.
const MOST_EXPECTED: usize = 1 << 16;

impl<T, I, S> Engine<T, I, S>
where
    T: Task,
    I: Iterator<Item = T>,
    S: Session<TaskBatch<T>>,
{
    /// Whether the tasks run here.
    pub(crate) fn is_direct(&self) -> bool {
        self.plan.direct
    }

    /// Runs the next task; `None` when there are no more.
    ///
    /// # Errors
    ///
    /// If the call is over before.
    pub(crate) fn run_next(&mut self) -> Result<Option<Outcome<T::Output>>> {
        let mut context = Alternate::new(&self.plan.context);
        self.run_next_in(&mut context)
    }

    /// Runs all tasks, and appends their outcomes to `arrivals`, until the call is stopped; `false` when there were none.
    ///
    /// # Errors
    ///
    /// If the call is over before its last task.
    pub(super) fn run_all(&mut self, arrivals: &mut Vec<Arrival<T::Output>>) -> Result<bool> {
        let first = self.state.produced;
        let expected = self.plan.producer.as_ref().map_or(0, |producer| producer.size_hint().0);
        let mut outcomes = Vec::with_capacity(expected.min(MOST_EXPECTED));
        let mut context = Alternate::new(&self.plan.context);
        let end = loop {
            match self.run_next_in(&mut context) {
                Ok(Some(outcome)) => outcomes.push(outcome),
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        let any = !outcomes.is_empty();
        if any {
            arrivals.push(Arrival { first, outcomes });
        }
        end.map(|()| any)
    }

    #[inline]
    fn run_next_in(&mut self, context: &mut Alternate) -> Result<Option<Outcome<T::Output>>> {
        if self.plan.context.stopped() {
            return Ok(None);
        }
        self.check()?;
        let Some(producer) = &mut self.plan.producer else { return Ok(None) };
        let task = self.state.places.enter(|| producer.next());
        let index = self.state.produced;
        let Some(task) = task else {
            self.plan.producer = None;
            self.plan.reporter.dispatched(index, true);
            return Ok(None);
        };
        self.state.produced += 1;
        self.plan.reporter.dispatched(self.state.produced, false);
        // The producer may have taken its time.
        self.check()?;
        let preview = &mut self.state.preview;
        let outcome = context.inside(|| run_one(index, task, preview));
        if let Err(error) = &outcome {
            self.plan.reporter.failed_with(error);
            if self.plan.context.first_failure_stops {
                self.plan.context.stop();
            }
        }
        self.plan.reporter.completed(1, usize::from(outcome.is_err()));
        Ok(Some(outcome))
    }
}
