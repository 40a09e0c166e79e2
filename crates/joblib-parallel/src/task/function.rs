//! The function of a task, as other processes call it.

use super::trampoline::{self, Trampoline};
use crate::wire::function_id::FunctionId;

/// Why closures stay where they are; types keep them from getting here.
pub(crate) const NOT_PORTABLE: &str = "a closure with captured values can't be sent to another process";

/// The function that a task calls.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub struct TaskFunction {
    /// Its path.
    pub(crate) name: &'static str,
    /// How other processes call it, and the hash of its types' names; `None` where none can.
    pub(crate) trampoline: Option<(Trampoline, fn() -> u64)>,
    /// Whether all tasks of the type call it.
    pub(crate) is_uniform: bool,
}

impl TaskFunction {
    /// A function that stays in this process.
    pub(crate) fn local(name: &'static str) -> Self {
        Self { name, trampoline: None, is_uniform: true }
    }

    /// A function that other processes call by `trampoline`.
    pub(crate) fn portable(name: &'static str, trampoline: Trampoline, check: fn() -> u64) -> Self {
        Self { name, trampoline: Some((trampoline, check)), is_uniform: true }
    }

    /// The function's id in other processes.
    ///
    /// # Errors
    ///
    /// Returns an error if the task can't leave this process.
    pub(crate) fn id(self) -> Result<FunctionId, String> {
        match self.trampoline {
            Some((trampoline, check)) => Ok(trampoline::id_of(trampoline, check())),
            None => Err(NOT_PORTABLE.to_owned()),
        }
    }
}
