//! What can be wrong with a pickle, and where.

use std::fmt;
use std::io;

/// Why a pickle could not be read: what was wrong, at which byte of the stream, in which opcode.
#[derive(Debug)]
pub(crate) struct Fault {
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
    pub(super) fn new(kind: FaultKind, message: impl Into<String>) -> Box<Self> {
        Box::new(Self { offset: 0, opcode: "", kind, message: message.into(), source: None })
    }

    pub(super) fn corrupt(message: impl Into<String>) -> Box<Self> {
        Self::new(FaultKind::Corrupt, message)
    }

    pub(super) fn limit(message: impl Into<String>) -> Box<Self> {
        Self::new(FaultKind::Limit, message)
    }

    pub(super) fn unsupported(message: impl Into<String>) -> Box<Self> {
        Self::new(FaultKind::Unsupported, message)
    }

    pub(super) fn io(source: io::Error, doing: &str) -> Box<Self> {
        let kind = match source.kind() {
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::UnexpectedEof => {
                FaultKind::Corrupt
            }
            io::ErrorKind::OutOfMemory => FaultKind::Limit,
            _ => FaultKind::Io,
        };
        let mut fault = Self::new(kind, format!("{doing}: {source}"));
        fault.source = Some(source);
        fault
    }

    /// This fault with its place, unless it has one already.
    pub(super) fn at(mut self: Box<Self>, offset: u64, opcode: &'static str) -> Box<Self> {
        if self.opcode.is_empty() {
            self.offset = offset;
            self.opcode = opcode;
        }
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.message)?;
        match self.opcode {
            "" => write!(f, " (near byte {} of the pickle)", self.offset),
            opcode => write!(f, " (opcode {opcode} at byte {} of the pickle)", self.offset),
        }
    }
}

impl std::error::Error for Fault {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|source| source as _)
    }
}
