//! Why the command ends with status 1.

use std::fmt;
use std::io;

/// A failure, as the user reads it.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A file could not be read or written.
    File(joblib_persist::Error),
    /// The output could not be written.
    Output(io::Error),
    /// Anything else.
    Other(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(error) => error.fmt(f),
            Self::Output(error) => write!(f, "writing the output: {error}"),
            Self::Other(message) => f.write_str(message),
        }
    }
}

impl From<joblib_persist::Error> for Failure {
    fn from(error: joblib_persist::Error) -> Self {
        Self::File(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}
