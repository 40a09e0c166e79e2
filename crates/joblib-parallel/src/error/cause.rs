//! [`Cause`]: the reason for a task's failure, in detail.

use std::fmt;
use std::time::Duration;

use nix::sys::signal::Signal;
use serde::{Deserialize, Serialize};

use super::BoxError;

/// The reason for a task's failure, in detail.
///
/// ```
/// use joblib_parallel::{Cause, Crash, Panic, Parallel, delayed};
///
/// fn fragile(n: i32) -> i32 {
///     match n {
///         1 => panic!("no ones"),
///         2 => std::process::exit(3),
///         n => n,
///     }
/// }
///
/// let parallel = Parallel::new().backend("loky").n_jobs(2).outcomes();
/// for outcome in parallel.run((0..3).map(|n| delayed(fragile, (n,))))? {
///     match outcome.as_ref().map_err(|error| error.cause()) {
///         Ok(n) => assert_eq!(*n, 0),
///         Err(Cause::Panic(Panic { message, .. })) => assert_eq!(message, "no ones"),
///         Err(Cause::Crash(Crash { exit_code, .. })) => assert_eq!(*exit_code, Some(3)),
///         Err(other) => panic!("{other}"),
///     }
/// }
/// # Ok::<(), joblib_parallel::Error>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum Cause {
    /// The function panicked.
    Panic(Panic),
    /// The function returned `Err`.
    Failed(BoxError),
    /// The worker process died while it ran the task.
    Crash(Crash),
    /// The task exceeded its time limit.
    Timeout {
        /// The limit that was passed.
        limit: Duration,
        /// On threads, which can't be stopped, the task still runs.
        still_running: bool,
    },
    /// The arguments could not be encoded for the worker, or decoded by it.
    EncodeArguments(String),
    /// The result could not be encoded by the worker, or decoded here.
    DecodeResult(String),
    /// The call ended before the task ran, or before it was finished.
    Stopped,
    /// The backend lost the task.
    Backend(String),
}

/// A panic of a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Panic {
    /// The panic's message, if it is text.
    pub message: String,
    /// `file:line:column` of the panic.
    pub location: Option<String>,
    /// The backtrace of the panic, if `RUST_BACKTRACE` is set: the task's part of it for `1`, the whole stack for `full`.
    pub backtrace: Option<String>,
}

/// How a worker process ended.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Crash {
    /// The signal that ended it, if one did.
    pub signal: Option<i32>,
    /// The code it exited with, if it did.
    pub exit_code: Option<i32>,
    /// The memory limit that it hit, in bytes.
    pub memory_limit: Option<u64>,
    /// The panic of the task, with its location, if the process died while the task panicked: because panics abort, or
    /// because of a second panic.
    pub panic: Option<String>,
    /// Any other information.
    pub note: Option<String>,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cause::Panic(panic) => panic.fmt(f),
            Cause::Failed(error) => write!(f, "returned an error: {error}"),
            Cause::Crash(crash) => crash.fmt(f),
            Cause::Timeout { limit, still_running: false } => {
                write!(f, "took longer than its time limit of {limit:?} and was killed")
            }
            Cause::Timeout { limit, still_running: true } => write!(
                f,
                "took longer than its time limit of {limit:?} and still runs: a thread can't be stopped from outside \
                 (backend \"loky\" kills such tasks)"
            ),
            Cause::EncodeArguments(reason) => {
                write!(f, "its arguments could not be sent to a worker: {reason}")
            }
            Cause::DecodeResult(reason) => {
                write!(f, "its result could not be sent back by its worker: {reason}")
            }
            Cause::Stopped => f.write_str("was stopped before it finished, because the call ended"),
            Cause::Backend(reason) => write!(f, "was lost by the backend: {reason}"),
        }
    }
}

impl fmt::Display for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.location {
            Some(location) => write!(f, "panicked at {location}: {}", self.message)?,
            None => write!(f, "panicked: {}", self.message)?,
        }
        match &self.backtrace {
            Some(backtrace) => write!(f, "\n{backtrace}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Crash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("its worker process died")?;
        match (self.signal, self.exit_code) {
            (Some(signal), _) => write!(f, " from {}", signal_name(signal))?,
            (None, Some(code)) => write!(f, " by exiting with code {code}")?,
            (None, None) => {}
        }
        if let Some(limit) = self.memory_limit {
            write!(f, ", having hit its memory limit of {limit} bytes")?;
        }
        if let Some(panic) = &self.panic {
            write!(f, ", after its task {panic}")?;
        }
        match &self.note {
            Some(note) => write!(f, " ({note})"),
            None => Ok(()),
        }
    }
}

/// A signal's name and number.
fn signal_name(signal: i32) -> String {
    match Signal::try_from(signal) {
        Ok(known) => format!("{known} (signal {signal})"),
        // Real-time signals have numbers only.
        Err(_) => format!("signal {signal}"),
    }
}
