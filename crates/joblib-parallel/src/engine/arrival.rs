//! Outcomes that arrived: values behind a vtable, and failures.

use std::ops::Range;
use std::vec;

use crate::error::TaskError;
use crate::task::list::{BoxedTasks, take_values};

/// A task's result or the reason that it has none.
pub(crate) type Outcome<R> = Result<R, TaskError>;

/// Outcomes of consecutive tasks.
pub(crate) struct Arrival<'s> {
    first: usize,
    count: usize,
    /// Those that are failures, in order.
    failures: Vec<TaskError>,
    /// The values of the others; `None` if there are none.
    tasks: Option<BoxedTasks<'s>>,
}

impl<'s> Arrival<'s> {
    /// The outcomes of `count` tasks from the index `first` on.
    pub(crate) fn new(first: usize, count: usize, failures: Vec<TaskError>, tasks: BoxedTasks<'s>) -> Self {
        Self { first, count, failures, tasks: Some(tasks) }
    }

    /// The failure of one task.
    pub(crate) fn failed(error: TaskError) -> Self {
        Self { first: error.index(), count: 1, failures: vec![error], tasks: None }
    }

    /// The indices of the tasks.
    pub(crate) fn indices(&self) -> Range<usize> {
        self.first..self.first + self.count
    }

    pub(crate) fn failures(&self) -> &[TaskError] {
        &self.failures
    }

    /// The failure of the task of this index, if it failed.
    pub(crate) fn failure_of(&mut self, index: usize) -> Option<&mut TaskError> {
        let place = self.failures.binary_search_by_key(&index, TaskError::index).ok()?;
        Some(&mut self.failures[place])
    }

    /// Drops all outcomes from the first failure on, which is returned.
    pub(crate) fn cut_at_failure(&mut self) -> Option<TaskError> {
        let failure = self.failures.drain(..).next()?;
        self.count = failure.index() - self.first;
        Some(failure)
    }

    /// The outcomes.
    ///
    /// # Safety
    ///
    /// If the tasks of the call return `R` up to lifetimes, they return `R`.
    pub(crate) unsafe fn into_outcomes<R>(self) -> Arrived<R> {
        let values = self.tasks.and_then(|mut tasks| {
            // SAFETY: as the caller says.
            unsafe { take_values(&mut *tasks) }
        });
        Arrived {
            index: self.first,
            end: self.first + self.count,
            failures: self.failures.into_iter(),
            values: values.unwrap_or_default().into_iter(),
        }
    }

    /// The values, where no task failed.
    ///
    /// # Safety
    ///
    /// As of [`into_outcomes`](Self::into_outcomes).
    pub(crate) unsafe fn into_values<R>(self) -> Vec<R> {
        match self.tasks {
            // SAFETY: as the caller says.
            Some(mut tasks) => unsafe { take_values(&mut *tasks) }.unwrap_or_default(),
            None => Vec::new(),
        }
    }
}

/// The outcomes of an arrival, one after the other.
pub(crate) struct Arrived<R> {
    index: usize,
    end: usize,
    failures: vec::IntoIter<TaskError>,
    values: vec::IntoIter<R>,
}

impl<R> Arrived<R> {
    /// None.
    pub(crate) fn empty() -> Self {
        Self { index: 0, end: 0, failures: Vec::new().into_iter(), values: Vec::new().into_iter() }
    }

    /// The next outcome.
    pub(crate) fn next_outcome(&mut self) -> Option<(usize, Outcome<R>)> {
        if self.index == self.end {
            return None;
        }
        let index = self.index;
        self.index += 1;
        let fails = match self.failures.as_slice() {
            [failure, ..] => failure.index() == index,
            [] => false,
        };
        if fails {
            let failure = self.failures.next()?;
            return Some((index, Err(failure)));
        }
        let value = self.values.next()?;
        Some((index, Ok(value)))
    }
}
