//! Where the tasks of a call can go, and so which backends can take them.

use crate::backend::Capabilities;

/// Where the tasks of a call can go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// Wherever the backend takes them.
    Anywhere,
    /// Nowhere out of this process.
    Process,
    /// Nowhere that the caller does not wait for: they may borrow from it.
    Scope,
}

impl Reach {
    /// Why such tasks can't run on a backend, if they can't.
    pub(super) fn obstacle(self, capabilities: Capabilities) -> Option<&'static str> {
        match self {
            Reach::Process | Reach::Scope if !capabilities.in_process => {
                Some("has no shared memory, which require(SharedMem) asks for")
            }
            Reach::Scope if !capabilities.scoped => Some(
                "can't take tasks that may borrow from their caller; with return_as(Generator) they own all they use",
            ),
            _ => None,
        }
    }
}
