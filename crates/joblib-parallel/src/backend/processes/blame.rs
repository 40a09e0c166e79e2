//! Determines which of a dead worker's tasks ended it: that task fails, the others run again.
//!
//! The status page says which task the worker began last, and whether it was running that task when it died. If a worker could
//! no longer communicate, any task whose outcome did not arrive may be the cause: each runs again, alone.

use std::collections::VecDeque;

use super::active::InFlight;
use super::handle::KillReason;
use crate::backend::Returned;
use crate::error::Cause;
use crate::task::process_batch::ProcessBatch;

/// What is known of a worker's death.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Evidence {
    /// The task that it began last; `None` if none of its tasks can be the reason.
    last: Option<usize>,
    /// Whether it died while it was at that task, and of itself or because of the task.
    died_of_task: bool,
}

impl Evidence {
    /// Of a worker that began the task `last` last. `at_it` says whether it was still at that task, `talked` whether it could
    /// talk to the end, and died of itself.
    pub(super) fn of(
        last: Option<usize>,
        at_it: bool,
        kill_reason: Option<KillReason>,
        talked: bool,
    ) -> Self {
        match kill_reason {
            // It was done with the task that was out of time, and had begun the next one, when the signal came.
            Some(KillReason::TimedOut(index)) if last != Some(index) => {
                Evidence { last: None, died_of_task: false }
            }
            Some(_) => Evidence { last, died_of_task: at_it },
            // The task that ran when the process died of itself ended it.
            None => Evidence { last, died_of_task: at_it && talked },
        }
    }
}

/// Appends to `done` the batches that the worker had: with the task that ended it, if there is one, failing for `cause`.
pub(super) fn blame<B: ProcessBatch>(
    Evidence { last, died_of_task }: Evidence,
    in_flight: VecDeque<InFlight<B>>,
    cause: Cause,
    worker: &str,
    done: &mut Vec<Returned<B>>,
) {
    // The batch of the task that it began last; what is before that task, without an outcome, was begun as well.
    let holds =
        |batch: &B, index: usize| (batch.next_index()..batch.next_index() + batch.pending()).contains(&index);
    let at = last.and_then(|index| in_flight.iter().position(|flight| holds(&flight.batch, index)));
    let alone = at == Some(0) && last == in_flight.front().map(|flight| flight.batch.next_index());
    let mut cause = Some(cause);
    for (i, InFlight { mut batch, .. }) in in_flight.into_iter().enumerate() {
        match last.filter(|_| at == Some(i)) {
            Some(index) if died_of_task || alone => {
                let mut rest = batch.split_off(index - batch.next_index());
                if let Some(cause) = cause.take() {
                    rest.break_first(cause, worker);
                }
                done.push(Returned::Batch(rest));
            }
            Some(index) => {
                done.push(Returned::Batch(batch.split_off(index + 1 - batch.next_index())));
                batch.set_suspect();
            }
            None if !died_of_task && at.is_some_and(|at| i < at) => batch.set_suspect(),
            None => {}
        }
        done.push(Returned::Batch(batch));
    }
}

#[cfg(test)]
mod tests {
    use super::Evidence;
    use crate::backend::processes::handle::KillReason;

    #[test]
    fn a_task_that_began_after_another_was_out_of_time_is_not_blamed() {
        let killed_for = |index| Evidence::of(Some(5), true, Some(KillReason::TimedOut(index)), true);
        assert_eq!(killed_for(5), Evidence { last: Some(5), died_of_task: true });
        assert_eq!(killed_for(4), Evidence { last: None, died_of_task: false });
    }

    #[test]
    fn a_worker_that_could_not_talk_did_not_die_of_its_task() {
        for talked in [true, false] {
            let evidence = Evidence::of(Some(5), true, None, talked);
            assert_eq!(evidence, Evidence { last: Some(5), died_of_task: talked });
        }
    }
}
