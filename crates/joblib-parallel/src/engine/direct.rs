//! Tasks on the caller's thread, without batches and without a session: each runs as soon as it is produced.

use super::Engine;
use super::arrival::Arrival;
use super::source::Source;
use crate::error::{Result, TaskError};
use crate::task::context::Alternate;
use crate::task::run::run_one;

impl<'s> Engine<'s, '_> {
    /// Whether the tasks run here.
    pub(crate) fn is_direct(&self) -> bool {
        self.plan.direct
    }

    /// Runs the next task; `None` when there are no more. Its value is in the source's list.
    ///
    /// # Errors
    ///
    /// Returns an error if the call is over before.
    pub(crate) fn run_next(&mut self, source: &mut dyn Source<'s>) -> Result<Option<Result<(), TaskError>>> {
        let mut context = Alternate::new(&self.plan.context);
        self.run_next_in(source, &mut context)
    }

    /// Runs all tasks, and appends their outcomes to `arrivals`, until the call is stopped; `false` when there were none.
    ///
    /// # Errors
    ///
    /// Returns an error if the call is over before its last task.
    pub(super) fn run_all(
        &mut self,
        source: &mut dyn Source<'s>,
        arrivals: &mut Vec<Arrival<'s>>,
    ) -> Result<bool> {
        let first = self.state.produced;
        let mut failures = Vec::new();
        let mut count = 0;
        let mut context = Alternate::new(&self.plan.context);
        let end = loop {
            match self.run_next_in(source, &mut context) {
                Ok(Some(outcome)) => {
                    count += 1;
                    failures.extend(outcome.err());
                }
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        if count > 0 {
            let mut tasks = source.take_tasks();
            tasks.drop_tasks();
            arrivals.push(Arrival::new(first, count, failures, tasks));
        }
        end.map(|()| count > 0)
    }

    #[inline]
    fn run_next_in(
        &mut self,
        source: &mut dyn Source<'s>,
        context: &mut Alternate,
    ) -> Result<Option<Result<(), TaskError>>> {
        if self.plan.context.stopped() {
            return Ok(None);
        }
        self.check()?;
        if self.state.exhausted {
            return Ok(None);
        }
        let index = self.state.produced;
        if !self.state.places.enter(|| source.produce()) {
            self.state.exhausted = true;
            self.plan.reporter.dispatched(index, true);
            return Ok(None);
        }
        self.state.produced += 1;
        self.plan.reporter.dispatched(self.state.produced, false);
        // The producer may have taken its time.
        self.check()?;
        let preview = &mut self.state.preview;
        let tasks = source.tasks();
        let function = tasks.function(0).name;
        let outcome = context.inside(|| run_one(tasks, 0, index, function, preview));
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
