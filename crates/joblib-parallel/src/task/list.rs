//! Tasks of one type behind a vtable, with the values of those that have run.
//!
//! The engine, the sessions and batches are compiled once, in this crate, for tasks of all types. What has to be compiled for
//! a type is here: to call a task, to describe it, to send it, and to keep its value.

use std::any::TypeId;

use joblib_encoding::Preview;

use super::Task;
use super::function::{NOT_PORTABLE, TaskFunction};
use crate::error::Cause;
use crate::wire::arrays::{Arrays, Sender};

/// A list of tasks, each at its place, and of the values of those that were called.
pub(crate) trait Tasks<'s>: Send {
    /// The function of the task at this place.
    fn function(&self, at: usize) -> TaskFunction;

    /// Records the beginning of the arguments of the task at this place.
    fn record_arguments(&self, at: usize, preview: &mut Preview);

    /// Makes the call of the task at this place, and keeps its value behind those of the tasks before.
    fn call(&mut self, at: usize) -> Result<(), Cause>;

    /// Appends the encoded arguments of the task at this place.
    fn encode(&self, at: usize, out: &mut Vec<u8>, sender: Option<&Sender>) -> Result<(), String>;

    /// Keeps the value of a task that another process has called, from its encoded form.
    fn decode(&mut self, bytes: &[u8], arrays: Arrays<'_>) -> Result<Result<(), Cause>, String>;

    /// Cuts off the tasks from this place on. Values stay.
    fn split_off(&mut self, at: usize) -> BoxedTasks<'s>;

    /// Drops the task at this place.
    fn discard(&mut self, at: usize);

    /// Drops all tasks.
    fn drop_tasks(&mut self);

    /// The values, as a vector of the type of this id.
    fn values(&mut self) -> (TypeId, *mut ());
}

/// Tasks that live as long as `'s`.
pub(crate) type BoxedTasks<'s> = Box<dyn Tasks<'s> + 's>;

/// Takes the values of tasks that return `R`; `None` if these return something else.
///
/// # Safety
///
/// If the tasks return `R` up to lifetimes, they return `R`.
pub(crate) unsafe fn take_values<R>(tasks: &mut dyn Tasks<'_>) -> Option<Vec<R>> {
    let (returned, values) = tasks.values();
    if returned != typeid::of::<R>() {
        return None;
    }
    // SAFETY: a vector of `R`, as the caller says where the types' ids can't; it is borrowed as long as `tasks` is.
    Some(std::mem::take(unsafe { &mut *values.cast::<Vec<R>>() }))
}

/// Tasks of type `T`.
pub(crate) struct TaskList<T: Task> {
    /// `None` of those that were called.
    tasks: Vec<Option<T>>,
    values: Vec<T::Output>,
}

impl<T: Task> TaskList<T> {
    pub(crate) fn new() -> Self {
        Self { tasks: Vec::new(), values: Vec::new() }
    }

    /// Adds a task. It takes the place of the last one, if that was called.
    pub(crate) fn push(&mut self, task: T) {
        match self.tasks.last_mut() {
            Some(place @ None) => *place = Some(task),
            _ => self.tasks.push(Some(task)),
        }
    }

    /// Takes the value of the task that was called last.
    pub(crate) fn pop_value(&mut self) -> Option<T::Output> {
        self.values.pop()
    }
}

impl<'s, T: Task + 's> Tasks<'s> for TaskList<T> {
    fn function(&self, at: usize) -> TaskFunction {
        match self.tasks.get(at) {
            Some(Some(task)) => task.function(),
            _ => TaskFunction::local(""),
        }
    }

    fn record_arguments(&self, at: usize, preview: &mut Preview) {
        match self.tasks.get(at) {
            Some(Some(task)) => task.record_arguments(preview),
            _ => preview.clear(),
        }
    }

    fn call(&mut self, at: usize) -> Result<(), Cause> {
        let Some(place) = self.tasks.get_mut(at) else { return Err(Cause::Stopped) };
        let Some(task) = place.take() else { return Err(Cause::Stopped) };
        match task.call() {
            Ok(value) => {
                self.values.push(value);
                Ok(())
            }
            Err(cause) => Err(cause),
        }
    }

    fn encode(&self, at: usize, out: &mut Vec<u8>, sender: Option<&Sender>) -> Result<(), String> {
        match self.tasks.get(at) {
            Some(Some(task)) => task.encode(out, sender),
            _ => Err(NOT_PORTABLE.to_owned()),
        }
    }

    fn decode(&mut self, bytes: &[u8], arrays: Arrays<'_>) -> Result<Result<(), Cause>, String> {
        match T::decode(bytes, arrays) {
            Ok(Ok(value)) => {
                self.values.push(value);
                Ok(Ok(()))
            }
            Ok(Err(cause)) => Ok(Err(cause)),
            Err(reason) => Err(reason),
        }
    }

    fn split_off(&mut self, mut at: usize) -> BoxedTasks<'s> {
        let mut tail = Self::new();
        // In code that is there anyway.
        while let Some(place) = self.tasks.get_mut(at) {
            if let Some(task) = place.take() {
                tail.push(task);
            }
            at += 1;
        }
        Box::new(tail)
    }

    fn discard(&mut self, at: usize) {
        if let Some(place) = self.tasks.get_mut(at) {
            *place = None;
        }
    }

    fn drop_tasks(&mut self) {
        self.tasks = Vec::new();
    }

    fn values(&mut self) -> (TypeId, *mut ()) {
        (typeid::of::<T::Output>(), (&raw mut self.values).cast())
    }
}
