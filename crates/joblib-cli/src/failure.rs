//! Why the command ends with a status other than 0.

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
    /// The command line is invalid.
    Usage(String),
    /// Ctrl-C was pressed; how far the work came.
    Interrupted(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(error) => error.fmt(f),
            Self::Output(error) => write!(f, "writing the output: {error}"),
            Self::Other(message) | Self::Usage(message) => f.write_str(message),
            Self::Interrupted(done) => write!(f, "interrupted: {done}"),
        }
    }
}

impl Failure {
    /// The exit status.
    pub(crate) fn status(&self) -> u8 {
        match self {
            Self::File(_) | Self::Output(_) | Self::Other(_) => 1,
            Self::Usage(_) => 2,
            Self::Interrupted(_) => 130,
        }
    }
}

impl From<joblib_store::Error> for Failure {
    fn from(error: joblib_store::Error) -> Self {
        Self::Other(error.to_string())
    }
}

impl From<joblib_memory::Error> for Failure {
    fn from(error: joblib_memory::Error) -> Self {
        Self::Other(error.to_string())
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
