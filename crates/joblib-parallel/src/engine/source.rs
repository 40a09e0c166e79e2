//! Where the engine's tasks come from: a producer whose type it does not know.

use std::marker::PhantomData;

use crate::task::Task;
use crate::task::list::{BoxedTasks, TaskList, Tasks};

/// A producer of tasks, and the list of those that were taken from it.
pub(crate) trait Source<'s> {
    /// The bounds of the number of tasks that are to come.
    fn size_hint(&self) -> (usize, Option<usize>);

    /// Takes the next task from the producer, and adds it to the list; `false` when there are no more. The producer is
    /// dropped then.
    fn produce(&mut self) -> bool;

    /// Drops the producer.
    fn close(&mut self);

    /// The list.
    fn tasks(&mut self) -> &mut (dyn Tasks<'s> + 's);

    /// Takes the list, and begins another one.
    fn take_tasks(&mut self) -> BoxedTasks<'s>;
}

/// A source of tasks that return `R`.
pub(crate) struct SourceOf<'a, 's, R> {
    source: &'a mut (dyn Source<'s> + 'a),
    returns: PhantomData<fn() -> R>,
}

impl<'a, 's, R> SourceOf<'a, 's, R> {
    /// The source without the type.
    pub(crate) fn untyped(self) -> &'a mut (dyn Source<'s> + 'a) {
        self.source
    }
}

/// Tasks of an iterator.
pub(crate) struct Producer<I: Iterator<Item: Task>> {
    /// `None` when it has no more tasks.
    producer: Option<I>,
    tasks: TaskList<I::Item>,
}

impl<I: Iterator<Item: Task>> Producer<I> {
    pub(crate) fn new(producer: I) -> Self {
        Self { producer: Some(producer), tasks: TaskList::new() }
    }

    /// The source of these tasks.
    pub(crate) fn source<'a, 's>(&'a mut self) -> SourceOf<'a, 's, <I::Item as Task>::Output>
    where
        I::Item: 's,
    {
        SourceOf { source: self, returns: PhantomData }
    }

    /// Takes the value of the task that was called last, of those in the list.
    pub(crate) fn pop_value(&mut self) -> Option<<I::Item as Task>::Output> {
        self.tasks.pop_value()
    }
}

/// Drops a producer when it has no more tasks, or panics: what it gave after that would be taken for other tasks.
struct Ending<'p, I>(&'p mut Option<I>);

impl<I> Drop for Ending<'_, I> {
    fn drop(&mut self) {
        *self.0 = None;
    }
}

impl<'s, I: Iterator<Item: Task + 's>> Source<'s> for Producer<I> {
    fn size_hint(&self) -> (usize, Option<usize>) {
        match &self.producer {
            Some(producer) => producer.size_hint(),
            None => (0, Some(0)),
        }
    }

    fn produce(&mut self) -> bool {
        let producer = Ending(&mut self.producer);
        let Some(task) = producer.0.as_mut().and_then(Iterator::next) else { return false };
        std::mem::forget(producer);
        self.tasks.push(task);
        true
    }

    fn close(&mut self) {
        self.producer = None;
    }

    fn tasks(&mut self) -> &mut (dyn Tasks<'s> + 's) {
        &mut self.tasks
    }

    fn take_tasks(&mut self) -> BoxedTasks<'s> {
        Box::new(std::mem::replace(&mut self.tasks, TaskList::new()))
    }
}
