//! What can be wrong with a pickle, and where.

use std::fmt;
use std::io;

/// Why a pickle could not be read: what was wrong, at which byte of the stream, in which opcode.
///
/// One word, because every opcode's result has room for one.
#[derive(Debug)]
pub(crate) struct Fault(Box<Details>);

/// What a fault says.
#[derive(Debug)]
pub(crate) struct Details {
    pub(crate) offset: u64,
    /// The opcode's name; empty where none is to blame.
    pub(crate) opcode: &'static str,
    pub(crate) kind: FaultKind,
    pub(crate) message: String,
    pub(crate) source: Option<io::Error>,
}

/// The sort of a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FaultKind {
    /// The bytes are no pickle, or a damaged one.
    Corrupt,
    /// A limit was reached.
    Limit,
    /// A pickle that this reader can't follow.
    Unsupported,
    /// The operating system failed a read or mapping.
    Io,
}

impl Fault {
    pub(crate) fn new(kind: FaultKind, message: impl Into<String>) -> Self {
        Self(Box::new(Details { offset: 0, opcode: "", kind, message: message.into(), source: None }))
    }

    pub(crate) fn corrupt(message: impl Into<String>) -> Self {
        Self::new(FaultKind::Corrupt, message)
    }

    pub(crate) fn limit(message: impl Into<String>) -> Self {
        Self::new(FaultKind::Limit, message)
    }

    pub(crate) fn unsupported(message: impl Into<String>) -> Self {
        Self::new(FaultKind::Unsupported, message)
    }

    pub(crate) fn io(source: io::Error, doing: &str) -> Self {
        let kind = match source.kind() {
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::UnexpectedEof => {
                FaultKind::Corrupt
            }
            io::ErrorKind::OutOfMemory => FaultKind::Limit,
            _ => FaultKind::Io,
        };
        let mut fault = Self::new(kind, format!("{doing}: {source}"));
        fault.0.source = Some(source);
        fault
    }

    /// Nothing where this fault is that something is not known: that stays data.
    pub(crate) fn unless_unsupported<T>(self) -> Result<Option<T>, Self> {
        if self.0.kind == FaultKind::Unsupported { Ok(None) } else { Err(self) }
    }

    /// What the fault says, to be told to the caller.
    pub(crate) fn into_details(self) -> Details {
        *self.0
    }

    /// This fault with its place, unless it has one already.
    pub(crate) fn at(mut self, offset: u64, opcode: &'static str) -> Self {
        if self.0.opcode.is_empty() {
            self.0.offset = offset;
            self.0.opcode = opcode;
        }
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.message)?;
        match self.0.opcode {
            "" => write!(f, " (near byte {} of the pickle)", self.0.offset),
            opcode => write!(f, " (opcode {opcode} at byte {} of the pickle)", self.0.offset),
        }
    }
}

impl std::error::Error for Fault {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_ref().map(|source| source as _)
    }
}
