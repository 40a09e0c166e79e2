//! Why a pickle's values don't fit a Rust type, and where in the values.

use std::fmt;

use joblib_array::same::NoLifetimes;
use serde::de;

/// What a deserializer reports: a message, and the way to the value from the outermost one.
#[derive(Debug)]
pub(crate) struct Problem(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: ProblemKind,
    message: String,
    /// From the innermost step outwards.
    path: Vec<String>,
    offset: Option<u64>,
}

/// The sort of a problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProblemKind {
    WrongType,
    Corrupt,
    Limit,
}

impl Problem {
    pub(crate) fn new(kind: ProblemKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner { kind, message: message.into(), path: Vec::new(), offset: None }))
    }

    pub(crate) fn wrong(message: impl Into<String>) -> Self {
        Self::new(ProblemKind::WrongType, message)
    }

    pub(crate) fn corrupt(message: impl Into<String>) -> Self {
        Self::new(ProblemKind::Corrupt, message)
    }

    pub(crate) fn limit(message: impl Into<String>) -> Self {
        Self::new(ProblemKind::Limit, message)
    }

    pub(crate) fn kind(&self) -> ProblemKind {
        self.0.kind
    }

    pub(crate) fn offset(&self) -> Option<u64> {
        self.0.offset
    }

    /// Where in the stream the value was made, about.
    pub(crate) fn near(mut self, offset: u64) -> Self {
        self.0.offset.get_or_insert(offset);
        self
    }

    /// Adds a step to the way: `[3]`, `.name`.
    #[cold]
    pub(crate) fn inside(mut self, step: String) -> Self {
        self.0.path.push(step);
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        if !self.0.path.is_empty() {
            f.write_str(", at ")?;
            for step in self.0.path.iter().rev() {
                f.write_str(step)?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for Problem {}

// SAFETY: it has no parameters.
unsafe impl NoLifetimes for Problem {}

impl de::Error for Problem {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::wrong(message.to_string())
    }
}
